"""The solvers' settings, with defaults for what is left out."""

from collections.abc import Sequence

from stages.preimage.adam import Fast
from stages.preimage.momentum import SCHEDULES, Paper

# Our choice, by measurement: tests/benchmarks/results.
FAST_STEPS = 400
# Grey levels a step of pixels and waves; weights of networks go by themselves; phases
# are numbers of modulus 1.
FAST_RATES = {"pixels": 16.0, "fourier": 8.0, "deep-image-prior": 0.01, "maco": 0.2}
# Waves: the steps that their rate holds for. It grows with them, up to twice the rate:
# in 500 steps AlexNet's relu3 ends at .068 with it and at .080 without, relu5 at .093
# and .103, pool5 at .104 and .116, with as near pictures (20 fitting photographs).
WAVE_STEPS = 250
# The weight of TV to begin with.
FAST_SMOOTHING = 5.0


def fast(
    *,
    steps: int = FAST_STEPS,
    rate: float | None = None,
    smoothing: float = FAST_SMOOTHING,
    parameterisation: str = "pixels",
) -> Fast:
    """Return the settings of Adam inside the pixel range, the fast solver.

    `rate` is in grey levels a step to begin with, `fast_rate` if left out;
    `smoothing` is the weight of TV to begin with, where the prior has some;
    `parameterisation` is `pixels`, `fourier`, `deep-image-prior` or `maco`. Raises
    ValueError if the steps or the rate are not positive, or the parameterisation is
    unknown.
    """
    if rate is None:
        rate = fast_rate(parameterisation, steps)
    return Fast(steps, rate, smoothing, parameterisation)


def fast_rate(parameterisation: str, steps: int) -> float:
    """Return the rate of so many steps: in the variables' unit, to begin with."""
    rate = FAST_RATES.get(parameterisation, FAST_RATES["pixels"])
    growth = steps / WAVE_STEPS if parameterisation == "fourier" else 1.0
    return rate * min(max(growth, 1.0), 2.0)


def paper(schedule: str | Sequence[tuple[int, float]] = "cnn") -> Paper:
    """Return the settings of the paper's momentum descent.

    `schedule` is `cnn`, `region` or `descriptors`, or legs of (steps, factor of 0.004).
    Raises ValueError if there is no such schedule, or a number in it is not positive.
    """
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            allowed = ", ".join(SCHEDULES)
            raise ValueError(f"`schedule` must be one of {allowed}; got {schedule!r}.")
        return Paper(SCHEDULES[schedule])
    return Paper(tuple((n_steps, factor) for n_steps, factor in schedule))
