"""Momentum descent on a fixed schedule: the paper's solver, as published.

Mahendran & Vedaldi, arXiv 1412.0035, section 2.3, and the authors' `invert_nn.m`:

    v <- 0.9 v - rate * s^2 * gradient,    x <- x + v

The velocity is reset to 0 at every change of the rate. Rates are 0.004 times the factor
of the leg.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import torch
from torch import Tensor

from stages.images import reference_norm
from stages.preimage.objective import Objective
from stages.preimage.parameterisations.parameterisation import Colour, Parameterisation
from stages.preimage.parameterisations.pixels import Free

BASE_RATE = 0.004
MOMENTUM = 0.9

# Legs of (steps, factor): `experiment_cnn.m` and `experiment_shallow_quantitative.m`.
# `steady` departs from the paper: the first rate of `cnn` is halved, the largest tried
# by which no pre-image of AlexNet's diverges. Of twelve fitting photographs at relu3
# `cnn` loses four (mean code error .75, LPIPS vgg .62; `steady` none, .28 and .53), at
# relu5 one (.41 and .69; .34 and .67); a quarter of the rate is no better (.30, .54).
SCHEDULES: dict[str, tuple[tuple[int, float], ...]] = {
    "cnn": ((100, 1.0), (200, 0.1), (100, 0.01)),
    "steady": ((100, 0.5), (200, 0.1), (100, 0.01)),
    "region": ((200, 0.1), (200, 0.01), (200, 0.001)),
    "descriptors": ((200, 1.0), (200, 0.1), (200, 0.01), (200, 0.001)),
}


@dataclass(frozen=True)
class Paper:
    """The settings of `paper`: a schedule of legs of (steps, factor of BASE_RATE)."""

    kind: ClassVar[str] = "paper"
    schedule: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        legs = self.schedule
        if not legs or any(n < 1 or factor <= 0 for n, factor in legs):
            raise ValueError(
                f"`schedule` must list (steps, factor), both positive, got {legs}."
            )

    @property
    def n_steps(self) -> int:
        """How many steps the solver takes in all."""
        return sum(n_steps for n_steps, _ in self.schedule)

    def modules(self) -> tuple[str, ...]:
        """Return the modules that are chosen by name: none."""
        return ()

    def solver(self, mean: Colour, shape: tuple[int, int, int]) -> "MomentumDescent":
        """Return the paper's descent for images `c h w` of this shape."""
        return MomentumDescent(self, norm=reference_norm(shape))


class MomentumDescent:
    """The paper's step. `norm` is `s`, which makes its rate one of grey levels."""

    def __init__(self, settings: Paper, *, norm: float) -> None:
        self._norm = norm
        self._rates = [
            BASE_RATE * factor
            for n_steps, factor in settings.schedule
            for _ in range(n_steps)
        ]
        self._ends = set(accumulate(n_steps for n_steps, _ in settings.schedule))
        self.n_steps = settings.n_steps
        self.parameterisation: Parameterisation = Free()

    def descended(self, objective: Objective, step: int) -> Objective:
        """Return the objective itself."""
        return objective

    def slots(self, variables: Tensor) -> dict[str, Tensor]:
        """Return the memory of the solver at the start: velocity 0."""
        return {"velocity": torch.zeros_like(variables)}

    def update(
        self, variables: Tensor, gradient: Tensor, slots: dict[str, Tensor], step: int
    ) -> Tensor:
        """Return the next images; `slots` change in place."""
        velocity = slots["velocity"]
        if step in self._ends:
            velocity.zero_()
        velocity.mul_(MOMENTUM).add_(gradient, alpha=-self._rates[step] * self._norm**2)
        return variables + velocity
