"""Target codes in the shared place: a worker reads those of its pictures alone."""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from stages.execution.cluster.inputs import Inputs, published
from stages.execution.targets import Recomputed, Targets
from stages.process.stage import Refusal
from stages.representations.definition import Definition
from stages.store import paths
from stages.store.objects import Objects
from stages.store.tensor_digest import tensors_digest


def published_codes(objects: Objects, representation: str, layer: str) -> str:
    """Publish the stored codes of a layer and return their name.

    The head of the file, which has a checksum of every code, names it: the codes
    themselves are not read for that.
    """
    path = paths.codes(representation, layer)
    with path.open("rb") as file:
        (n_bytes,) = struct.unpack("<Q", file.read(8))
        digest = tensors_digest(file.read(n_bytes).decode(), {})
    return published(objects, path, digest)


class SharedCodes:
    """The codes of a layer in a shared place, read picture by picture and checked."""

    def __init__(self, objects: Objects, name: str) -> None:
        self._objects, self._name = objects, name
        (n_bytes,) = struct.unpack("<Q", objects.get(name, 0, 8))
        head = json.loads(objects.get(name, 8, 8 + n_bytes))
        told = head["__metadata__"]
        self.image_ids: list[str] = json.loads(told["image_ids"])
        self.shape: tuple[int, ...] = tuple(head["codes"]["shape"][1:])
        self._digests: list[str] = json.loads(told["sha256"])
        self._rows = {image_id: row for row, image_id in enumerate(self.image_ids)}
        self._begin = 8 + n_bytes
        self._each = 4 * torch.Size(self.shape).numel()

    def of(self, image_ids: Iterable[str]) -> Tensor:
        """Return the codes of these pictures, `n k r s`."""
        wanted = list(image_ids)
        rows = sorted({self._rows[one] for one in wanted})
        starts = [self._begin + row * self._each for row in rows]
        read = self._objects.ranges(
            self._name, [(start, start + self._each) for start in starts]
        )
        codes = dict(zip(rows, map(self._code, rows, read), strict=True))
        return torch.stack([codes[self._rows[one]] for one in wanted])

    def all(self) -> Tensor:
        """Return the codes of all pictures."""
        return self.of(self.image_ids)

    def _code(self, row: int, data: bytes) -> Tensor:
        flat = torch.frombuffer(bytearray(data), dtype=torch.float32)
        code = flat.reshape(self.shape)
        if tensors_digest(self.image_ids[row], {"code": code}) != self._digests[row]:
            raise Refusal(
                f"{self._name} in {self._objects.url} is damaged: the code of picture "
                f"{self.image_ids[row]} differs; remove it, and run this again"
            )
        return code


@dataclass(frozen=True)
class SharedDoor:
    """The door to target codes on a worker: to those of one layer.

    `name` is that of the published codes; with `recompute` that of the pictures.
    """

    inputs: Inputs
    name: str
    recompute: bool
    device: torch.device

    def read(self, name: str, defined: Definition, layer: str) -> Targets:
        """Return the codes of the layer."""
        if self.recompute:
            pictures = self.inputs.file(self.name)
            return _recomputed(defined, layer, self.device, pictures)
        return _opened(self.inputs.objects.url, self.name)


@lru_cache(8)
def _opened(url: str, name: str) -> SharedCodes:
    return SharedCodes(Objects(url), name)


@lru_cache(8)
def _recomputed(
    defined: Definition, layer: str, device: torch.device, pictures: Path
) -> Recomputed:
    return Recomputed(defined, layer, device, pictures)
