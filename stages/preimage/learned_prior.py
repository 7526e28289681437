"""The learned natural-image prior: a pull towards what a denoiser makes of the image.

    lambda_denoiser ||Q (x - D(x + sigma n, sigma))||^2 / s^2
        + lambda_denoiser mean_share ||mean(x)||^2 / s^2

with D's output taken as constant, so that the gradient is twice the residue, weighted:
regularisation by denoising (Romano, Elad & Milanfar, arXiv:1611.02862), re-noised as in
SNORE (Renaud et al., arXiv:2402.01779). No function has this gradient: the value is
how far the denoiser would move the image, no potential that a descent must lower.

Departs from both: `Q` leaves out waves of `longest_wave` pixels and more, which a code
knows better than a denoiser. What it says of them is its bias: that would shift colours
and light, and cost code error (`stages.plan.longest_wave`).

The mean colour has no other prior, TV is blind to it: alone it drifts, mostly into the
dark, while little of the code is met. It is drawn to that of photographs, 0 in centred
images, `mean_share` times as hard as a wave that the denoiser takes out as a whole.

`sigma` falls geometrically from the first step to the last, coarse structure before
detail. The weight is `lambda_denoiser` times two shares. One falls on a line from 1 to
that of `left`: early, while little is settled, the prior decides which of the images
that share the code is found; late, the code has the last word, the less so the longer
the waves that the prior is heard on, as the code then leaves it more. The other is the
relative code error, at most 1. The data term's gradient is proportional to it, so a
constant weight would overtake it as the code is met: the further a code can be met, the
more the prior would cost. In this proportion both keep the balance that they began
with, whatever error a layer allows. The denoiser runs at every `denoise_every`-th step;
in between the image is pulled to what it last said, which goes into checkpoints.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage
from stages.preimage.coarse_waves import without_coarse
from stages.preimage.prior_term import Memory, PriorTerm
from stages.preimage.start import generator
from stages.preimage.trained_denoiser import trained
from stages.representations.definition import WeightsFile

DENOISED = "denoised"

# The share of the weight that is left at the end, beside that by the code error: as the
# area of the window that a cell sees, so with the square of `longest_wave` over WIDE
# pixels, within LEAST and MOST. Our choice, by trials on 24 fitting photographs each
# (code error, LPIPS vgg and SSIM): AlexNet's relu3 with .2 and .5 left .069 .405 .400,
# .074 .397 .410; relu5 with .2 and .8 .093 .537 .274, .104 .530 .299; pool5 with .2 and
# 1 .100 .585 .253, .108 .580 .283; the CaffeNet's relu4 with .2 and .3 .036 .368 .317,
# .037 .357 .325; pool5 .029 .422 .251, .031 .428 .240, with 1 .042 .421. Where little
# is heard: pool1 with .05, .2 and .6 .066 .252, .066 .235 and .067 .221; relu2 .063
# .304, .061 .298 and .068 .294. The square and MOST are not blind to other networks:
# tests/benchmarks/results/transfer.md.
WIDE = 100.0
LEAST, MOST = 1 / 5, 2 / 3


@dataclass(frozen=True)
class LearnedPrior(PriorTerm):
    """The pull of the denoiser of a file on each of the centred images.

    `sigma` are the noise levels that the denoiser is told at both ends of the descent,
    in grey levels; `renoise` is how much noise is added, as a share of that: 1 as in
    SNORE, 0 none. With more the image keeps more texture, as not all of it is taken out
    again. It is drawn by each job's seed and the step alone.
    `longest_wave` is the wavelength, in pixels, from which the denoiser is not heard,
    `mean_share` how hard the mean colour is drawn to 0 beside the denoiser's pull.
    `code_error` is each job's `||Phi(x) - Phi0|| / ||Phi0||` at the step, at most 1;
    None, where it is not known, counts as 1.

    Raises ValueError if the levels do not fall or are not positive, if a share is
    negative, if it would run at no step, if the wavelength is not positive, or if
    there are not as many seeds as jobs.
    """

    denoiser: WeightsFile
    sigma: tuple[float, float]
    denoise_every: int
    renoise: float
    longest_wave: float
    mean_share: float = 0.0
    step: int = 0
    n_steps: int = 1
    precision: torch.dtype = torch.float32
    code_error: PerImage | None = None

    def __post_init__(self) -> None:
        first, last = self.sigma
        if not math.inf > first >= last > 0:
            raise ValueError(
                f"`sigma` must not rise and be positive, got {first} and {last}."
            )
        for name in ("renoise", "mean_share"):
            share = getattr(self, name)
            if not 0 <= share < math.inf:
                told = f"`{name}` must be a share of at least 0, got {share}."
                raise ValueError(told)
        if self.denoise_every < 1:
            raise ValueError(
                f"`denoise_every` must be at least 1, got {self.denoise_every}."
            )
        if not self.longest_wave > 0:
            raise ValueError(
                f"`longest_wave` must be positive, got {self.longest_wave}."
            )
        if self.renoise and len(self.jobs.seeds) != len(self.weights):
            raise ValueError(
                f"`seeds` must be one a job ({len(self.weights)}), "
                f"got {len(self.jobs.seeds)}."
            )

    def at(self, step: int, n_steps: int) -> "LearnedPrior":
        """Return the term of this step, in 0..n_steps, the last after the descent."""
        return replace(self, step=step, n_steps=n_steps)

    def beside(self, data: PerImage) -> "LearnedPrior":
        """Return the term that weighs as much as these data terms leave to be met."""
        return replace(self, code_error=data.detach().clamp(max=1).sqrt())

    def in_precision(self, precision: torch.dtype) -> "LearnedPrior":
        """Return the term whose denoiser computes in this precision."""
        return replace(self, precision=precision)

    @property
    def level(self) -> float:
        """The noise level of the step, in grey levels."""
        first, last = self.sigma
        return float(first * (last / first) ** (self.step / self.n_steps))

    @property
    def left(self) -> float:
        """The share of the weight that time leaves at the end, LEAST..MOST."""
        return min(max((self.longest_wave / WIDE) ** 2, LEAST), MOST)

    @property
    def fading(self) -> float:
        """The share of the weight that time leaves at the step, from 1 to `left`."""
        return 1 - (1 - self.left) * self.step / self.n_steps

    def memory(self, x: Images) -> Memory:
        """Return room for what the denoiser says; until it runs, for nothing useful."""
        return {DENOISED: torch.full_like(x, torch.nan)}

    def value(self, x: Images) -> PerImage:
        """Return the weighted distance to what the denoiser makes of the images now."""
        return self._weighted(self._heard(x - self._denoised(x)), _mean_colour(x))

    def value_and_gradient(
        self, x: Images, memory: Memory
    ) -> tuple[PerImage, Images, Float[Tensor, "n 1 1 1"]]:
        """Return the weighted distance, its residue, and the factor that weights it.

        To what is in the `memory`, renewed in place where the denoiser runs.
        """
        if self.step % self.denoise_every == 0:
            memory[DENOISED].copy_(self._denoised(x))
        residue, mean = self._heard(x - memory[DENOISED]), _mean_colour(x)
        factor = (2 * self._scale)[:, None, None, None]
        return self._weighted(residue, mean), residue + self.mean_share * mean, factor

    def _heard(self, residue: Images) -> Images:
        """Return what of a residue the denoiser is heard on."""
        return without_coarse(residue, self.longest_wave)

    def _weighted(self, residue: Images, mean: Float[Tensor, "n c 1 1"]) -> PerImage:
        """Return the weighted distance of both: of a residue, which has no mean."""
        distance = residue.square().sum(dim=(1, 2, 3))
        colours = residue[0, 0].numel() * mean.square().sum(dim=(1, 2, 3))
        return self._scale * (distance + self.mean_share * colours)

    @property
    def _scale(self) -> PerImage:
        scale: PerImage = self.fading * self.weights / self.jobs.norm**2
        return scale if self.code_error is None else scale * self.code_error

    def _denoised(self, x: Images) -> Images:
        """Return what the denoiser makes of the centred images, centred, too.

        Stored row by row whatever the denoiser's layout is: what comes back from a file
        is, too, and sums must not be taken in another order after resuming.
        """
        mean, level = self.jobs.mean, self.level
        denoise = trained(self.denoiser, x.device, self.precision)
        noisy = x + mean + self.renoise * level * self._noise(x)
        with torch.no_grad():
            images: Images = denoise(noisy, torch.full_like(self.weights, level))
        return (images.to(x) - mean).contiguous()

    def _noise(self, x: Images) -> Tensor:
        """Return white noise of level 1, an image's from its own generator; or 0."""
        if not self.renoise:
            return x.new_zeros(())
        names = [f"renoise:{seed}:{self.step}" for seed in self.jobs.seeds]
        draws = [torch.randn(x.shape[1:], generator=generator(name)) for name in names]
        return torch.stack(draws).to(x)


def _mean_colour(x: Images) -> Float[Tensor, "n c 1 1"]:
    """Return the mean of each channel of each image."""
    return x.mean(dim=(2, 3), keepdim=True)
