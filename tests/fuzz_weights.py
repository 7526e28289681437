"""Damaged files of weights: refused with a reason, or read as tensors, and never run.

A kind of `tests.fuzz`. Such files hold no checksum of their numbers: a changed one is
noticed by the file's sha256 alone, where it is known. Here it is not.
"""

import io
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from stages.representations.own_weights import read_own
from stages.weights.arrays import read_arrays
from tests import fuzz
from tests.weights.packages import pickled

Draw = np.random.Generator
Outcome = dict[str, tuple[int, ...]]


@cache
def _state() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "fc.weight": (5, 4)}
    return {n: torch.randn(s, generator=generator) for n, s in shapes.items()}


@cache
def _saved() -> bytes:
    buffer = io.BytesIO()
    torch.save(_state(), buffer)
    return buffer.getvalue()


@cache
def _arrays() -> bytes:
    return pickled({n: one.numpy() for n, one in _state().items()})


def _read_file(suffix: str) -> Callable[[bytes], Outcome]:
    def read(data: bytes) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"weights{suffix}"
            path.write_bytes(data)
            return {n: tuple(t.shape) for n, t in read_own(path).tensors.items()}

    return read


def _read_pickle(data: bytes) -> Outcome:
    return {n: one.shape for n, one in read_arrays(data).items()}


FORMATS: dict[str, tuple[Callable[[], bytes], Callable[[bytes], Outcome]]] = {
    "safetensors": (lambda: save(_state()), _read_file(".safetensors")),
    "torch": (_saved, _read_file(".pth")),
    "pickled arrays": (_arrays, _read_pickle),
}


def weights(draw: Draw, kind: str | None = None) -> str:
    """Damage one file and read it; return what came of it."""
    kind = kind or list(FORMATS)[draw.integers(len(FORMATS))]
    made, read = FORMATS[kind]
    damage = fuzz.DAMAGES[draw.integers(len(fuzz.DAMAGES))]
    try:
        shapes = read(damage(made(), draw))
    except ValueError as told:
        return f"{kind}: refused" + (" at length" if len(f"{told}") > 2000 else "")
    wanted = {name: tuple(one.shape) for name, one in _state().items()}
    return f"{kind}: {'tensors of' if shapes == wanted else 'other'} those shapes"
