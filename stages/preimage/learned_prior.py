"""The learned natural-image prior: a pull towards what a denoiser makes of the image.

    lambda ||x - D(x + sigma n, sigma)||^2 / s^2

with D's output taken as constant, so that the gradient is twice the residue, weighted:
regularisation by denoising (Romano, Elad & Milanfar, arXiv:1611.02862), re-noised as in
SNORE (Renaud et al., arXiv:2402.01779). No function has this gradient: the value is how
far the denoiser would move the image, not a potential that a descent must lower.

`sigma` falls geometrically from the first step to the last, coarse structure before
detail. The denoiser runs at every `every`-th step; in between the image is still pulled
towards what it last said, which is kept in the loop's memory beside the solver's.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stages.images import Images, PerImage

# From images in 0..255 with noise, and its level in grey levels, to images without.
Denoise = Callable[[Images, PerImage], Images]
# What the loop keeps between steps, by name.
Memory = dict[str, Tensor]
DENOISED = "denoised"


@dataclass(frozen=True)
class LearnedPrior:
    """Settings of the learned prior, for one job.

    `weight` is lambda; `first` and `last` are the noise levels at both ends of the
    descent, in grey levels; the denoiser runs at every `every`-th step, and on the
    image with noise of its level added if `renoise`.
    """

    weight: float
    first: float = 60.0
    last: float = 10.0
    every: int = 2
    renoise: bool = True

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"`weight` must not be negative, got {self.weight}.")
        if not self.first >= self.last > 0:
            raise ValueError(
                "`first` must be at least `last` and both positive, "
                f"got {self.first} and {self.last}."
            )
        if self.every < 1:
            raise ValueError(f"`every` must be at least 1, got {self.every}.")

    @property
    def form(self) -> tuple[float, float, int, bool]:
        """What the jobs of a batch share: all but the weight."""
        return self.first, self.last, self.every, self.renoise

    def sigma(self, step: int, n_steps: int) -> float:
        """Return the noise level at a step, counted from 0, in grey levels."""
        ratio = self.last / self.first
        return float(self.first * ratio ** min(step / n_steps, 1.0))

    def runs(self, step: int) -> bool:
        """Return whether the denoiser runs at this step."""
        return step % self.every == 0


@dataclass(frozen=True)
class NoiseOfJob:
    """The re-noising of one job: a generator a step, from its seed and its image.

    Nothing is carried from one draw to the next, so that neither company in the batch
    nor resuming nor the order of the jobs changes a number.
    """

    seed: int
    image: str = ""

    def at(self, step: int) -> torch.Generator:
        """Return a generator on the CPU for the noise of this step."""
        name = f"renoise:{self.image}:{self.seed}:{step}"
        digest = hashlib.sha256(name.encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def learned_slope(
    prior: LearnedPrior,
    denoise: Denoise,
    x: Images,
    *,
    weights: PerImage,
    mean: Tensor,
    norm: float,
    step: int,
    n_steps: int,
    generators: Sequence[NoiseOfJob],
    memory: Memory,
) -> tuple[PerImage, Images]:
    """Return the weighted term of every image and its gradient at the centred `x`.

    `weights` has one lambda an image, `mean` is `c 1 1` and `norm` is the objective's
    s; `prior` gives what the jobs share. `memory` changes in place at the steps at
    which the denoiser runs; it is a part of the loop's state, to be kept with it.

    Raises ValueError if it is empty at another step, or if there are not as many
    generators as images.
    """
    if len(generators) != len(x):
        raise ValueError(
            f"`generators` must be one an image ({len(x)}), got {len(generators)}."
        )
    if prior.runs(step):
        sigma = prior.sigma(step, n_steps)
        draws = generators if prior.renoise else []
        noisy = x + mean + sigma * _noise(x, draws, step)
        memory[DENOISED] = _denoised(denoise, noisy, sigma)
    if DENOISED not in memory:
        raise ValueError(
            f"`memory` must hold what was kept at step {step - step % prior.every}, "
            f"got nothing at step {step}."
        )
    residue = x + mean - memory[DENOISED]
    scale = weights / norm**2
    value = scale * residue.square().sum(dim=(1, 2, 3))
    return value, residue * (2 * scale)[:, None, None, None]


def _noise(x: Images, generators: Sequence[NoiseOfJob], step: int) -> Tensor:
    """Return white noise of level 1, an image's from its own generator; or 0."""
    if not generators:
        return x.new_zeros(())
    draws = [torch.randn(x.shape[1:], generator=g.at(step)) for g in generators]
    return torch.stack(draws).to(x)


def _denoised(denoise: Denoise, noisy: Images, sigma: float) -> Images:
    """Return what the denoiser makes of the images, in their own type.

    Stored row by row whatever the denoiser's layout is: what comes back from a file is,
    too, and sums must not be taken in another order after resuming.
    """
    with torch.no_grad():
        levels = torch.full((len(noisy),), sigma, device=noisy.device)
        return denoise(noisy, levels.to(noisy)).to(noisy).contiguous()
