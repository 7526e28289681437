"""The alpha-norm, which keeps intensities inside their natural range.

Mahendran & Vedaldi, "Understanding Deep Image Representations by Inverting Them"
(arXiv 1412.0035), section 2: a sum over channels and pixels, not a mean.

`alpha_norm` is the definition, which autograd can follow. A descent takes
`alpha_norm_and_gradient`: the same values, with the gradient written out for the usual
exponents, at a tenth of autograd's time.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage
from stages.preimage.powers import is_product, power
from stages.preimage.prior_term import Memory, PriorTerm, by_autograd


@dataclass(frozen=True)
class AlphaNorm(PriorTerm):
    """`lambda_alpha * sum |x/s|^alpha`, of the values or the colours of the pixels."""

    alpha: float
    of_colours: bool

    def value(self, x: Images) -> PerImage:
        """Return the weighted term of each of the centred images."""
        scaled = x * self._scale
        return alpha_norm(scaled, alpha=self.alpha, of_colours=self.of_colours)

    def value_and_gradient(
        self, x: Images, memory: Memory
    ) -> tuple[PerImage, Images, Float[Tensor, "n 1 1 1"]]:
        """Return the weighted term, a gradient, and the factor that weights it."""
        scale = self._scale
        value, gradient = alpha_norm_and_gradient(
            x * scale, alpha=self.alpha, of_colours=self.of_colours
        )
        return value, gradient, scale

    @property
    def _scale(self) -> Float[Tensor, "n 1 1 1"]:
        """What the images are multiplied by under the norm.

        The weight goes inside the power: for weight 0 the term stays 0 however large x
        grows, whatever the other jobs of the batch weigh.
        """
        scale: Tensor = self.weights.pow(1 / self.alpha) / self.jobs.norm
        return scale[:, None, None, None]


def alpha_norm(x: Images, *, alpha: float, of_colours: bool = False) -> PerImage:
    """Return `sum |x|^alpha`, which keeps intensities inside their natural range.

    A large `alpha` (the authors' code uses 6) is flat inside it and steep outside.
    `of_colours` takes the norm of each pixel's colour for `|x|`, not each value alone
    (IJCV 2016, arXiv 1512.02017, section 3.2); `alpha` must then be at least 2.
    """
    _check_alpha(alpha, of_colours)
    if of_colours:
        return power(x.square().sum(dim=1), alpha / 2).sum(dim=(1, 2))
    return power(x, alpha).sum(dim=(1, 2, 3))


def alpha_norm_and_gradient(
    x: Images, *, alpha: float, of_colours: bool = False
) -> tuple[PerImage, Images]:
    """Return `alpha_norm` and its gradient, `alpha sign(x) |x|^(alpha - 1)`."""
    _check_alpha(alpha, of_colours)
    if of_colours or not is_product(alpha):
        return by_autograd(
            lambda x: alpha_norm(x, alpha=alpha, of_colours=of_colours), x
        )
    squared, power = x.square(), x.clone()
    for _ in range(int(alpha) // 2 - 1):
        power *= squared
    value = torch.mul(x, power, out=squared).sum(dim=(1, 2, 3))
    return value, power.mul_(alpha)


def _check_alpha(alpha: float, of_colours: bool) -> None:
    if alpha < 1 + of_colours:
        least = "2 for colours" if of_colours else "1 to be convex"
        raise ValueError(f"`alpha` must be at least {least}, got {alpha}.")
