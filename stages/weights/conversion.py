"""Published files of weights as tensors, named as their network names them.

A file is opened as nothing but tensors or arrays, and must hold exactly the weights of
its network. What is kept of it is the same whichever source it came from.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from stages.representations import zoo
from stages.weights.arrays import read_arrays
from stages.weights.caffe_reference import caffe_reference_state
from stages.weights.description import (
    CaffeReference,
    FlaxConvolutions,
    Form,
    Tensors,
    Torchvision,
)
from stages.weights.matconvnet import read

Content = Path | bytes


def converted(content: Content, form: Form) -> dict[str, Tensor]:
    """Return the tensors to keep of a verified file, given its path or its bytes.

    Raises ValueError if it holds other than the weights that its form says.
    """
    match form:
        case Torchvision():
            found = _of_torchvision(content, form)
        case FlaxConvolutions():
            found = _of_flax(content, form)
        case Tensors():
            found = _state(content)
        case CaffeReference():
            found = _of_caffe(content, form)
    return {name: one.detach().clone().contiguous() for name, one in found.items()}


def _state(content: Content) -> Mapping[str, Tensor]:
    """Return the named tensors in a file of torch's."""
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        if isinstance(content, Path) and content.suffix == ".safetensors":
            plain: Mapping[str, Tensor] = load_file(content)
            return plain
        state = torch.load(file, map_location="cpu", weights_only=True)
    # Whatever the bytes make of torch.load: a dozen kinds of errors are known.
    except Exception as error:
        reason = f"{type(error).__name__}, {error}".partition("\n")[0].rstrip(", .")
        raise ValueError(reason) from error
    if not isinstance(state, Mapping):
        raise ValueError(f"it holds a {type(state).__name__}")
    odd = [name for name, one in state.items() if not isinstance(one, Tensor)]
    if odd:
        raise ValueError(f"it differs in {', '.join(map(str, odd[:3]))}")
    return state


def _of_torchvision(content: Content, form: Torchvision) -> Mapping[str, Tensor]:
    """Return the part of the state that is kept, names and types as of today."""
    wanted = _model(form).state_dict()
    state = dict(zoo.renamed(form.model, _state(content)))
    for name in wanted.keys() - state.keys():
        # Batch norm counts its batches since torch 0.4.1; nothing depends on it.
        if name.endswith(".num_batches_tracked"):
            state[name] = torch.tensor(0)
    _check_shapes(state, wanted)
    return {
        name: state[name].to(one.dtype)
        for name, one in wanted.items()
        if name.startswith(form.part)
    }


def _of_flax(content: Content, form: FlaxConvolutions) -> Mapping[str, Tensor]:
    """Return the convolutions as those of the model's `features`."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    arrays = read_arrays(data)
    features = _model(Torchvision(form.model)).get_submodule("features")
    layers = [n for n, one in features.named_modules() if isinstance(one, nn.Conv2d)]
    state = {}
    for number, layer in enumerate(layers):
        for key, name in (("kernel", "weight"), ("bias", "bias")):
            array = arrays.get(f"{form.scope}/Conv_{number}/{key}")
            if array is None:
                raise ValueError(f"it has no {form.scope}/Conv_{number}/{key}")
            # Rows, columns, in, out -> out, in, rows, columns.
            turned = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
            state[f"features.{layer}.{name}"] = torch.from_numpy(turned.copy())
    wanted = {f"features.{n}": one for n, one in features.state_dict().items()}
    _check_shapes(state, wanted)
    return state


def _of_caffe(content: Content, form: CaffeReference) -> Mapping[str, Tensor]:
    network = read(content)
    if network.side != form.side:
        raise ValueError(f"its images have {network.side} pixels a side")
    return caffe_reference_state(network)


def _model(form: Torchvision) -> nn.Module:
    """Return torchvision's model without weights: its names, shapes and types."""
    with torch.device("meta"):
        return zoo.untrained(form.model, form.classes, form.side)


def _check_shapes(state: Mapping[Any, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raise ValueError with the first names at which the weights differ."""
    names = [*wanted, *(name for name in state if name not in wanted)]
    wrong = [
        f"{name}"
        for name in names
        if name not in state
        or name not in wanted
        or state[name].shape != wanted[name].shape
        or state[name].is_floating_point() != wanted[name].is_floating_point()
    ]
    if wrong:
        raise ValueError(f"it differs in {', '.join(wrong[:3])}")
