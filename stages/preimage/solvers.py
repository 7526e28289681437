"""The solvers by name, made for a batch's image shape."""

from collections.abc import Sequence

from stages.preimage.adam import Adam
from stages.preimage.deep_image_prior import DeepImagePrior
from stages.preimage.inversion import Solver
from stages.preimage.momentum import SCHEDULES, MomentumDescent
from stages.preimage.parameterisation import Colour, Fourier, Pixels

# Our choice, by measurement: tests/benchmarks/results.
FAST_STEPS = 400
# Grey levels a step of pixels and waves; weights of networks go by themselves.
FAST_RATES = {"pixels": 16.0, "fourier": 8.0, "deep-image-prior": 0.01}
# The weight of TV to begin with.
FAST_SMOOTHING = 5.0


def fast(
    mean: Colour,
    *,
    shape: tuple[int, int, int] | None = None,
    steps: int = FAST_STEPS,
    rate: float | None = None,
    smoothing: float = FAST_SMOOTHING,
    parameterisation: str = "pixels",
) -> Solver:
    """Return Adam inside the pixel range 0..255 around the mean colour.

    `parameterisation` is `pixels`, `fourier` or `deep-image-prior`; the last two need
    the images' `shape`. `rate` is that of FAST_RATES if left out; `smoothing` is the
    weight of TV to begin with, where the prior has some.
    """
    low, high = -mean, 255.0 - mean
    if parameterisation not in FAST_RATES:
        raise ValueError(
            f"`parameterisation` must be one of {', '.join(FAST_RATES)}; "
            f"got {parameterisation!r}."
        )
    rate = FAST_RATES[parameterisation] if rate is None else rate
    if parameterisation == "pixels":
        return Adam(steps, rate, Pixels(low, high), smoothing)
    if shape is None:
        raise ValueError(f"`shape` is needed for {parameterisation}.")
    made = Fourier if parameterisation == "fourier" else DeepImagePrior
    return Adam(steps, rate, made(low, high, shape), smoothing)


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
