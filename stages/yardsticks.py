"""What pre-images are held to: the original, its target code, other pictures' codes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import torch

from stages import codes, images, store
from stages.images import Codes, Image, Images
from stages.metrics.code import (
    Mask,
    PairwiseStatistics,
    code_distance,
    code_norm,
    pairwise_statistics,
)
from stages.metrics.measures import Measures, code_measures, pixel_measures
from stages.representations.representation import Representation
from stages.representations.selection import Selection, mask

# Originals kept at hand, our choice: enough for a batch whose seeds come in any order.
_ORIGINALS_AT_HAND = 64


class Chosen(NamedTuple):
    """One selection of one code: names as the user gave them, and resolved numbers."""

    representation: str
    layer: str
    channels: str
    region: str
    indices: tuple[int, ...] | None
    window: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class View:
    """A representation, and the side in pixels of the images that it sees."""

    representation: Representation
    size: int


class Originals:
    """The study's pictures by identity, read from the file as they are asked for.

    Asked for in the file's order, as the jobs of a cell do, they are read in one pass.
    """

    def __init__(self) -> None:
        ids = [row["image_id"] for row in store.rows(store.IMAGES, ["image_id"])]
        self.places = {image_id: place for place, image_id in enumerate(ids)}
        self.image = lru_cache(_ORIGINALS_AT_HAND)(self._image)
        self._rows: Iterator[dict[str, Any]] = iter(())
        self._next = len(ids)

    def _image(self, image_id: str, view: View) -> Image:
        """Return the picture as the representation sees it."""
        place = self.places[image_id]
        if place < self._next:
            self._rows, self._next = store.rows(store.IMAGES, ["image"]), 0
        row = next(islice(self._rows, place - self._next, None))
        self._next = place + 1
        picture = images.picture_from_png(row["image"]["bytes"])
        square = images.square(picture, view.size)
        return images.image_from_picture(square, view.representation.image_channels)


@dataclass(frozen=True)
class Yardstick:
    """All that the pre-images of one selection of one code are held to."""

    view: View
    phi: Callable[[Images], Codes]
    targets: codes.Codes
    mask: Mask
    pairs: PairwiseStatistics
    originals: Originals
    device: torch.device

    def original(self, image_id: str) -> Image:
        """Return the picture as the representation sees it."""
        return self.originals.image(image_id, self.view)

    def measures(
        self,
        image_ids: Sequence[str],
        pictures: Images,
        distances: Sequence[float | None],
    ) -> list[Measures]:
        """Return the metrics of stored pictures of these originals.

        `distances` are those of the codes before the pictures were rounded to 8 bits.
        """
        targets = self.targets.of(image_ids)
        with torch.no_grad():
            found = self.phi(pictures.to(self.device)).cpu()
        stored = code_distance(found, targets, self.mask).tolist()
        norms = code_norm(targets, self.mask).tolist()
        originals = torch.stack([self.original(image_id) for image_id in image_ids])
        columns = zip(
            code_measures("float", distances, norms, self.pairs),
            code_measures("8bit", stored, norms, self.pairs),
            pixel_measures(pictures, originals),
            strict=True,
        )
        return [computed | rounded | pixels for computed, rounded, pixels in columns]


def yardstick(
    chosen: Chosen, view: View, originals: Originals, device: torch.device
) -> Yardstick:
    """Return the yardstick of a selection; reads the targets of all pictures for N."""
    targets = codes.Codes(codes.path(chosen.representation, chosen.layer))
    k, r, s = targets.shape
    selected = mask(Selection(chosen.indices, chosen.window), (k, r, s)).bool()
    return Yardstick(
        view=view,
        phi=view.representation.cut(chosen.layer).to(device),
        targets=targets,
        mask=selected,
        pairs=pairwise_statistics(targets.all(), selected),
        originals=originals,
        device=device,
    )
