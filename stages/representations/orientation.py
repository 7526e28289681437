"""Histograms of gradient orientation over cells: what HOG and dense SIFT share.

Each pixel votes, with the length of its gradient, for the one or two directions next
to the gradient's own; a cell sums the votes around its centre with a triangle
(bilinear) window. Follows the networks that Mahendran & Vedaldi, "Understanding Deep
Image Representations by Inverting Them" (arXiv:1412.0035), section 3, build for HOG
and DSIFT; agreement with VLFeat's C library is tested.

Direction `k` of `d` is the gradient angle `2 pi k / d`, measured from the columns' axis
(rightwards) to the rows' (downwards). At a pixel without gradient the vote is 0 and so
is its derivative: a subgradient, finite where the length itself has none.

An image's cells and gradient do not depend, to the bit, on the other images of a batch
of the same size. Kernels compute the last few numbers of an array by other means than
the rest, which shows in functions that are not rounded exactly (the arctangent) and in
matrix products. Hence the calls per image and the rows padded to `_LANES` below.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from stages.images import Images

Pixels = Float[Tensor, "n h w"]
Cells = Float[Tensor, "n directions rows cols"]
Bins = Int64[Tensor, "n h w"]

# Up to two votes of each pixel: the directions they are for, and the votes.
Ballot = tuple[tuple[Bins, ...], tuple[Pixels, ...]]

# Sixteen float32 fill the widest vector register (64 bytes).
_LANES = 16

# In bins; as VLFeat, a gradient half-way between two directions counts for the lower
# one, also after a rounding error of the angle, computed in float64 for that reason.
_TIE = 1e-9


@dataclass(frozen=True)
class Axis:
    """A row of cells along one side of an image: centres, in pixels from pixel 0's.

    Cell `i` is centred at `first + spacing * i` and gives pixel `p` the weight
    `max(0, 1 - |p - centre| / spacing)`.
    """

    cells: int
    first: float
    spacing: int


def orientation_cells(
    images: Images,
    rows: Axis,
    cols: Axis,
    *,
    directions: int,
    assignment: str,
    outside: float,
) -> Cells:
    """Return how much gradient of each direction each cell of grey images holds.

    Central differences, with pixels past the border equal to `outside`. `assignment`:
    a vote goes to the nearest direction (`hard`) or to both neighbours in proportion to
    their closeness (`bilinear`). In grey levels; a cell's weights sum to `spacing^2`.
    """
    check_assignment(assignment)
    gradient = central_differences(images[:, 0], outside)
    bins, votes = ASSIGNMENTS[assignment](*gradient, directions)
    cells: Cells = _Pool.apply(rows, cols, directions, bins, *votes)
    return cells


def check_assignment(assignment: str) -> None:
    """Raise ValueError unless `assignment` is one of `ASSIGNMENTS`."""
    if assignment not in ASSIGNMENTS:
        raise ValueError(
            f"`assignment` must be one of {', '.join(ASSIGNMENTS)}; got {assignment!r}."
        )


def central_differences(images: Pixels, outside: float) -> tuple[Pixels, Pixels]:
    """Return half of next minus previous pixel along rows and along columns."""
    framed = pad(images, (1, 1, 1, 1), value=outside)
    return (
        (framed[:, 2:, 1:-1] - framed[:, :-2, 1:-1]) / 2,
        (framed[:, 1:-1, 2:] - framed[:, 1:-1, :-2]) / 2,
    )


def _hard(row_gradient: Pixels, col_gradient: Pixels, directions: int) -> Ballot:
    """Return the nearest direction of each pixel and its vote, the gradient's length.

    Here the angle's last bit may depend on the company: `_TIE` is far larger.
    """
    with torch.no_grad():
        angle = torch.atan2(row_gradient.double(), col_gradient.double())
        nearest = torch.ceil(angle * (directions / math.tau) - (0.5 + _TIE))
        row_unit, col_unit = _unit(row_gradient, col_gradient)
    length = row_unit * row_gradient + col_unit * col_gradient
    return (_bins(nearest, directions),), (length,)


def _bilinear(row_gradient: Pixels, col_gradient: Pixels, directions: int) -> Ballot:
    """Return the two directions around each pixel's own and the votes for them.

    With the angle at `lower + f` bins the votes are `1 - f` and `f` times the length;
    turning the gradient moves `f` by `directions / 2 pi` a radian.
    """
    with torch.no_grad():
        position = _angle(row_gradient, col_gradient) * (directions / math.tau)
        lower = position.floor()
        f = position - lower
        row_unit, col_unit = _unit(row_gradient, col_gradient)
        row_slope = f * row_unit + col_unit * (directions / math.tau)
        col_slope = f * col_unit - row_unit * (directions / math.tau)
    length = row_unit * row_gradient + col_unit * col_gradient
    upper = row_slope * row_gradient + col_slope * col_gradient
    bins = _bins(lower, directions), _bins(lower + 1, directions)
    return bins, (length - upper, upper)


# A vote is homogeneous of degree 1 in the gradient: by Euler's theorem it is its
# slopes times the gradient: with the slopes held constant, as above, that has the right
# value and the right first derivative, finite also where a length has none.
ASSIGNMENTS: dict[str, Callable[[Pixels, Pixels, int], Ballot]] = {
    "hard": _hard,
    "bilinear": _bilinear,
}


def _angle(row_gradient: Pixels, col_gradient: Pixels) -> Pixels:
    """Return the angle in radians, by image where its last bit depends on that."""
    if row_gradient.is_cuda:
        return torch.atan2(row_gradient, col_gradient)
    pairs = zip(row_gradient, col_gradient, strict=True)
    return torch.stack([torch.atan2(row, col) for row, col in pairs])


def _bins(bins: Pixels, directions: int) -> Bins:
    """Return the bins of angles in -pi..pi as whole numbers from 0 on.

    A pixel that is not a number goes anywhere: its vote makes that image's cells nan,
    and no other's.
    """
    return torch.where(bins < 0, bins + directions, bins).nan_to_num(0).long()


def _unit(row_gradient: Pixels, col_gradient: Pixels) -> tuple[Pixels, Pixels]:
    """Return the gradient divided by its length, 0 where there is no gradient."""
    length = (row_gradient.square() + col_gradient.square()).sqrt()
    inverse = torch.where(length == 0, 0.0, 1 / length)
    return row_gradient * inverse, col_gradient * inverse


class _Pool(torch.autograd.Function):
    """Sum votes into cells: sort them by direction, then one matrix product an axis.

    Autograd would carry a gradient for all directions back through the rows' product;
    here each vote reads the two rows of cells that it went to.
    """

    @staticmethod
    def forward(
        ctx: Any,
        rows: Axis,
        cols: Axis,
        directions: int,
        bins: tuple[Bins, ...],
        *votes: Pixels,
    ) -> Cells:
        ctx.save_for_backward(*bins)
        ctx.rows, ctx.cols = rows, cols
        n, h, w = votes[0].shape
        by_direction = votes[0].new_zeros(n, h, directions, _padded(w))
        for place, vote in zip(bins, votes, strict=True):
            by_direction[..., :w].scatter_(2, place[:, :, None], vote[:, :, None])
        row_weights = _weights(rows, h, by_direction.device, by_direction.dtype)
        col_weights = _weights(cols, w, by_direction.device, by_direction.dtype)
        row_weights = row_weights[: rows.cells, :h].expand(n, -1, -1)
        bands = torch.bmm(row_weights, by_direction.flatten(2)).view(n, -1, _padded(w))
        cells = torch.bmm(bands, col_weights.T.expand(n, -1, -1))[..., : cols.cells]
        by_row = cells.reshape(n, rows.cells, directions, cols.cells)
        return by_row.transpose(1, 2).contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Cells) -> tuple[Pixels | None, ...]:
        n, directions, r, s = gradient.shape
        w = ctx.saved_tensors[0].shape[2]
        col_weights = _weights(ctx.cols, w, gradient.device, gradient.dtype)
        by_row = pad(gradient.transpose(1, 2), (0, _padded(s) - s)).flatten(1, 2)
        bands = torch.bmm(by_row, col_weights.expand(n, -1, -1))
        bands = bands.view(n, r, directions, -1)
        seen = [_read(bands, bins, ctx.rows) for bins in ctx.saved_tensors]
        return None, None, None, None, *seen


def _read(
    bands: Float[Tensor, "n r directions padded"], bins: Bins, rows: Axis
) -> Pixels:
    """Return what the two bands around each pixel's row hold at its bin and column."""
    _, h, w = bins.shape
    _, _, directions, width = bands.shape
    values, place = bands.flatten(1), bins * width + torch.arange(w, device=bins.device)
    cells, weights = _taps(rows, h, bands.device, bands.dtype)
    above, below = (
        values.gather(1, (place + cell * (directions * width)).flatten(1)).view_as(bins)
        for cell in cells
    )
    return weights[0] * above + weights[1] * below


