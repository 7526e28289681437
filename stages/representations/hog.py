"""HOG: normalised histograms of oriented gradients, the UoCTTI variant.

Structure of the network that Mahendran & Vedaldi, "Understanding Deep Image
Representations by Inverting Them" (arXiv:1412.0035), section 3, build for the features
of Felzenszwalb et al., "Object Detection with Discriminatively Trained Part-Based
Models" (DOI 10.1109/TPAMI.2009.167). HOGb is the same with `assignment="bilinear"`.

Channels, for `k` orientations: `2 k` directed ones, the gradient angle
`180 / k * channel` degrees, then `k` undirected ones (two opposite directions
together). Cell `i` is centred at pixel `cell * i + (cell - 1) / 2`.

Departs from the paper: a gradient half-way between two directions counts for the lower
one, as in VLFeat; a convolution and a maximum, as in the paper, leave such ties, which
2 to 14 % of the pixels of a picture with whole grey levels have, to rounding noise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad

from stages.images import Codes, Images
from stages.representations.clamp import clamped
from stages.representations.definition import Definition
from stages.representations.orientation import check_assignment, orientation_cells
from stages.representations.pooling import Axis, Cells
from stages.representations.receptive_field import Geometry
from stages.representations.representation import Representation, check_orientations

# Floor of a block's squared norm, in squared grey levels: as in the reference features.
FLOOR = 1e-6

# How hard the soft assignment of a descent becomes, and at what share of its steps: our
# choice, tests/benchmarks/results.
SHARPEST, SHARPEST_AT = 10.0, 0.9

# The grey level past the border: the paper's input, `255 * grey - 128`, is 0 there.
GREY = 128.0


@dataclass(frozen=True)
class HogDefinition(Definition):
    """HOG (`assignment` hard) or HOGb (bilinear) with these cells and orientations."""

    descriptor = True

    cell: int = 8
    orientations: int = 9
    assignment: str = "hard"

    def build(self, *, trained: bool = True) -> "Hog":
        """Return HOG; there is nothing to train."""
        return Hog(self.cell, self.orientations, self.assignment)


class Hog(Representation):
    """HOG of grey images: cells of `cell` pixels, `orientations` over 180 degrees.

    A height or width that is no multiple of `cell` is rounded to whole cells.
    """

    image_channels = 1
    mean = (GREY,)
    layers = ("hog",)

    def __init__(
        self, cell: int = 8, orientations: int = 9, assignment: str = "hard"
    ) -> None:
        super().__init__()
        if cell < 2:
            raise ValueError(f"`cell` must be at least 2 pixels, got {cell}.")
        if orientations < 2:
            raise ValueError(f"`orientations` must be at least 2, got {orientations}.")
        check_assignment(assignment)
        self.cell, self.orientations, self.assignment = cell, orientations, assignment

    def forward(self, images: Images) -> Codes:
        """Return the code, values in 0..0.4 (half of four blocks' clamped values).

        Blocks are the 2x2 cells inside the grid: a cell at a side belongs to two, one
        in a corner to one.
        """
        return self._code(images, self.assignment)

    def relaxed(self, progress: float) -> Callable[[Images], Codes]:
        """Return HOG with a clamp to see through and, for hard, a soft assignment.

        Hard assignment gives no gradient for turning an edge from one bin to the next;
        a soft one does, and, ever harder along a descent, ends close to hard.
        """
        sharpness = 1.0
        if self.assignment == "hard":
            sharpness = SHARPEST ** min(progress / SHARPEST_AT, 1.0)
        leak = 1 - progress
        return partial(
            self._code, assignment="bilinear", sharpness=sharpness, leak=leak
        )

    def _code(
        self,
        images: Images,
        assignment: str,
        sharpness: float = 1.0,
        leak: float = 0.0,
    ) -> Codes:
        cells = self.cells(images, assignment, sharpness)
        opposite = cells[:, : self.orientations] + cells[:, self.orientations :]
        scales = _block_scales(opposite)
        both = torch.cat((cells, opposite), dim=1)
        r, s = both.shape[2:]
        blocks = [
            clamped(both * scales[:, :, row : row + r, col : col + s], leak)
            for row in (0, 1)
            for col in (0, 1)
        ]
        return (blocks[0] + blocks[1] + blocks[2] + blocks[3]) / 2

    def cells(
        self, images: Images, assignment: str | None = None, sharpness: float = 1.0
    ) -> Cells:
        """Return the `2 * orientations` directed channels before normalisation.

        With its own assignment, if none is given.
        """
        self.check_channels(images)
        rows, cols = (self._axis(size) for size in images.shape[2:])
        if min(rows.cells, cols.cells) < 2:
            raise ValueError(
                f"`images` must be at least {2 * self.cell - self.cell // 2} pixels "
                f"high and wide for two cells of {self.cell} pixels, got the shape "
                f"{tuple(images.shape)}."
            )
        return orientation_cells(
            images,
            rows,
            cols,
            directions=2 * self.orientations,
            assignment=assignment or self.assignment,
            outside=GREY,
            sharpness=sharpness,
        )

    def geometry(self, layer: str) -> Geometry:
        """Return what a cell sees: itself and its eight neighbours, through the blocks.

        A cell's triangle reaches `cell // 2` pixels past it, a central difference one.
        """
        self.check_layer(layer)
        margin = self.cell + self.cell // 2 + 1
        return Geometry(stride=self.cell, size=self.cell + 2 * margin, offset=-margin)

    def channels_of_orientations(self, orientations: Sequence[int]) -> tuple[int, ...]:
        """Return the channels of undirected orientations: two directed, one undirected.

        Orientation `o` is the gradient angle `180 / self.orientations * o` degrees.
        """
        check_orientations(orientations, self.orientations)
        copies = range(3)
        return tuple(
            sorted(
                o + self.orientations * copy for o in orientations for copy in copies
            )
        )

    def _axis(self, size: int) -> Axis:
        # Rounded to whole cells as in VLFeat's `vl_hog`.
        cells = (size + self.cell // 2) // self.cell
        return Axis(cells=cells, first=(self.cell - 1) / 2, spacing=self.cell)


def _block_scales(opposite: Cells) -> Tensor:
    """Return `1 / norm` of each 2x2 block, framed by zeros for the blocks outside."""
    energy = opposite.square().sum(dim=1, keepdim=True)
    pairs = energy[:, :, 1:] + energy[:, :, :-1]
    blocks = pairs[..., 1:] + pairs[..., :-1]
    return pad(1 / (blocks + FLOOR).sqrt(), (1, 1, 1, 1))
