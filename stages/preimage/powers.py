"""Powers of every number of a tensor, as fast as the exponent allows."""

from functools import partial

import torch
from torch import Tensor

from stages.images import image_by_image


def is_product(alpha: float) -> bool:
    """Return whether powers of this exponent are products of a few squares."""
    return alpha % 2 == 0 and alpha <= 16


def power(x: Tensor, alpha: float) -> Tensor:
    """Return `|x|^alpha`.

    Even exponents and 3 by products, which are quicker.
    """
    if alpha == 3:
        return x.abs() * x.square()
    if not is_product(alpha):
        return raised(x.abs(), alpha)
    squared = x.square()
    product = squared
    for _ in range(int(alpha) // 2 - 1):
        product = product * squared
    return product


def raised(x: Tensor, exponent: float) -> Tensor:
    """Return `x^exponent` for whatever exponent."""
    return image_by_image(partial(torch.pow, exponent=exponent), x)
