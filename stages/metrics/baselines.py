"""Images that know next to nothing of a code: the floor of every error.

A pre-image that is not better than these has recovered nothing that matters to the
metric: a flat rectangle of the right colour scores some 14 decibels.
"""

from collections.abc import Callable

import torch
from torch.nn.functional import interpolate

from stages.images import Image


def mean_grey(original: Image) -> Image:
    """Return an image of level 128 throughout."""
    return torch.full_like(original, 128.0)


def mean_colour(original: Image) -> Image:
    """Return an image of the original's mean colour throughout."""
    return original.mean(dim=(1, 2), keepdim=True).expand_as(original).clone()


def thumbnail(original: Image) -> Image:
    """Return the original averaged down to 4 x 4 pixels and enlarged bilinearly."""
    small = interpolate(original[None], size=(4, 4), mode="area")
    return interpolate(small, size=original.shape[1:], mode="bilinear")[0]


BASELINES: dict[str, Callable[[Image], Image]] = {
    "mean-grey": mean_grey,
    "mean-colour": mean_colour,
    "thumbnail-4x4": thumbnail,
}
