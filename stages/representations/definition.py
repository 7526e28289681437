"""What determines a representation, before anything of it is built: its definition.

A definition is small, hashable and survives pickling; a job carries one, and its key
covers all of it. Weights are known by what is in their file, not by where it lies.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from stages.representations.representation import Representation


@dataclass(frozen=True)
class WeightsFile:
    """A safetensors file of weights; `sha256` is None until it is fetched."""

    path: Path = field(compare=False)
    sha256: str | None

    @property
    def content(self) -> str:
        """What tells the weights from others: the hash, or the name until then."""
        return self.sha256 or f"not fetched: {self.path.name}"

    def tensors(self) -> Mapping[str, Tensor]:
        """Return the tensors in the file."""
        return dict(load_file(self.path))

    def architecture(self) -> dict[str, Any]:
        """Return the arguments of the network, which stand in the file's metadata."""
        with safe_open(self.path, framework="pt") as opened:
            arguments: dict[str, Any] = json.loads(opened.metadata()["architecture"])
            return arguments


@dataclass(frozen=True)
class Definition(ABC):
    """A representation of images of `side` x `side` pixels."""

    # Whether it is a classical descriptor: the paper has a schedule for them.
    descriptor: ClassVar[bool] = False

    side: int

    @abstractmethod
    def build(self, *, trained: bool = True) -> Representation:
        """Return the representation; without `trained` no file of weights is opened.

        Layers, shapes and receptive fields do not depend on the weights.
        """

    def untrained(self) -> "Definition":
        """Return the definition without its file of weights: random ones."""
        weights: dict[str, Any] = {
            one.name: None for one in fields(self) if one.name == "weights"
        }
        return replace(self, **weights)

    def remarks(self) -> tuple[str, ...]:
        """Return what is to say of the user's own file of weights, if there is one.

        Raises ValueError if it cannot be loaded.
        """
        return ()

    def own_code(self) -> str | None:
        """Return the module of the user's own code, None where there is none."""
        return None

    def identity(self) -> dict[str, Any]:
        """Return all that tells this definition from others, for keys."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {"class": type(self).__name__} | {
            name: value.content if isinstance(value, WeightsFile) else value
            for name, value in values.items()
        }
