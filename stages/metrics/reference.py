"""What pre-images are held to: the original, its target code, other pictures' codes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch

from stages.execution.targets import Originals, Targets
from stages.images import Codes, Image, Images
from stages.metrics.code import (
    Entries,
    Foreign,
    PairwiseStatistics,
    pairwise_statistics,
)
from stages.metrics.energy import Field
from stages.metrics.judges import Judges
from stages.metrics.measured import Measured
from stages.preimage.start import noise
from stages.representations.representation import Representation
from stages.representations.selection import Selection, mask

# Other pictures whose codes a pre-image is held to, our choice: evenly spaced ones.
_MOST_OTHERS = 16


class CodePart(NamedTuple):
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

    `targets` gives those of a layer; `phi` computes the codes of a layer, where the
    representation itself is not to. `is_imagenet_judge` tells that the representation
    is the ImageNet network that judges the others: no network judges its own.
    """

    representation: Representation
    size: int
    targets: Callable[[str], Targets]
    is_imagenet_judge: bool = False
    phi: Callable[[str], Callable[[Images], Codes]] | None = None


class ForeignCodes:
    """The codes of some other pictures of the study, read as they are asked for."""

    def __init__(
        self, targets: Targets, others: Sequence[str], image_ids: Sequence[str]
    ) -> None:
        self._targets, self._others, self._image_ids = targets, others, image_ids

    def __iter__(self) -> Iterator[Foreign]:
        """Yield codes, each with the images of the batch that it is the target of."""
        for other in self._others:
            is_own = torch.tensor([image_id == other for image_id in self._image_ids])
            yield self._targets.of([other])[0], is_own


@dataclass(frozen=True)
class Reference:
    """All that the pre-images of one selection of one code are held to."""

    view: View
    phi: Callable[[Images], Codes]
    targets: Targets
    entries: Entries
    pairs: PairwiseStatistics
    field: Field
    originals: Originals
    judges: Judges

    def original(self, image_id: str) -> Image:
        """Return the picture as the representation sees it."""
        channels = self.view.representation.image_channels
        return self.originals.image(image_id, self.view.size, channels)

    @torch.no_grad()
    def measured(
        self,
        image_ids: Sequence[str],
        pictures: Images,
        distances: Sequence[float | None],
        seeds: Sequence[int | None],
    ) -> Measured:
        """Return stored pictures of these originals with all they are held to.

        `distances` are those of the codes before the pictures were rounded to 8 bits,
        `seeds` those of the starts; None for a baseline, which has no start.
        """
        computed = [torch.nan if one is None else one for one in distances]
        mean = torch.tensor(self.view.representation.mean)[:, None, None]
        return Measured(
            pictures=pictures,
            originals=self._originals(image_ids),
            others=self._others(image_ids),
            starts=_starts(image_ids, seeds, mean.expand_as(pictures[0])),
            mean_colour=mean,
            codes=self.phi(pictures.to(self.judges.device)).cpu(),
            targets=self.targets.of(image_ids),
            foreign=ForeignCodes(self.targets, self._foreign, image_ids),
            entries=self.entries,
            pairs=self.pairs,
            field=self.field,
            computed_distances=torch.tensor(computed, dtype=torch.float64),
            judges=self.judges,
        )

    @cached_property
    def _known(self) -> list[str]:
        """The pictures that have a code: listed once, as there may be very many."""
        return self.targets.image_ids

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where each picture is among those that have a code."""
        return {one: place for place, one in enumerate(self._known)}

    @property
    def _foreign(self) -> list[str]:
        """The pictures whose codes all are held to."""
        return self._known[:: max(1, len(self._known) // _MOST_OTHERS)]

    def _originals(self, image_ids: Sequence[str]) -> Images:
        return torch.stack([self.original(image_id) for image_id in image_ids])

    def _others(self, image_ids: Sequence[str]) -> Images | None:
        """Return, for each picture, the next one of the study."""
        known = self._known
        if len(known) < 2:
            return None
        places = [self._places[image_id] for image_id in image_ids]
        return self._originals([known[(place + 1) % len(known)] for place in places])


def _starts(
    image_ids: Sequence[str], seeds: Sequence[int | None], mean: Image
) -> Images | None:
    """Return the noise that descents of pixels begin from, None without seeds."""
    channels, height, width = mean.shape
    starts = [
        mean + noise((channels, height, width), seed, image_id)
        for image_id, seed in zip(image_ids, seeds, strict=True)
        if seed is not None
    ]
    return torch.stack(starts) if starts else None


def reference(
    part: CodePart,
    view: View,
    originals: Originals,
    judges: Judges,
    pairs: PairwiseStatistics | None = None,
) -> Reference:
    """Return what a selection is held to.

    Reads the targets of all pictures for N, unless the statistics are given.
    """
    targets = view.targets(part.layer)
    k, r, s = targets.shape
    selection = Selection(part.indices, part.window, tokens=part.tokens)
    entries = mask(selection, (k, r, s)).bool()
    return Reference(
        view=view,
        phi=(view.phi or view.representation.cut)(part.layer),
        targets=targets,
        entries=entries,
        pairs=pairs or pairwise_statistics(targets.all(), entries),
        field=view.representation.field(part.layer, selection, view.size),
        originals=originals,
        judges=replace(judges, imagenet=None) if view.is_imagenet_judge else judges,
    )
