"""The learned natural-image prior: a pull towards what a denoiser makes of the image.

    pull = lambda_denoiser w ||grad|| r / ||r||,   r = Q (x - D(x + sigma n, sigma))

is added to `grad`, the gradient of the data term. It points along the residue of the
denoiser D, as in regularisation by denoising (Romano, Elad & Milanfar,
arXiv:1611.02862), re-noised as in SNORE (Renaud et al., arXiv:2402.01779). No function
has this gradient: the value, `lambda_denoiser w ||grad|| ||r|| / 2`, is that of the
square of `r` which would, were `grad` and D's output constant. A descent need not lower
it.

Departs from both in what measures the pull, and in what is left out of it. It is a
share of what the code asks for, at every step and for each job: codes that are sharp or
blunt, of few numbers or of many, need no weight of their own, and the pull never
overtakes the code, however well that is met. A weight on `||r||^2` has to be found anew
for each layer, and what suits the first steps is too much for the last. `Q` leaves out
waves longer than COARSE pixels. Noise hides no wave that long, so a
denoiser has nothing to say about it, and what it says is its bias. Few layers see those
waves well, and a descent of waves steps far along them: the bias would shift colours
and light, and cost code error.

`sigma` falls geometrically from the first step to the last, coarse structure before
detail. The share `w` falls, too: on a line with time, from 1 to LAST, times the root of
the relative code error, at most 1. Early, while little is settled, the prior decides
which of the images that share the code is found; late, or where the code is met, the
code has the last word. The denoiser runs at every `denoise_every`-th step; in between
the image is pulled towards what it last said, which goes into checkpoints.
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

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

# One number an image, to be multiplied with it.
Factor = Float[Tensor, "n 1 1 1"]

# The share of the weight that time leaves at the end. Our choice, by trials at
# AlexNet's relu5. Above 0, so that the term still tells something at the end.
LAST = 0.05

# A residue shorter than this, in grey levels a pixel, pulls less in proportion: where
# the denoiser has nothing to say, its rounding must not be magnified. Our choice, well
# below the residues of re-noised images.
QUIET = 0.1

# The wavelength, in pixels, from which the denoiser is not heard. Our choice.
COARSE = 32.0


@dataclass(frozen=True)
class LearnedPrior(PriorTerm):
    """The pull of the denoiser of a file on each of the centred images.

    `weights` are the pull's norm over that of the data term's gradient, at the first
    step and a code error of 1; norms are over the pixels of an image.
    `sigma` are the noise levels at both ends of the descent, in grey levels; the noise
    is added, at the level that the denoiser is told, if `renoise`. It is drawn for each
    job by its seed and the step alone: nothing is carried from one draw to the next.
    `strength` is each job's norm of the pull by the data term, a number a grey level;
    None until `beside` tells it.

    Raises ValueError if the levels do not fall or are not positive, if it would run at
    no step, or if there are not as many seeds as jobs.
    """

    relative: ClassVar[bool] = True

    denoiser: WeightsFile
    sigma: tuple[float, float]
    denoise_every: int
    renoise: bool
    step: int = 0
    n_steps: int = 1
    precision: torch.dtype = torch.float32
    strength: PerImage | None = None

    def __post_init__(self) -> None:
        first, last = self.sigma
        if not first >= last > 0:
            raise ValueError(
                f"`sigma` must not rise and be positive, got {first} and {last}."
            )
        if self.denoise_every < 1:
            raise ValueError(
                f"`denoise_every` must be at least 1, got {self.denoise_every}."
            )
        if self.renoise and len(self.jobs.seeds) != len(self.weights):
            raise ValueError(
                f"`seeds` must be one a job ({len(self.weights)}), "
                f"got {len(self.jobs.seeds)}."
            )

    def at(self, step: int, n_steps: int) -> "LearnedPrior":
        """Return the term of this step, in 0..n_steps, the last after the descent."""
        return replace(self, step=step, n_steps=n_steps)

    def beside(self, data: PerImage, gradient: Images) -> "LearnedPrior":
        """Return the term that pulls as hard as these data terms leave it to.

        That is, in proportion to the norm of their gradient and, up to 1, to the root
        of the code error, the fourth root of the data term.
        """
        share = data.detach().clamp(max=1).pow(1 / 4)
        return replace(self, strength=share * _norms(gradient))

    def in_precision(self, precision: torch.dtype) -> "LearnedPrior":
        """Return the term whose denoiser computes in this precision."""
        return replace(self, precision=precision)

    @property
    def level(self) -> float:
        """The noise level of the step, in grey levels."""
        first, last = self.sigma
        return float(first * (last / first) ** (self.step / self.n_steps))

    @property
    def fading(self) -> float:
        """The share of the weight that time leaves at the step, from 1 down to LAST."""
        return 1 - (1 - LAST) * self.step / self.n_steps

    def memory(self, x: Images) -> Memory:
        """Return room for what the denoiser says; until it runs, for nothing useful."""
        return {DENOISED: torch.full_like(x, torch.nan)}

    def value(self, x: Images) -> PerImage:
        """Return the weighted distance to what the denoiser makes of the images now."""
        return self._towards(self._denoised(x), x)[0]

    def value_and_gradient(
        self, x: Images, memory: Memory
    ) -> tuple[PerImage, Images, Factor]:
        """Return the weighted distance, its residue, and the factor that weights it.

        To what is in the `memory`, renewed in place where the denoiser runs.
        """
        if self.step % self.denoise_every == 0:
            memory[DENOISED].copy_(self._denoised(x))
        return self._towards(memory[DENOISED], x)

    def _towards(self, denoised: Images, x: Images) -> tuple[PerImage, Images, Factor]:
        residue = _fine(x - denoised)
        length, pull = _norms(residue), self._pull
        factor = pull / length.clamp(min=QUIET * math.sqrt(x[0].numel()))
        return factor * length.square() / 2, residue, factor[:, None, None, None]

    @property
    def _pull(self) -> PerImage:
        """The norm of each job's pull."""
        if self.strength is None:
            raise ValueError(
                "`beside` must say what the data term is, to weigh against."
            )
        pull: PerImage = self.strength * self.weights * self.fading
        return pull

    def _denoised(self, x: Images) -> Images:
        """Return what the denoiser makes of the centred images, centred, too.

        Stored row by row whatever the denoiser's layout is: what comes back from a file
        is, too, and sums must not be taken in another order after resuming.
        """
        mean, level = self.jobs.mean, self.level
        denoise = trained(self.denoiser, x.device, self.precision)
        noisy = x + mean + level * self._noise(x)
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


def _norms(images: Images) -> PerImage:
    """Return the Euclidean norm of each image."""
    norms: PerImage = images.flatten(1).norm(dim=1)
    return norms


def _fine(residue: Images) -> Images:
    """Return what of a residue the denoiser is heard on."""
    return without_coarse(residue, COARSE)
