"""Target codes as the stages need them: stored by `extract`, or computed again.

Here alone is decided which. `execution.targets: recompute` stores none, for studies
whose codes would fill the disk: the code of a picture is computed when a batch needs
it, each picture alone, so that it does not depend on its company.
"""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from stages.execution.apart import codes_apart
from stages.execution.coding import single_code
from stages.images import Image, image_as_seen
from stages.plan.representations import code_shape, outline
from stages.representations.definition import Definition
from stages.store import codes, files, paths, tables
from stages.store.codes import StoredCodes
from stages.store.damage import absent, damaged

# Pictures kept at hand, our choice: enough for a batch whose seeds come in any order.
_AT_HAND = 64


@runtime_checkable
class Targets(Protocol):
    """The codes of a layer: of some pictures, or of all, read as they are used."""

    @property
    def image_ids(self) -> list[str]:
        """The pictures that have a code, in order."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one code."""

    def all(self) -> Tensor:
        """Return the codes of all pictures, read from the disk as they are used."""

    def of(self, image_ids: Iterable[str]) -> Tensor:
        """Return the codes of these pictures, `n k r s`."""


@runtime_checkable
class Door(Protocol):
    """Where a batch has its target codes from, and the device that it runs on."""

    @property
    def device(self) -> torch.device: ...

    def read(self, name: str, defined: Definition, layer: str) -> Targets:
        """Return the codes of a layer of the representation of this name."""


class Originals:
    """The study's pictures by identity, read from the file as they are asked for.

    Asked for in the file's order, as the jobs of a cell do, they are read in one pass.
    """

    def __init__(self, place: Path = paths.IMAGES) -> None:
        self._place = place
        known = list(tables.rows(place, ["image_id", "name"]))
        ids = [row["image_id"] for row in known]
        self.names = {row["image_id"]: row["name"] for row in known}
        self.places = {image_id: place for place, image_id in enumerate(ids)}
        self.image = lru_cache(_AT_HAND)(self._image)
        self._rows: Iterator[tables.Row] = iter(())
        self._next = len(ids)

    def _image(self, image_id: str, side: int, channels: int) -> Image:
        """Return the picture as a representation of such images sees it."""
        place = self.places[image_id]
        if place < self._next:
            self._rows, self._next = tables.rows(self._place, ["image"]), 0
        row = next(islice(self._rows, place - self._next, None))
        self._next = place + 1
        return image_as_seen(row["image"]["bytes"], side, channels)


class Recomputed:
    """The codes of a layer, computed whenever they are asked for.

    `apart` computes them in another process, which a network of the user's may end: a
    picture's code is NaN then.
    """

    def __init__(
        self,
        defined: Definition,
        layer: str,
        device: torch.device,
        pictures: Path = paths.IMAGES,
        *,
        apart: bool = False,
    ) -> None:
        self._defined, self._layer, self._device = defined, layer, device
        self._there = codes_apart(defined, device) if apart else None
        self._originals = Originals(pictures)
        self.image_ids = list(self._originals.places)
        self.shape: tuple[int, ...] = code_shape(defined, layer)

    def of(self, image_ids: Iterable[str]) -> Tensor:
        """Return the codes of these pictures, `n k r s`, each computed alone."""
        return torch.cat([self._code(image_id) for image_id in image_ids])

    def all(self) -> Tensor:
        """Return the codes of all pictures, in a file that is gone once it is closed.

        It lies in the store's folder, not in memory, for as long as the codes are used.
        """
        paths.work().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=paths.work()) as folder:
            place = Path(folder) / "codes.safetensors"
            computed = (self._code(image_id) for image_id in self.image_ids)
            with place.open("wb") as file:
                codes.write(file, self.image_ids, self.shape, computed)
            return StoredCodes(place).all()

    def _code(self, image_id: str) -> Tensor:
        channels = outline(self._defined).image_channels
        image = self._originals.image(image_id, self._defined.side, channels)
        if self._there is not None:
            return self._there.codes(self._layer, image[None])
        return single_code(self._defined, self._layer, image, self._device)


@dataclass(frozen=True)
class TargetCodes:
    """The door to all target codes of a study.

    `kept` is what `execution.targets` says, `store` or `recompute`. `apart` is where
    the stage itself reads: what is computed again of a network of the user's own is in
    another process. A process of a network's own reads without it.
    """

    kept: str
    device: torch.device
    apart: bool = False

    def read(self, name: str, defined: Definition, layer: str) -> Targets:
        """Return the codes of a layer of the representation of this name."""
        return _opened(self, name, defined, layer)


def rankings() -> dict[str, dict[str, list[float]]]:
    """Return how chromatic channels are, by representation and layer, if extracted."""
    if not paths.CHROMATICITY.is_file():
        return {}
    known: dict[str, dict[str, list[float]]] = files.read_json(paths.CHROMATICITY)
    return known


@cache
def _opened(door: TargetCodes, name: str, defined: Definition, layer: str) -> Targets:
    if door.kept == "recompute":
        apart = door.apart and defined.own_code() is not None
        return Recomputed(defined, layer, door.device, apart=apart)
    return stored_codes(name, layer)


def stored_codes(name: str, layer: str) -> StoredCodes:
    """Return the stored codes; raises Refusal if they are missing or damaged."""
    place = paths.codes(name, layer)
    try:
        return StoredCodes(place, damaged)
    except FileNotFoundError:
        raise absent(place) from None
