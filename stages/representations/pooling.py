"""Votes of pixels summed into cells with a triangle (bilinear) window.

An image's cells and their gradient do not depend, to the bit, on the other images of a
batch of the same size. Matrix products compute the last few numbers of a row by other
means than the rest: hence the rows padded to `_LANES` below.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

Pixels = Float[Tensor, "n h w"]
Cells = Float[Tensor, "n directions rows cols"]
Bins = Int64[Tensor, "n h w"]

# Sixteen float32 fill the widest vector register (64 bytes).
_LANES = 16


@dataclass(frozen=True)
class Axis:
    """A row of cells along one side of an image: centres, in pixels from pixel 0's.

    Cell `i` is centred at `first + spacing * i` and gives pixel `p` the weight
    `max(0, 1 - |p - centre| / spacing)`.
    """

    cells: int
    first: float
    spacing: int


def pooled(
    rows: Axis,
    cols: Axis,
    directions: int,
    bins: tuple[Bins, ...],
    votes: tuple[Pixels, ...],
) -> Cells:
    """Return the votes summed into cells, each vote under the direction of its bin.

    A pixel may vote more than once: one entry of `bins` and `votes` a vote.
    """
    cells: Cells = _Pool.apply(rows, cols, directions, bins, *votes)
    return cells


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
