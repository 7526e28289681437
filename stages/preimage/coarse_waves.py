"""Cosine waves that are longer than a width: what of an image is coarse.

The discrete cosine transform (DCT-II, Ahmed, Natarajan & Rao 1974) writes an image as
a sum of products of cosines along its columns and rows; the `k`th of a side `n` has a
wavelength of `2 n / k` pixels and fits the edges of the image without a seam. Both
waves of a product must be long for it to be coarse.
"""

import math
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from stages.images import Images

# Sides are filled up to a multiple of this, so that every matrix begins where a line of
# the processor's cache does: how a product rounds depends on it.
LINE = 16


def without_coarse(images: Images, width: float) -> Images:
    """Return the images `n c h w` less what of them is coarse."""
    return images - coarse(images, width)


def coarse(images: Images, width: float) -> Images:
    """Return what of the images `n c h w` is coarse.

    That are the waves of a wavelength of at least `width` pixels along rows as along
    columns, the mean among them: an orthogonal projection. Each image by itself, to the
    same bytes in any company.
    """
    height, breadth = images.shape[2:]
    down, right = (_waves(n, width).to(images) for n in (height, breadth))
    # A product a channel, all of one size: a single one of all would round otherwise
    # in another company.
    right = right.expand(*images.shape[:2], *right.shape)
    filled = pad(images, (0, -breadth % LINE, 0, -height % LINE))
    waves = down.mT @ (down @ filled @ right.mT) @ right
    return waves[..., :height, :breadth]


@cache
def _waves(n: int, width: float) -> Float[Tensor, "k n"]:
    """Return the waves over `n` pixels that are as long as that, of length 1.

    Both sides are filled up with zeros.
    """
    numbers = torch.arange(min(int(2 * n / width), n - 1) + 1, dtype=torch.float64)
    places = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    waves = torch.cos(math.pi * numbers[:, None] * places)
    waves = waves / waves.norm(dim=1, keepdim=True)
    return pad(waves, (0, -n % LINE, 0, -len(waves) % LINE))
