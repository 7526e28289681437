"""CaffeNet with the weights that the paper inverted, out of MatConvNet's file.

Mahendran & Vedaldi (arXiv:1412.0035) took Caffe's reference model, as MatConvNet's file
`imagenet-caffe-ref.mat` holds it, and subtracted its average image pixel by pixel
(`helpers/cnn_normalize.m` of `aravindhm/deep-goggle`).
"""

from collections.abc import Iterator
from math import isclose

from torch import Tensor

from stages.representations.caffenet import (
    LAYERS,
    LRN_ALPHA,
    LRN_CHANNELS,
    CaffeNet,
)
from stages.representations.matconvnet import MatConvNet
from stages.representations.matconvnet_layers import (
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


def from_matconvnet(file: MatConvNet) -> CaffeNet:
    """Return CaffeNet with the weights, widths, side and average image of the file.

    The image is subtracted inside, pixel by pixel; `mean` is its mean colour. Layers go
    by their order: their names in the file are ignored, as are dropout, which does
    nothing once a network is trained, and the softmax after fc8. Raises ValueError,
    which names the layer, if one is another than CaffeNet's.
    """
    layers = _named(file.layers)
    _check_forms(layers, file.side)
    banks = {n: one for n, one in layers.items() if isinstance(one, Convolution)}
    widths = [len(bank.bias) for bank in banks.values()]
    stem = banks["conv1"]
    network = CaffeNet(
        widths[:5],
        widths[5:7],
        widths[7],
        file.side,
        (stem.weight.shape[2], stem.stride, stem.padding),
        file.average.double().mean(dim=(1, 2)).tolist(),
    )
    network.load_state_dict(dict(_state(banks)))
    network.register_buffer("centre", file.average.clone(), persistent=False)
    return network


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
    found = (layer.channels, layer.kappa, layer.alpha, layer.beta)
    # Caffe keeps its alpha of 1e-4 in single precision: 9.9999997e-5.
    near = (
        isclose(a, b, rel_tol=1e-6) for a, b in zip(found, _NORMALISATION, strict=True)
    )
    if not all(near):
        raise ValueError(
            f"`{name}` must have the channels, kappa, alpha and beta "
            f"{_NORMALISATION}, as CaffeNet's; got {found}."
        )


def _state(banks: dict[str, Convolution]) -> Iterator[tuple[str, Tensor]]:
    for name, bank in banks.items():
        yield f"stack.{name}.weight", bank.weight
        yield f"stack.{name}.bias", bank.bias
