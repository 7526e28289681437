"""Natural-image priors (the paper says regularisers): they make inversion well posed.

Definitions follow Mahendran & Vedaldi, "Understanding Deep Image Representations by
Inverting Them" (arXiv 1412.0035), section 2. Images are centred: the mean colour is
subtracted, so 0 is the mean image. Each prior is a sum over channels and pixels, not a
mean, so its weight holds for one image size only.
"""

from torch import Tensor
from torch.nn.functional import pad

from stages.images import Images, PerImage

# `invert_nn.m`, function tv: the gradient treats norm^beta below 1e-5 as 1e-5.
FLOOR = 1e-5


def alpha_norm(x: Images, *, alpha: float, of_colours: bool = False) -> PerImage:
    """Return `sum |x|^alpha`, which keeps intensities inside their natural range.

    A large `alpha` (the authors' code uses 6) is flat inside it and steep outside.
    `of_colours` takes the norm of each pixel's colour for `|x|`, not each value alone
    (IJCV 2016, arXiv 1512.02017, section 3.2); `alpha` must then be at least 2.
    """
    if alpha < 1 + of_colours:
        least = "2 for colours" if of_colours else "1 to be convex"
        raise ValueError(f"`alpha` must be at least {least}, got {alpha}.")
    if of_colours:
        return _power(x.square().sum(dim=1), alpha / 2).sum(dim=(1, 2))
    return _power(x, alpha).sum(dim=(1, 2, 3))


def _power(x: Tensor, alpha: float) -> Tensor:
    """Return `|x|^alpha`.

    Even exponents and 3 by products: exact in any order, while a vectorised power
    rounds differently in its last lanes, so that bytes would depend on a job's company.
    """
    if alpha == 3:
        return x.abs() * x.square()
    if alpha % 2 or alpha > 16:
        return x.abs().pow(alpha)
    squared = x.square()
    product = squared
    for _ in range(int(alpha) // 2 - 1):
        product = product * squared
    return product


def tv_beta(x: Images, *, beta: float) -> PerImage:
    """Return `sum (dx^2 + dy^2)^(beta/2)`, the TV^beta roughness of each image.

    `beta = 1` is isotropic total variation; larger values punish isolated spikes more.
    `dx`, `dy` are forward differences, 0 past the last column and row (`invert_nn.m`).
    The gradient treats `(dx^2 + dy^2)^(beta/2)` below 1e-5 as 1e-5, as the authors'
    code does, so it is finite (0) on a flat image; at `beta = 2` this has no effect.
    """
    if beta <= 0:
        raise ValueError(f"`beta` must be positive, got {beta}.")
    dx, dy = x.diff(dim=-1), x.diff(dim=-2)
    if beta == 2:
        return dx.square().sum(dim=(1, 2, 3)) + dy.square().sum(dim=(1, 2, 3))
    energy = pad(dx, (0, 1, 0, 0)).square() + pad(dy, (0, 0, 0, 1)).square()
    roughness = energy.detach().pow(beta / 2)
    # d energy^(beta/2) = beta/2 * energy^(beta/2 - 1) d energy, written with the floor.
    slope = beta / 2 * roughness.clamp(min=FLOOR).pow(1 - 2 / beta)
    linear = slope * energy
    return (roughness + (linear - linear.detach())).sum(dim=(1, 2, 3))
