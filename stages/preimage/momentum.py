"""Momentum descent on a fixed schedule: the paper's solver, as published.

Mahendran & Vedaldi, arXiv 1412.0035, section 2.3, and the authors' `invert_nn.m`:

    v <- 0.9 v - rate * s^2 * gradient,    x <- x + v

The velocity is reset to 0 at every change of the rate. Rates are 0.004 times the factor
of the leg.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from stages.preimage.objective import Objective
from stages.preimage.parameterisation import Free, Parameterisation

BASE_RATE = 0.004
MOMENTUM = 0.9

# Legs of (steps, factor): `experiment_cnn.m` and `experiment_shallow_quantitative.m`.
SCHEDULES: dict[str, tuple[tuple[int, float], ...]] = {
    "cnn": ((100, 1.0), (200, 0.1), (100, 0.01)),
    "region": ((200, 0.1), (200, 0.01), (200, 0.001)),
    "descriptors": ((200, 1.0), (200, 0.1), (200, 0.01), (200, 0.001)),
}


class MomentumDescent:
    """The paper's step. `norm` is `s`; `schedule` lists legs of (steps, factor)."""

    def __init__(self, schedule: Sequence[tuple[int, float]], *, norm: float) -> None:
        if not schedule or any(n < 1 or factor <= 0 for n, factor in schedule):
            raise ValueError(
                f"`schedule` must list (steps, factor), both positive, got {schedule}."
            )
        self._norm = norm
        self._rates = [
            BASE_RATE * factor for n_steps, factor in schedule for _ in range(n_steps)
        ]
        self._ends = set(accumulate(n_steps for n_steps, _ in schedule))
        self.n_steps = len(self._rates)
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
