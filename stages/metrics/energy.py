"""How much of the start is left, inside and outside a selection's receptive field.

A selection says nothing about the pixels that it does not see: there the prior acts
alone and should flatten the noise that the descent began from. Energy left outside is
what the descent did not get to; without a prior, the noise stays as it was.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.images import Images, PerImage

# First row, end row, first column, end column; half open.
Window = tuple[int, int, int, int]


def field_energy(
    preimages: Images,
    starts: Images,
    mean: Float[Tensor, "c 1 1"],
    field: Window,
) -> tuple[PerImage, PerImage]:
    """Return the energy inside and outside `field`, each as a share of the start's.

    Energy is the mean of `(x - mean)^2` over pixels and channels, `starts` the pixels
    (not centred) from which the descent began: 1 if it is as large as at the start, 0
    if the mean colour is everywhere, without an upper bound. `field` is the window
    `(first row, end row, first column, end column)` of pixels, half open. Float64; nan
    where no pixel is inside or outside, infinite where the start alone has no energy.
    Raises ValueError unless the field lies in the image.
    """
    inside = _inside(field, preimages)
    found, began = (
        (images.double() - mean).square().mean(dim=1) for images in (preimages, starts)
    )
    return _share(found, began, inside), _share(found, began, ~inside)


def _inside(field: Window, images: Images) -> Bool[Tensor, "h w"]:
    row, end_row, col, end_col = field
    height, width = images.shape[2:]
    if not (0 <= row <= end_row <= height and 0 <= col <= end_col <= width):
        raise ValueError(
            f"`field` must lie in the image of {height} x {width} pixels, got {field}."
        )
    inside = torch.zeros(height, width, dtype=torch.bool, device=images.device)
    inside[row:end_row, col:end_col] = True
    return inside


def _share(
    found: Float[Tensor, "n h w"], began: Float[Tensor, "n h w"], where: Tensor
) -> PerImage:
    # The mean of no pixels is nan.
    return found[:, where].mean(dim=1) / began[:, where].mean(dim=1)