@lru_cache(maxsize=64)
def _taps(
    axis: Axis, size: int, device: torch.device, dtype: torch.dtype
) -> tuple[Int64[Tensor, "2 size 1"], Float[Tensor, "2 size 1"]]:
    """Return the two cells around each pixel and the pixel's weight in each."""
    pixels = torch.arange(size, dtype=torch.float64, device=device)
    lower = ((pixels - axis.first) / axis.spacing).floor().long()
    cells = torch.stack((lower, lower + 1))
    inside = (cells >= 0) & (cells < axis.cells)
    cells = cells.clamp(0, axis.cells - 1)
    weights = _weights(axis, size, device, dtype)[:, :size].gather(0, cells) * inside
    return cells[..., None], weights[..., None]


@lru_cache(maxsize=64)
def _weights(
    axis: Axis, size: int, device: torch.device, dtype: torch.dtype
) -> Float[Tensor, "cells pixels"]:
    """Return each pixel's weight in each cell, both padded with zeros to `_LANES`."""
    pixels = torch.arange(size, dtype=torch.float64, device=device)
    cells = torch.arange(axis.cells, dtype=torch.float64, device=device)
    centres = axis.first + axis.spacing * cells
    distance = (pixels - centres[:, None]).abs() / axis.spacing
    surplus = 0, _padded(size) - size, 0, _padded(axis.cells) - axis.cells
    return pad((1 - distance).clamp(min=0), surplus).to(dtype)


def _padded(size: int) -> int:
    return math.ceil(size / _LANES) * _LANES
