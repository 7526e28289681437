"""CaffeNet's weights as the paper inverted them, out of MatConvNet's file.

Mahendran & Vedaldi (arXiv:1412.0035) took Caffe's reference model, as MatConvNet's file
`imagenet-caffe-ref.mat` holds it. What is made of it here is the state that
`stages.representations.caffe_reference` builds the network from.
"""

from collections.abc import Iterator
from math import isclose

import torch
from torch import Tensor

from stages.representations.caffe_reference import AVERAGE, STEM
from stages.representations.caffenet import LAYERS, LRN_ALPHA, LRN_CHANNELS
from stages.weights.matconvnet import MatConvNet
from stages.weights.matconvnet_layers import (
    Convolution,
    Layer,
    Normalisation,
    Pooling,
)

# What CaffeNet's names begin with, and MatConvNet's types.
_KINDS = {"conv": "conv", "fc": "conv", "relu": "relu", "pool": "pool", "norm": "lrn"}

# Kernel, stride, padding and groups of the convolutions between conv1 and fc6, and the
# same of a pooling.
_FORMS = {
    "conv2": (5, 1, 2, 2),
    "conv3": (3, 1, 1, 1),
    "conv4": (3, 1, 1, 2),
    "conv5": (3, 1, 1, 2),
}
_POOLING = (3, 2, 0)
# Channels, kappa, alpha and beta: MatConvNet's alpha is Caffe's over the channels.
_NORMALISATION = (LRN_CHANNELS, 1.0, LRN_ALPHA / LRN_CHANNELS, 0.75)


def caffe_reference_state(file: MatConvNet) -> dict[str, Tensor]:
    """Return the state of CaffeNet with the weights and average image of the file.

    Layers go by their order: their names in the file are ignored, as are dropout, which
    does nothing once a network is trained, and the softmax after fc8. Raises
    ValueError, which names the layer, if one is another than CaffeNet's.
    """
    layers = _named(file.layers)
    _check_forms(layers, file.side)
    banks = {n: one for n, one in layers.items() if isinstance(one, Convolution)}
    stem = torch.tensor([banks["conv1"].stride, banks["conv1"].padding, file.side])
    return {**dict(_state(banks)), AVERAGE: file.average.clone(), STEM: stem}


def _named(layers: tuple[Layer, ...]) -> dict[str, Layer]:
    """Return CaffeNet's 20 layers by name, in order; a softmax at most may follow."""
    kept = [layer for layer in layers if layer.kind != "dropout"]
    if kept and kept[-1].kind in ("softmax", "softmaxloss"):
        kept.pop()
    for name, layer in zip(LAYERS, kept, strict=False):
        kind = _KINDS[name.rstrip("12345678")]
        if layer.kind != kind:
            raise ValueError(
                f"`layers` must be CaffeNet's; its {name} ({kind}) is wanted where "
                f"the file has {layer.name} ({layer.kind})."
            )
    if len(kept) != len(LAYERS):
        raise ValueError(
            f"`layers` must be CaffeNet's {len(LAYERS)}, {LAYERS[0]} to {LAYERS[-1]}; "
            f"the file has {len(kept)}."
        )
    return dict(zip(LAYERS, kept, strict=True))


def _check_forms(layers: dict[str, Layer], side: int) -> None:
    """Raise ValueError if a layer has other sizes or parameters than CaffeNet's.

    `side` is followed through the network, since fc6 covers all the cells there are.
    """
    for name, layer in layers.items():
        if isinstance(layer, Normalisation):
            _check_normalisation(name, layer)
        if isinstance(layer, Convolution | Pooling):
            form = _form(layer)
            _check_form(name, form, side)
            kernel, stride, padding = form[0], *form[2:4]
            side = (side + 2 * padding - kernel) // stride + 1


def _form(layer: Convolution | Pooling) -> tuple[int, ...]:
    """Return height and width of the kernel, stride, padding, groups."""
    if isinstance(layer, Pooling):
        return layer.kernel, layer.kernel, layer.stride, layer.padding, 1
    height, width = layer.weight.shape[2:]
    return height, width, layer.stride, layer.padding, layer.groups


def _check_form(name: str, form: tuple[int, ...], side: int) -> None:
    kernel, stride, padding = form[0], *form[2:4]
    # conv1's own sizes are free, as those of the project's smaller network.
    wanted: tuple[int, ...] = (kernel, stride, padding, 1)
    if name.startswith("pool"):
        wanted = (*_POOLING, 1)
    elif name.startswith("fc"):
        wanted = (side, 1, 0, 1)
    elif name in _FORMS:
        wanted = _FORMS[name]
    if form != (wanted[0], *wanted):
        raise ValueError(
            f"`{name}` must have {_words((wanted[0], *wanted))}, as CaffeNet's for a "
            f"map of {side} x {side}; got {_words(form)}."
        )
    if wanted[0] > side + 2 * padding:
        raise ValueError(
            f"`{name}` must fit its map; got {_words(form)} for {side} x {side} cells: "
            "the images are too small."
        )


def _words(form: tuple[int, ...]) -> str:
    height, width, stride, padding, groups = form
    return (
        f"a kernel of {height} x {width}, stride {stride}, padding {padding} and "
        f"{groups} group(s)"
    )


def _check_normalisation(name: str, layer: Normalisation) -> None:
    numbers = (layer.channels, layer.kappa, layer.alpha, layer.beta)
    # Caffe keeps its alpha of 1e-4 in single precision: 9.9999997e-5.
    near = (
        isclose(a, b, rel_tol=1e-6)
        for a, b in zip(numbers, _NORMALISATION, strict=True)
    )
    if not all(near):
        raise ValueError(
            f"`{name}` must have the channels, kappa, alpha and beta "
            f"{_NORMALISATION}, as CaffeNet's; got {numbers}."
        )


def _state(banks: dict[str, Convolution]) -> Iterator[tuple[str, Tensor]]:
    for name, bank in banks.items():
        yield f"stack.{name}.weight", bank.weight
        yield f"stack.{name}.bias", bank.bias
