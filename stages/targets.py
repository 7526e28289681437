"""Target codes as the stages need them: stored by `extract`, or computed again.

`execution.targets: recompute` stores none, for studies whose codes would fill the disk:
the code of a picture is computed when a batch needs it, each picture alone, so that it
does not depend on its company.
"""

import tempfile
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from stages import codes, images, store
from stages.built import cut, representation
from stages.images import Image
from stages.kinds import RepresentationSettings

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


class Originals:
    """The study's pictures by identity, read from the file as they are asked for.

    Asked for in the file's order, as the jobs of a cell do, they are read in one pass.
    """

    def __init__(self) -> None:
        ids = [row["image_id"] for row in store.rows(store.IMAGES, ["image_id"])]
        self.places = {image_id: place for place, image_id in enumerate(ids)}
        self.image = lru_cache(_AT_HAND)(self._image)
        self._rows: Iterator[dict[str, Any]] = iter(())
        self._next = len(ids)

    def _image(self, image_id: str, side: int, channels: int) -> Image:
        """Return the picture as a representation of such images sees it."""
        place = self.places[image_id]
        if place < self._next:
            self._rows, self._next = store.rows(store.IMAGES, ["image"]), 0
        row = next(islice(self._rows, place - self._next, None))
        self._next = place + 1
        return images.image_as_seen(row["image"]["bytes"], side, channels)


class Recomputed:
    """The codes of a layer, computed whenever they are asked for."""

    def __init__(
        self, settings: RepresentationSettings, layer: str, device: torch.device
    ) -> None:
        self._settings, self._device = settings, device
        self._phi = cut(settings, layer, device)
        self._originals = Originals()
        self.image_ids = list(self._originals.places)
        self.shape: tuple[int, ...] = representation(settings).code_shape(
            layer, settings.side
        )

    def of(self, image_ids: Iterable[str]) -> Tensor:
        """Return the codes of these pictures, `n k r s`, each computed alone."""
        return torch.cat([self._code(image_id) for image_id in image_ids])

    def all(self) -> Tensor:
        """Return the codes of all pictures, in a file that is gone once it is closed.

        It lies in the store's folder, not in memory, for as long as the codes are used.
        """
        store.work().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store.work()) as folder:
            place = Path(folder) / "codes.safetensors"
            found = (self._code(image_id) for image_id in self.image_ids)
            codes.write(place, self.image_ids, self.shape, found)
            return codes.Codes(place).all()

    def _code(self, image_id: str) -> Tensor:
        side, channels = self._settings.side, self._phi.image_channels
        image = self._originals.image(image_id, side, channels)
        with torch.no_grad():
            code: Tensor = self._phi(image[None].to(self._device)).cpu()
        return code


@cache
def targets(
    name: str,
    layer: str,
    settings: RepresentationSettings,
    kept: str,
    device: torch.device,
) -> Targets:
    """Return the codes of a layer, opened once.

    `name` is the representation's, `kept` what `execution.targets` says.
    """
    if kept == "recompute":
        return Recomputed(settings, layer, device)
    return codes.Codes(codes.path(name, layer))
