"""The solvers by name, made for a batch's image shape."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from stages.preimage.adam import Adam
from stages.preimage.inversion import Solver
from stages.preimage.momentum import SCHEDULES, MomentumDescent

# Our choice, by measurement: tests/benchmarks/results.
FAST_STEPS = 400
FAST_RATE = 8.0


def fast(
    mean: Float[Tensor, "c 1 1"], *, steps: int = FAST_STEPS, rate: float = FAST_RATE
) -> Solver:
    """Return Adam inside the pixel range 0..255 around the mean colour."""
    return Adam(steps, rate, low=-mean, high=255.0 - mean)


def paper(
    norm: float, *, schedule: str | Sequence[tuple[int, float]] = "cnn"
) -> Solver:
    """Return the paper's momentum descent on a named or explicit schedule."""
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            allowed = ", ".join(SCHEDULES)
            raise ValueError(f"`schedule` must be one of {allowed}; got {schedule!r}.")
        schedule = SCHEDULES[schedule]
    return MomentumDescent(schedule, norm=norm)
