"""The solvers' settings, with defaults for what is left out."""

from collections.abc import Sequence

from stages.preimage.adam import Fast
from stages.preimage.momentum import SCHEDULES, Paper

# Our choice, by measurement: tests/benchmarks/results.
FAST_STEPS = 400
# Grey levels a step of pixels and waves; weights of networks go by themselves; phases
# are numbers of modulus 1. Waves have one rate for all lengths of run: in 500 steps at
# twice the rate AlexNet's pool5 ends at a code error of .078 and an LPIPS alex of .299,
# at .075 and .263 without (six fitting photographs).
FAST_RATES = {
    "pixels": 16.0,
    "grounded-pixels": 16.0,
    "fourier": 8.0,
    "deep-image-prior": 0.01,
    "maco": 0.2,
}
# Those that are pixels, over a ground or not.
PIXELS = ("pixels", "grounded-pixels")
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
    `parameterisation` is `pixels`, `grounded-pixels`, `fourier`, `deep-image-prior` or
    `maco`. Raises ValueError if the steps or the rate are not positive, or the
    parameterisation is unknown.
    """
    if rate is None:
        rate = fast_rate(parameterisation)
    return Fast(steps, rate, smoothing, parameterisation)


def fast_rate(parameterisation: str) -> float:
    """Return the rate of a parameterisation, in the unit of its variables."""
    return FAST_RATES.get(parameterisation, FAST_RATES["pixels"])


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
