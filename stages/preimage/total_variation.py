"""Total variation with an exponent, which keeps neighbouring pixels alike.

Mahendran & Vedaldi, "Understanding Deep Image Representations by Inverting Them"
(arXiv 1412.0035), section 2: a sum over channels and pixels, not a mean.

`tv_beta` is the definition, which autograd can follow. A descent takes
`tv_beta_and_gradient`: the same values, with the gradient written out for the usual
exponent, at a tenth of autograd's time.

Departs from the paper: beside a denoiser, `TotalVariation` is that of the waves which
the denoiser is not heard on (`learned_prior`): each wave has one prior. With none, what
neither the code nor the denoiser sees would stay as the start had it: the noise outside
of a region, and of dense SIFT the light of large parts.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from stages.images import Images, PerImage
from stages.preimage.coarse_waves import coarse
from stages.preimage.powers import raised
from stages.preimage.prior_term import Memory, PriorTerm, by_autograd

# `invert_nn.m`, function tv: the gradient treats norm^beta below 1e-5 as 1e-5.
FLOOR = 1e-5


@dataclass(frozen=True)
class TotalVariation(PriorTerm):
    """`lambda_tv * sum (dx^2 + dy^2)^(beta/2) / s^beta` of each image.

    Of its waves of at least `longest_wave` pixels, `coarse_waves.coarse`; 0: of all.
    """

    beta: float
    longest_wave: float = 0.0

    @property
    def sees_detail(self) -> bool:
        """Whether it is of all waves."""
        return not self.longest_wave

    def value(self, x: Images) -> PerImage:
        """Return the weighted term of each of the centred images."""
        return self._weight * tv_beta(self._seen(x), beta=self.beta)

    def value_and_gradient(
        self, x: Images, memory: Memory
    ) -> tuple[PerImage, Images, Float[Tensor, "n 1 1 1"]]:
        """Return the weighted term, a gradient, and the factor that weights it."""
        weight = self._weight
        value, gradient = tv_beta_and_gradient(self._seen(x), beta=self.beta)
        return weight * value, self._seen(gradient), weight[:, None, None, None]

    def _seen(self, x: Images) -> Images:
        """Return the waves that it is of: a projection, its own adjoint."""
        return x if self.sees_detail else coarse(x, self.longest_wave)

    @property
    def _weight(self) -> PerImage:
        """The weight in pixels, as the floor of the gradient is."""
        weight: PerImage = self.weights / self.jobs.norm**self.beta
        return weight


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
    roughness = raised(energy.detach(), beta / 2)
    # d energy^(beta/2) = beta/2 * energy^(beta/2 - 1) d energy, written with the floor.
    factor = beta / 2 * raised(roughness.clamp(min=FLOOR), 1 - 2 / beta)
    linear = factor * energy
    return (roughness + (linear - linear.detach())).sum(dim=(1, 2, 3))


def tv_beta_and_gradient(x: Images, *, beta: float) -> tuple[PerImage, Images]:
    """Return `tv_beta` and its gradient; at `beta = 2` twice the negative Laplacian."""
    _check_beta(beta)
    if beta != 2:
        return by_autograd(lambda x: tv_beta(x, beta=beta), x)
    dx, dy = pad(x.diff(dim=-1), (1, 1)), pad(x.diff(dim=-2), (0, 0, 1, 1))
    value = dx.square().sum(dim=(1, 2, 3)) + dy.square().sum(dim=(1, 2, 3))
    return value, dx.diff(dim=-1).add_(dy.diff(dim=-2)).mul_(-2)


def _check_beta(beta: float) -> None:
    if beta <= 0:
        raise ValueError(f"`beta` must be positive, got {beta}.")
