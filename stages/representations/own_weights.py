"""The user's own files of weights, as they are commonly saved, fitted to a network.

Training scripts save more than tensors, under keys of their own, from wrapped modules
or in half precision. What can be told without doubt is put right, and said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# Keys under which training scripts keep a state beside other things.
_NESTS = ("state_dict", "model_state_dict", "model")
# What data-parallel and compiled modules put before their names.
_PREFIXES = ("module.", "_orig_mod.")


@dataclass(frozen=True)
class OwnWeights:
    """Named tensors, and in words what was done to get at them."""

    tensors: Mapping[str, Tensor]
    said: tuple[str, ...] = ()


def read_own(path: Path) -> OwnWeights:
    """Return the named tensors in a file of safetensors or torch's, taken out of nests.

    Raises ValueError if it is not there or cannot be read, holds pickled objects or
    anything but named tensors, or has weights that are NaN.
    """
    state, said = _loaded(path), list[str]()
    while isinstance(state, Mapping) and (nest := _nest(state)) is not None:
        state = state[nest]
        said.append(f"taken from under `{nest}`")
    if not isinstance(state, Mapping):
        kind = type(state).__name__
        raise ValueError(f"`weights` {path} must hold named tensors, got a {kind}")
    for name, value in state.items():
        if not isinstance(value, Tensor) or not isinstance(name, str):
            kind = type(value).__name__
            raise ValueError(
                f"`weights` {path} must hold named tensors; {name!r} is a {kind}"
            )
    odd = [name for name, value in state.items() if bool(value.isnan().any())]
    if odd:
        raise ValueError(f"`weights` {path} must be numbers; NaN is in {_few(odd)}")
    return OwnWeights(dict(state), tuple(said))


def fitted(weights: OwnWeights, network: nn.Module) -> OwnWeights:
    """Return the weights as the network's `load_state_dict` wants them, all of them.

    Prefixes of wrapped modules go, tied weights that were left out come back, and half
    precision becomes the network's own. Raises ValueError that names what is missing,
    too many or of another shape.
    """
    wanted = network.state_dict(keep_vars=True)
    tensors, said = dict(weights.tensors), list(weights.said)
    while (prefix := _prefix(tensors, wanted)) is not None:
        tensors = {n.removeprefix(prefix): one for n, one in tensors.items()}
        said.append(f"without `{prefix}` before the names")
    tied = _tied(tensors, wanted)
    if tied:
        tensors |= {name: tensors[source] for name, source in tied.items()}
        said.append(f"with tied weights: {_few(tied)}")
    for name in wanted.keys() - tensors.keys():
        # Batch norm counts its batches since torch 0.4.1; nothing depends on it.
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.tensor(0)
    _check_names(tensors, wanted)
    if any(_is_half(one) and not _is_half(wanted[n]) for n, one in tensors.items()):
        said.append("half precision made single")
    cast = {name: one.to(wanted[name].dtype) for name, one in tensors.items()}
    return OwnWeights(cast, tuple(said))


def _loaded(path: Path) -> Any:
    if not path.is_file():
        raise ValueError(f"`weights` {path} is not there")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    # Whatever the bytes make of the readers: a dozen kinds of errors are known.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        if "Unsupported" in f"{error}":
            reason = "it holds pickled objects: save the module's `state_dict()` alone"
        raise ValueError(f"`weights` {path} cannot be read: {reason}") from error


def _nest(state: Mapping[Any, Any]) -> str | None:
    """Return the key under which the state lies, None where it is the state."""
    return next((k for k in _NESTS if isinstance(state.get(k), Mapping)), None)


def _prefix(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str | None:
    """Return what stands before all names, where the network's have it not."""
    for prefix in _PREFIXES:
        own = any(name.startswith(prefix) for name in wanted)
        if state and not own and all(name.startswith(prefix) for name in state):
            return prefix
    return None


def _tied(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, str]:
    """Return the missing names whose tensor the network has under another name, too."""
    known = {id(one): name for name, one in wanted.items() if name in state}
    missing = {name: one for name, one in wanted.items() if name not in state}
    return {n: known[id(one)] for n, one in missing.items() if id(one) in known}


def _check_names(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    common = state.keys() & wanted.keys()
    wrong = {
        "missing": [name for name in wanted if name not in state],
        "too many": [name for name in state if name not in wanted],
        "of another shape": [
            name
            for name in wanted
            if name in common and state[name].shape != wanted[name].shape
        ],
    }
    told = [f"{what} are {_few(names)}" for what, names in wrong.items() if names]
    if told:
        raise ValueError(f"`weights` must be the network's: {'; '.join(told)}")


def _few(names: Mapping[str, Any] | list[str]) -> str:
    """Return the first names, and how many more there are."""
    first, n_more = list(names)[:3], len(names) - 3
    return ", ".join(first) + (f" and {n_more} more" if n_more > 0 else "")


def _is_half(tensor: Tensor) -> bool:
    return tensor.dtype in (torch.float16, torch.bfloat16)
