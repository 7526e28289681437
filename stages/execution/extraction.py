"""The codes of every picture, from one pass for all layers of a representation."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from stages.execution.coding import (
    PICTURES_A_BATCH,
    codes_of_layers,
    images_as_seen,
)
from stages.images import Images
from stages.plan.representations import code_shape
from stages.representations.definition import Definition
from stages.representations.representation import Take
from stages.store import paths, tables
from stages.store.codes import StoredCodes
from stages.store.codes_writer import writing
from stages.store.pictures import stored_pictures

Advance = Callable[[float], None]


@dataclass(frozen=True)
class Maker:
    """Makes the codes of a representation, by its name in the params, on a device.

    `kept` is what `execution.targets` says: with `recompute` the codes of each picture
    are computed by itself, and are gone once they have been looked at. `passes` makes
    the codes elsewhere, of as many pictures at once.
    """

    name: str
    defined: Definition
    kept: str
    device: torch.device
    passes: "Passes | None" = None

    def made(
        self, layers: Sequence[str], advance: Advance
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield each layer with the codes of all pictures, read as they are used.

        `advance` is told of codes. Codes that are kept lie in their files then.
        """
        if self.kept == "recompute":
            yield from self._made_for_now(layers, advance)
            return
        places = {layer: paths.codes(self.name, layer) for layer in layers}
        self._write(places, PICTURES_A_BATCH, advance)
        for layer, place in places.items():
            yield layer, StoredCodes(place).all()

    def _made_for_now(
        self, layers: Sequence[str], advance: Advance
    ) -> Iterator[tuple[str, Tensor]]:
        paths.work().mkdir(parents=True, exist_ok=True)
        for group in together(self._sizes(layers)):
            with tempfile.TemporaryDirectory(dir=paths.work()) as folder:
                names = [f"{i}.safetensors" for i in range(len(group))]
                files = map(Path(folder).joinpath, names)
                places = dict(zip(group, files, strict=True))
                self._write(places, 1, advance)
                for layer, place in places.items():
                    yield layer, StoredCodes(place).all()

    def _sizes(self, layers: Sequence[str]) -> dict[str, int]:
        shapes = {layer: code_shape(self.defined, layer) for layer in layers}
        return {layer: torch.Size(shape).numel() for layer, shape in shapes.items()}

    def _write(self, places: dict[str, Path], n_images: int, advance: Advance) -> None:
        ids = [row["image_id"] for row in tables.rows(paths.IMAGES, ["image_id"])]
        with ExitStack() as files:
            writers = {
                layer: files.enter_context(
                    writing(place, ids, code_shape(self.defined, layer))
                )
                for layer, place in places.items()
            }

            def take(layer: str, codes: Tensor) -> None:
                writers[layer].add(codes)
                advance(len(codes))

            if self.passes is not None:
                self.passes(self, list(places), n_images, take)
                return
            for images in images_as_seen(self.defined, stored_pictures(), n_images):
                self.codes(list(places), images, take)

    def codes(self, layers: Sequence[str], images: Images, take: Take) -> None:
        """Hand over the layers' codes of the images, all from one pass."""
        codes_of_layers(self.defined, layers, images, take, self.device)


# Hands over the codes of all pictures, so many at a time and in order, layer by layer.
Passes = Callable[[Maker, Sequence[str], int, Take], None]


def pictures_at(place: Path, wanted: range) -> Iterator[bytes]:
    """Yield the pictures at these places of a table of pictures, as PNG."""
    return (row["image"]["bytes"] for row in tables.rows_at(place, wanted, ["image"]))


def together(sizes: dict[str, int]) -> list[list[str]]:
    """Return the layers in groups, in order, none larger than the largest layer.

    So the codes of a group take no more room for a while than those of one layer do.
    """
    groups, most, filled = list[list[str]](), max(sizes.values(), default=0), 0
    for layer, size in sizes.items():
        if not groups or filled + size > most:
            groups.append([])
            filled = 0
        groups[-1].append(layer)
        filled += size
    return groups
