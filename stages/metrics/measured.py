"""What the metrics are given: a batch of pre-images, and all they are held to.

A metric names what it needs among the attributes of `Measured`. What several metrics
need, such as the features that a judge sees, is computed once a batch, when first asked
for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor

from stages.images import Codes, Images, PerImage
from stages.metrics.code import (
    Entries,
    Foreign,
    PairwiseStatistics,
    code_distance,
    code_norm,
)
from stages.metrics.energy import Field, MeanColour
from stages.metrics.judged import Features
from stages.metrics.judges import Judges
from stages.metrics.patches import PatchSimilarities, patch_similarities
from stages.metrics.perceptual import Distance
from stages.metrics.pixel import fitted

# The judge's third rectified map: a place sees 23 pixels of 64, the size of a part.
PATCH_LAYER = 2


@dataclass(frozen=True)
class Measured:
    """Pre-images of one selection of one code, as many originals, and their codes.

    `pictures` are the stored pre-images, 8 bits, `codes` theirs; `computed_distances`
    those of the codes before the rounding, nan where there is none. `starts` are the
    noise that descents of pixels begin from, None for what has no start. `others` are,
    for each original, another picture of the study, None where there is none; `foreign`
    the codes of some. `field` is the window of pixels that the selected `entries` see.
    """

    pictures: Images
    originals: Images
    others: Images | None
    starts: Images | None
    mean_colour: MeanColour
    codes: Codes
    targets: Codes
    foreign: Iterable[Foreign]
    entries: Entries
    pairs: PairwiseStatistics
    field: Field
    computed_distances: PerImage
    judges: Judges

    @cached_property
    def distances(self) -> PerImage:
        """How far the codes of the stored pictures are from the targets."""
        return code_distance(self.codes, self.targets, self.entries)

    @cached_property
    def target_norms(self) -> PerImage:
        """The lengths of the targets."""
        return code_norm(self.targets, self.entries)

    @cached_property
    def fitted(self) -> Images:
        """The pictures with the gain and the offset that suit each original best."""
        return fitted(self.pictures, self.originals)

    @property
    def lpips(self) -> Mapping[str, Distance]:
        """LPIPS by column, with the backbones that are there."""
        return self.judges.lpips

    @cached_property
    def judge_maps(self) -> Sequence[Features]:
        """The features that the embedded judge sees in the pictures."""
        return self.judges.embedded_maps(self.pictures)

    @cached_property
    def original_judge_maps(self) -> Sequence[Features]:
        """Those that it sees in the originals."""
        return self.judges.embedded_maps(self.originals)

    @cached_property
    def judge_scores(self) -> Float[Tensor, "n classes"]:
        """The scores that the embedded judge gives the pictures."""
        return self.judges.embedded.scores(self.judge_maps[-1])

    @cached_property
    def original_judge_scores(self) -> Float[Tensor, "n classes"]:
        """Those that it gives the originals."""
        return self.judges.embedded.scores(self.original_judge_maps[-1])

    @cached_property
    def imagenet_maps(self) -> Sequence[Features] | None:
        """The features that the ImageNet network sees in the pictures."""
        return self.judges.imagenet_maps(self.pictures)

    @cached_property
    def original_imagenet_maps(self) -> Sequence[Features] | None:
        """Those that it sees in the originals."""
        return self.judges.imagenet_maps(self.originals)

    @cached_property
    def imagenet_scores(self) -> Float[Tensor, "n classes"] | None:
        """The scores that the ImageNet network gives the pictures."""
        return self._imagenet_scores(self.imagenet_maps)

    @cached_property
    def original_imagenet_scores(self) -> Float[Tensor, "n classes"] | None:
        """Those that it gives the originals."""
        return self._imagenet_scores(self.original_imagenet_maps)

    def _imagenet_scores(self, maps: Sequence[Features] | None) -> Tensor | None:
        network = self.judges.imagenet
        return None if maps is None or network is None else network.scores(maps[-1])

    @cached_property
    def patch_similarities(self) -> PatchSimilarities:
        """How alike the patches of the pictures and of their originals are."""
        wanted = self.original_judge_maps[PATCH_LAYER]
        return patch_similarities(self.judge_maps[PATCH_LAYER], wanted)

    @cached_property
    def foreign_patch_similarities(self) -> PatchSimilarities | None:
        """How alike the patches of other pictures and of the originals are."""
        if self.others is None:
            return None
        wanted = self.original_judge_maps[PATCH_LAYER]
        other = self.judges.embedded_maps(self.others)[PATCH_LAYER]
        return patch_similarities(other, wanted)
