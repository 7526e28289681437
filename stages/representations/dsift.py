"""DSIFT: SIFT descriptors on a dense grid.

Structure of the network that Mahendran & Vedaldi, "Understanding Deep Image
Representations by Inverting Them" (arXiv:1412.0035), section 3, build for Lowe,
"Distinctive Image Features from Scale-Invariant Keypoints" (DOI
10.1023/B:VISI.0000029664.99615.94).

A descriptor is 4x4 cells, one starts every third cell, and its channel is
`orientation + orientations * (column + 4 * row)`; orientation `o` of 8 is the gradient
angle `45 o` degrees. No descriptor touches the image's border.

As in the paper, and unlike Lowe's and VLFeat's, the centres of cells lie at half pixels
and nothing is normalised a second time after the clamp.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Codes, Images
from stages.representations.clamp import clamped
from stages.representations.definition import Definition
from stages.representations.orientation import orientation_cells
from stages.representations.pooling import Axis, Cells
from stages.representations.receptive_field import Geometry
from stages.representations.representation import Representation, check_orientations

# Cells along one side of a descriptor, and from one descriptor to the next.
SIDE, STEP = 4, 3

# Standard deviation of the gaussian window over a descriptor, in cells.
WINDOW = 1.5

# Floor of a descriptor's squared norm, in squared grey levels: as in the reference.
FLOOR = 1e-6

# Centres an image, as for HOG. The code does not depend on it.
GREY = 128.0


@dataclass(frozen=True)
class DsiftDefinition(Definition):
    """Dense SIFT with bins of `bin` pixels and directed orientations."""

    descriptor = True

    bin: int = 5
    orientations: int = 8

    def build(self, *, trained: bool = True) -> "Dsift":
        """Return DSIFT; there is nothing to train."""
        return Dsift(self.bin, self.orientations)


class Dsift(Representation):
    """Dense SIFT of grey images: cells of `bin` pixels, directed orientations."""

    image_channels = 1
    mean = (GREY,)
    layers = ("dsift",)

    def __init__(self, bin: int = 5, orientations: int = 8) -> None:
        super().__init__()
        if bin < 2:
            raise ValueError(f"`bin` must be at least 2 pixels, got {bin}.")
        if orientations < 3:
            raise ValueError(f"`orientations` must be at least 3, got {orientations}.")
        self.bin, self.orientations = bin, orientations

    def forward(self, images: Images) -> Codes:
        """Return the code, values in 0..0.2."""
        return self._code(images)

    def relaxed(self, progress: float) -> Callable[[Images], Codes]:
        """Return DSIFT with a clamp that a descent can see through."""
        return partial(self._code, leak=1 - progress)

    def _code(self, images: Images, leak: float = 0.0) -> Codes:
        descriptors = self._descriptors(self.cells(images))
        energy = descriptors.square().sum(dim=1, keepdim=True)
        return clamped(descriptors / (energy + FLOOR).sqrt(), leak)

    def cells(self, images: Images) -> Cells:
        """Return the map of cells before it is cut into descriptors and normalised.

        Cell `i` is centred at pixel `bin * (i + 1) + 0.5`.
        """
        self.check_channels(images)
        rows, cols = (self._axis(size) for size in images.shape[2:])
        if min(rows.cells, cols.cells) < SIDE:
            raise ValueError(
                f"`images` must be at least {(SIDE + 1) * self.bin + 2} pixels high "
                f"and wide for a descriptor of {SIDE}x{SIDE} cells of {self.bin} "
                f"pixels, got the shape {tuple(images.shape)}."
            )
        return orientation_cells(
            images,
            rows,
            cols,
            directions=self.orientations,
            assignment="bilinear",
            outside=GREY,
        )

    def geometry(self, layer: str) -> Geometry:
        """Return what a descriptor sees: four cells' triangles and the differences."""
        self.check_layer(layer)
        return Geometry(
            stride=STEP * self.bin, size=(SIDE + 1) * self.bin + 2, offset=0
        )

    def channels_of_orientations(self, orientations: Sequence[int]) -> tuple[int, ...]:
        """Return the channels of directed orientations, one for each of 16 cells.

        Orientation `o` is the gradient angle `360 / self.orientations * o` degrees.
        """
        check_orientations(orientations, self.orientations)
        cells = range(SIDE * SIDE)
        return tuple(
            sorted(o + self.orientations * cell for o in orientations for cell in cells)
        )

    def _axis(self, size: int) -> Axis:
        # Whole triangles of `2 bin` pixels, whose differences need one more each side.
        cells = max((size - 2 - self.bin) // self.bin, 0)
        return Axis(cells=cells, first=self.bin + 0.5, spacing=self.bin)

    def _descriptors(self, cells: Cells) -> Codes:
        windows = cells.unfold(2, SIDE, STEP).unfold(3, SIDE, STEP)
        weighted = windows * _window(cells.device, cells.dtype)
        return weighted.permute(0, 4, 5, 1, 2, 3).flatten(1, 3)


def _window(device: torch.device, dtype: torch.dtype) -> Float[Tensor, "row col"]:
    """Return `exp(-((row - 1.5)^2 + (col - 1.5)^2) / (2 * 1.5^2))`, a weight a cell."""
    offset = torch.arange(SIDE, device=device, dtype=dtype) - (SIDE - 1) / 2
    profile = torch.exp(-offset.square() / (2 * WINDOW**2))
    return torch.outer(profile, profile)
