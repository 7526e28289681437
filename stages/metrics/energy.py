"""How much of the start is left, inside and outside a selection's receptive field.

A selection says nothing about the pixels that it does not see: there the prior acts
alone and should flatten the noise that the descent began from. Energy left outside is
what the descent did not get to; without a prior, the noise stays as it was. That holds
for descents of pixels: waves begin with a hundredth of this energy, and reach
everywhere.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.images import Images, PerImage

# First row, end row, first column, end column, of pixels; half open.
Field = tuple[int, int, int, int]
MeanColour = Float[Tensor, "c 1 1"]


def inside_energy(
    preimages: Images, starts: Images, mean: MeanColour, field: Field
) -> PerImage:
    """Return the energy inside `field`, as a share of the start's.

    Energy is the mean of `(x - mean)^2` over pixels and channels, `starts` the noise
    (not centred) from which descents of pixels begin: 1 if it is as large as at the
    start, 0 if the mean colour is everywhere, without an upper bound. `field` is the
    window `(first row, end row, first column, end column)` of pixels, half open.
    Float64; nan where no pixel is inside, infinite where the start alone has no energy.
    Raises ValueError unless the field lies in the image.
    """
    return _shares(preimages, starts, mean, _inside(field, preimages))


def outside_energy(
    preimages: Images, starts: Images, mean: MeanColour, field: Field
) -> PerImage:
    """Return the energy outside `field`, as `inside_energy` does; nan everywhere."""
    return _shares(preimages, starts, mean, ~_inside(field, preimages))


def _inside(field: Field, images: Images) -> Bool[Tensor, "h w"]:
    row, end_row, col, end_col = field
    height, width = images.shape[2:]
    if not (0 <= row <= end_row <= height and 0 <= col <= end_col <= width):
        raise ValueError(
            f"`field` must lie in the image of {height} x {width} pixels, got {field}."
        )
    inside = torch.zeros(height, width, dtype=torch.bool, device=images.device)
    inside[row:end_row, col:end_col] = True
    return inside


def _shares(
    preimages: Images, starts: Images, mean: MeanColour, where: Bool[Tensor, "h w"]
) -> PerImage:
    left, began = (
        (images.double() - mean).square().mean(dim=1)[:, where]
        for images in (preimages, starts)
    )
    # Each image by itself, so that its bits do not depend on its company. The mean of
    # no pixels is nan.
    return torch.stack([a.mean() / b.mean() for a, b in zip(left, began, strict=True)])
