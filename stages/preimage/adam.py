"""Adam with a cosine rate: the `fast` solver.

Kingma & Ba, arXiv 1412.6980, with a cosine rate (Loshchilov & Hutter, arXiv 1608.03983,
one period, once the rate was held for as long as suits the parameterisation), and a
memory that grows with the steps passed, as in accelerated descent (Nesterov 1983). Each
step is projected onto what the parameterisation allows, such as the pixel range, as no
image lies outside it.
"""

import math
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import ClassVar

import torch
from torch import Tensor

from stages.preimage.objective import Objective
from stages.preimage.parameterisations import module_of, parameterisation
from stages.preimage.parameterisations.parameterisation import Colour, Parameterisation

# How many steps both moments remember: an eighth of those passed, within bounds. Our
# choice, by measurement (tests/benchmarks/results): a long memory (0.95) in a run of 50
# steps drags the noise of the start along, and at conv1 needs eight times the steps for
# the same error; a short one (0.8) in a run of 400 ends at fc8 at 1.4 times the error.
# Of squares it is as short: (0.9, 0.999) ends at 1.3 times the error of HOGb.
MEMORY_SHARE, SHORTEST, LONGEST = 1 / 8, 2.5, 20.0
EPSILON = 1e-8

# The share of the steps over which the weight of TV falls to the prior's own.
SMOOTHED = 0.8

# The share of the steps that may be taken in a lower precision, where there is one. The
# last are in float32, so that what rounding cost is made good.
REDUCED = 0.9


@dataclass(frozen=True)
class Fast:
    """The settings of `fast`, all resolved; `solvers.fast` has defaults for them.

    `steps` at least 1; `rate` is the first step in grey levels (in weights, for Deep
    Image Prior), falling to 0; `smoothing` is the weight of TV to begin with, which
    falls to the prior's own; `parameterisation` is one of `parameterisations`.
    """

    kind: ClassVar[str] = "fast"
    steps: int
    rate: float
    smoothing: float
    parameterisation: str

    def __post_init__(self) -> None:
        if self.steps < 1 or self.rate <= 0:
            raise ValueError(
                "`steps` and `rate` must be positive, "
                f"got {self.steps} and {self.rate}."
            )
        module_of(self.parameterisation)

    @property
    def n_steps(self) -> int:
        """How many steps the solver takes in all."""
        return self.steps

    def modules(self) -> tuple[str, ...]:
        """Return the modules that are chosen by name: that of the parameterisation."""
        return (module_of(self.parameterisation),)

    def solver(self, mean: Colour, shape: tuple[int, int, int]) -> "Adam":
        """Return Adam inside the pixel range 0..255 around the mean colour."""
        low, high = -mean, 255.0 - mean
        return Adam(self, parameterisation(self.parameterisation, low, high, shape))


class Adam:
    """Adam with a cosine rate from the settings' `rate` a step down to 0.

    Adam is blind to the scale of the objective, so no norm enters. It descends on a
    relaxed representation, where there is one, and from coarse to fine: the weight of
    TV falls from `smoothing` to the prior's own.
    """

    def __init__(self, settings: Fast, parameterisation: Parameterisation) -> None:
        self.n_steps, self._rate = settings.steps, settings.rate
        self._smoothing = settings.smoothing
        self.parameterisation = parameterisation
        # What is left of the moments' start, 0, after each step.
        self._forgotten = list(accumulate(map(kept, range(self.n_steps)), mul))

    def descended(self, objective: Objective, step: int) -> Objective:
        """Return the objective relaxed, smoothed and rounded, less and less."""
        progress = step / self.n_steps
        relaxed = objective.relaxed(progress)
        smoothed = relaxed.smoothed(self._smoothing, progress / SMOOTHED)
        return smoothed.in_reduced_precision() if progress < REDUCED else smoothed

    def slots(self, variables: Tensor) -> dict[str, Tensor]:
        """Return the memory of the solver at the start: both moments 0."""
        return {
            "mean": torch.zeros_like(variables),
            "square": torch.zeros_like(variables),
        }

    def update(
        self, variables: Tensor, gradient: Tensor, slots: dict[str, Tensor], step: int
    ) -> Tensor:
        """Return the next variables; `slots` change in place."""
        mean, square = slots["mean"], slots["square"]
        share = 1 - kept(step)
        mean.lerp_(gradient, share)
        square.mul_(1 - share).addcmul_(gradient, gradient, value=share)
        progress = step / self.n_steps
        rate = self._rate * falling(progress, self.parameterisation.held)
        # Both moments' corrections go into the stride, which saves a pass.
        correction = math.sqrt(1 - self._forgotten[step])
        scale = square.sqrt().add_(EPSILON * correction)
        moved = torch.addcdiv(variables, mean, scale, value=-rate / correction)
        return self.parameterisation.project(moved)


def falling(progress: float, held: float) -> float:
    """Return the share of the rate at `progress`, 0..1: a cosine once it was held."""
    passed = max(progress - held, 0.0) / (1 - held)
    return (1 + math.cos(math.pi * passed)) / 2


def kept(step: int) -> float:
    """Return the share of the moments that a step keeps, Adam's two betas in one."""
    return 1 - 1 / min(max(MEMORY_SHARE * (step + 1), SHORTEST), LONGEST)
