"""What pre-images are held to: the original, its target code, other pictures' codes."""

import math
from collections import ChainMap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from stages.execution.targets import Originals, Targets
from stages.images import Codes, Image, Images
from stages.metrics.code import (
    Mask,
    PairwiseStatistics,
    code_distance,
    code_norm,
    pairwise_statistics,
)
from stages.metrics.energy import field_energy
from stages.metrics.measures import Measures, code_measures, defined, pixel_measures
from stages.perception import Perception
from stages.preimage.start import noise
from stages.representations.receptive_field import Window
from stages.representations.representation import Representation
from stages.representations.selection import Selection, mask

# Other pictures whose codes a pre-image is held to, our choice: evenly spaced ones.
_MOST_OTHERS = 16


class Chosen(NamedTuple):
    """One selection of one code: names as the user gave them, and resolved numbers."""

    representation: str
    layer: str
    channels: str
    region: str
    indices: tuple[int, ...] | None
    window: tuple[int, int, int, int] | None
    tokens: tuple[int, ...] | None


@dataclass(frozen=True)
class View:
    """A representation on its device, the side of its images in pixels, its targets.

    `targets` gives those of a layer.
    """

    representation: Representation
    size: int
    targets: Callable[[str], Targets]


@dataclass(frozen=True)
class Yardstick:
    """All that the pre-images of one selection of one code are held to."""

    view: View
    phi: Callable[[Images], Codes]
    targets: Targets
    mask: Mask
    pairs: PairwiseStatistics
    field: Window
    originals: Originals
    perception: Perception
    device: torch.device

    def original(self, image_id: str) -> Image:
        """Return the picture as the representation sees it."""
        channels = self.view.representation.image_channels
        return self.originals.image(image_id, self.view.size, channels)

    def measures(
        self,
        image_ids: Sequence[str],
        pictures: Images,
        distances: Sequence[float | None],
        seeds: Sequence[int | None],
    ) -> list[Measures]:
        """Return the metrics of stored pictures of these originals.

        `distances` are those of the codes before the pictures were rounded to 8 bits,
        `seeds` those of the starts; None for a baseline, which has no start.
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
            self._mismatched(image_ids, found),
            pixel_measures(pictures, originals),
            self._energies(image_ids, pictures, seeds),
            self.perception.measures(pictures, originals, self._others(image_ids)),
            strict=True,
        )
        return [dict(ChainMap(*parts)) for parts in columns]

    def _mismatched(self, image_ids: Sequence[str], found: Codes) -> list[Measures]:
        """Return how near the codes come to that of another picture: the null."""
        known = self.targets.image_ids
        step = max(1, len(known) // _MOST_OTHERS)
        nearest = torch.full((len(found),), torch.inf, dtype=torch.float64)
        for other in known[::step]:
            target = self.targets.of([other] * len(found))
            distance = code_distance(found, target, self.mask)
            ratio = distance / code_norm(target, self.mask)
            itself = torch.tensor([image_id == other for image_id in image_ids])
            nearest = torch.where(itself, nearest, torch.fmin(nearest, ratio))
        return [
            {"mismatched_error_8bit": value if math.isfinite(value) else None}
            for value in nearest.tolist()
        ]

    def _energies(
        self,
        image_ids: Sequence[str],
        pictures: Images,
        seeds: Sequence[int | None],
    ) -> list[Measures]:
        """Return the energy inside and outside the receptive field."""
        mean = torch.tensor(self.view.representation.mean)[:, None, None]
        found: list[Measures] = []
        for image_id, picture, seed in zip(image_ids, pictures, seeds, strict=True):
            energies: list[float | None] = [None, None]
            if seed is not None:
                channels, height, width = picture.shape
                start = mean + noise((channels, height, width), seed, image_id)
                parts = field_energy(picture[None], start[None], mean, self.field)
                energies = [defined(float(part)) for part in parts]
            found.append(
                dict(zip(("inside_energy", "outside_energy"), energies, strict=True))
            )
        return found

    def _others(self, image_ids: Sequence[str]) -> Images | None:
        """Return, for each picture, the next one of the study."""
        known = self.targets.image_ids
        if len(known) < 2:
            return None
        places = [known.index(image_id) for image_id in image_ids]
        following = [known[(place + 1) % len(known)] for place in places]
        return torch.stack([self.original(image_id) for image_id in following])


def yardstick(
    chosen: Chosen, view: View, originals: Originals, perception: Perception
) -> Yardstick:
    """Return the yardstick of a selection; reads the targets of all pictures for N."""
    targets = view.targets(chosen.layer)
    k, r, s = targets.shape
    device = perception.device
    part = Selection(chosen.indices, chosen.window, tokens=chosen.tokens)
    selected = mask(part, (k, r, s)).bool()
    return Yardstick(
        view=view,
        phi=view.representation.cut(chosen.layer),
        targets=targets,
        mask=selected,
        pairs=pairwise_statistics(targets.all(), selected),
        field=view.representation.field(chosen.layer, part, view.size),
        originals=originals,
        perception=perception,
        device=device,
    )
