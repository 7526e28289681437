"""What a step of one job takes on one core, by arithmetic, without taking one."""

from stages.plan.costs import Costs

# Of a job whatever it is, and by what is multiplied and kept.
SECONDS_A_STEP = 6e-4
MULTIPLY_ADDS_A_SECOND = 6e10
BYTES_A_SECOND = 4.4e9
# What the denoiser that comes with the project takes for a pixel of an image.
DENOISER_SECONDS_A_PIXEL = 1.8e-7


def step_seconds(cost: Costs) -> float:
    """Return the seconds that a step of one job takes on one core.

    Fitted to what AlexNet, CaffeNet and the descriptors took on AMD EPYC (AVX2): there
    and back are three times the multiply-adds, and every byte that is kept is written,
    read and written again.
    """
    return SECONDS_A_STEP + (
        3 * cost.multiply_adds / MULTIPLY_ADDS_A_SECOND + cost.bytes / BYTES_A_SECOND
    )


def denoiser_seconds(pixels: int, denoise_every: int) -> float:
    """Return what a denoiser adds to a step of one job, in seconds of one core."""
    return DENOISER_SECONDS_A_PIXEL * pixels / denoise_every
