"""Natural-image priors (the paper says regularisers): they make inversion well posed.

Definitions follow Mahendran & Vedaldi, "Understanding Deep Image Representations by
Inverting Them" (arXiv 1412.0035), section 2. Images are centred: the mean colour is
subtracted, so 0 is the mean image. Each prior is a sum over channels and pixels, not a
mean, so its weight holds for one image size only.

`alpha_norm` and `tv_beta` are the definitions, which autograd can follow. A descent
takes `alpha_slope` and `tv_slope`: the same values, each with its gradient written out
for the usual exponents, at a tenth of autograd's time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad

from stages.images import Images, PerImage, image_by_image

# `invert_nn.m`, function tv: the gradient treats norm^beta below 1e-5 as 1e-5.
FLOOR = 1e-5


@dataclass(frozen=True)
class Prior:
    """Weights and exponents of the priors, as `stages.preimage.objective` uses them.

    `of_colours` takes the alpha-norm of the pixels' colours instead of their values;
    `jitter` is by how many pixels the image is shifted about on the way, at most.
    """

    alpha: float = 6.0
    lambda_alpha: float = 0.0
    beta: float = 2.0
    lambda_tv: float = 0.0
    of_colours: bool = False
    jitter: int = 0

    @property
    def form(self) -> tuple[float, float, bool, int]:
        """What the jobs of a batch share: all but the weights."""
        return self.alpha, self.beta, self.of_colours, self.jitter


def alpha_norm(x: Images, *, alpha: float, of_colours: bool = False) -> PerImage:
    """Return `sum |x|^alpha`, which keeps intensities inside their natural range.

    A large `alpha` (the authors' code uses 6) is flat inside it and steep outside.
    `of_colours` takes the norm of each pixel's colour for `|x|`, not each value alone
    (IJCV 2016, arXiv 1512.02017, section 3.2); `alpha` must then be at least 2.
    """
    _check_alpha(alpha, of_colours)
    if of_colours:
        return _power(x.square().sum(dim=1), alpha / 2).sum(dim=(1, 2))
    return _power(x, alpha).sum(dim=(1, 2, 3))


def alpha_slope(
    x: Images, *, alpha: float, of_colours: bool = False
) -> tuple[PerImage, Images]:
    """Return `alpha_norm` and its gradient, `alpha sign(x) |x|^(alpha - 1)`."""
    _check_alpha(alpha, of_colours)
    if of_colours or not _is_product(alpha):
        return _by_autograd(
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


def _is_product(alpha: float) -> bool:
    """Return whether powers of this exponent are products of a few squares."""
    return alpha % 2 == 0 and alpha <= 16


def _power(x: Tensor, alpha: float) -> Tensor:
    """Return `|x|^alpha`.

    Even exponents and 3 by products, which are quicker.
    """
    if alpha == 3:
        return x.abs() * x.square()
    if not _is_product(alpha):
        return _raised(x.abs(), alpha)
    squared = x.square()
    product = squared
    for _ in range(int(alpha) // 2 - 1):
        product = product * squared
    return product


def _raised(x: Tensor, exponent: float) -> Tensor:
    """Return `x^exponent` for whatever exponent."""
    return image_by_image(partial(torch.pow, exponent=exponent), x)


def tv_beta(x: Images, *, beta: float) -> PerImage:
    """Return `sum (dx^2 + dy^2)^(beta/2)`, the TV^beta roughness of each image.

    `beta = 1` is isotropic total variation; larger values punish isolated spikes more.
    `dx`, `dy` are forward differences, 0 past the last column and row (`invert_nn.m`).
    The gradient treats `(dx^2 + dy^2)^(beta/2)` below 1e-5 as 1e-5, as the authors'
    code does, so it is finite (0) on a flat image; at `beta = 2` this has no effect.
    """
    _check_beta(beta)
    dx, dy = x.diff(dim=-1), x.diff(dim=-2)
    if beta == 2:
        return dx.square().sum(dim=(1, 2, 3)) + dy.square().sum(dim=(1, 2, 3))
    energy = pad(dx, (0, 1, 0, 0)).square() + pad(dy, (0, 0, 0, 1)).square()
    roughness = _raised(energy.detach(), beta / 2)
    # d energy^(beta/2) = beta/2 * energy^(beta/2 - 1) d energy, written with the floor.
    slope = beta / 2 * _raised(roughness.clamp(min=FLOOR), 1 - 2 / beta)
    linear = slope * energy
    return (roughness + (linear - linear.detach())).sum(dim=(1, 2, 3))


def tv_slope(x: Images, *, beta: float) -> tuple[PerImage, Images]:
    """Return `tv_beta` and its gradient; at `beta = 2` twice the negative Laplacian."""
    _check_beta(beta)
    if beta != 2:
        return _by_autograd(lambda x: tv_beta(x, beta=beta), x)
    dx, dy = pad(x.diff(dim=-1), (1, 1)), pad(x.diff(dim=-2), (0, 0, 1, 1))
    value = dx.square().sum(dim=(1, 2, 3)) + dy.square().sum(dim=(1, 2, 3))
    return value, dx.diff(dim=-1).add_(dy.diff(dim=-2)).mul_(-2)


def _check_beta(beta: float) -> None:
    if beta <= 0:
        raise ValueError(f"`beta` must be positive, got {beta}.")


def _by_autograd(
    prior: Callable[[Images], PerImage], x: Images
) -> tuple[PerImage, Images]:
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = prior(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), gradient
