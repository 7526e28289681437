"""Published sets of priors, as weights and exponents for images of a shape."""

import math
from dataclasses import replace

from stages.images import reference_norm
from stages.preimage.priors import Number, Prior
from stages.preimage.solvers import PIXELS
from stages.representations.definition import WeightsFile

# IJCV 2016: the largest norm of a natural colour, and its steepest gradient.
IJCV_COLOUR = 80.0
IJCV_GRADIENT = IJCV_COLOUR / 6.5

# How hard a learned prior pulls to begin with, as a share of how hard the code does.
# Our choice, by trials on fitting photographs. Code error and LPIPS vgg, waves: twelve
# at AlexNet with shares of .5, .6 and .7 (in brackets without): conv3 .056 .437, .053
# .432, .055 .432; relu3 .072 .450, .069 .445, .069 .446; relu5 .089 .559, .092 .559,
# .094 .558; pool5 .099 .607, .102 .602, .107 .604 (.111 .627); of twenty at CaffeNet
# with .5 and .7: relu4 .043 .418, .043 .424; fc6 .046 .558, .044 .555. Six others of
# AlexNet at .5 and 1: relu3 .075 .466, .068 .452; pool5 .106 .610 at .5. Pixels at 1.5,
# 2 and 3: AlexNet's pool1 .097 .284, .097 .277, .098 .278; CaffeNet's pool1 .062 .117,
# .069 .124, .065 .114, relu2 .041 .220, .042 .211, .047 .216.
IN_PIXELS, IN_WAVES = 1.5, 0.6


def natural_prior(shape: tuple[int, int, int], lambda_tv: float = 0.05) -> Prior:
    """Return the paper's alpha-norm and a TV^2 of weight `lambda_tv` for this shape.

    The alpha-norm's coefficient is constant in pixel units, 4e-10 sum |x|^6 / s^2
    (the authors' 8e-10 halved), so lambda_alpha = 4e-10 s^4. The default `lambda_tv` is
    a tenth of the paper's smallest, 0.5: our choice, tests/benchmarks/results.
    """
    return Prior(lambda_alpha=4e-10 * reference_norm(shape) ** 4, lambda_tv=lambda_tv)


def light_prior(lambda_tv: float = 0.05) -> Prior:
    """Return a weak TV^2 alone, for `fast`, which keeps pixels in their range.

    Departs from the paper: its alpha-norm holds pixels in range by weight, and takes
    contrast from those inside. Where the range is kept anyway, leaving it out lowers
    the code error of AlexNet's conv1 from .069 to .019, pool1's from .129 to .118 with
    3.3 dB more PSNR, relu2's from .097 to .083 with 2.2 dB more; relu5 stays as it is
    (twelve fitting photographs).
    """
    return Prior(lambda_tv=lambda_tv)


def lambda_denoiser(parameterisation: str) -> float:
    """Return the weight of a learned prior that suits what the solver moves."""
    return IN_PIXELS if parameterisation in PIXELS else IN_WAVES


def with_denoiser(
    prior: Prior,
    file: WeightsFile,
    weight: float,
    *,
    sigma: tuple[float, float] = (60.0, 5.0),
    denoise_every: int = 2,
    renoise: bool = True,
) -> Prior:
    """Return the prior with the pull of a denoiser besides, see `learned_prior`.

    `weight` is the norm of the pull over that of the code's gradient at the first step
    and a code error of 1, see `lambda_denoiser`; `sigma` are the first and the last
    noise level in grey levels. Defaults are our choice, by trials on AlexNet: a last
    level of 5 and not 10 takes relu5's code error from .144 to .136, pool5's from .147
    to .141, with as near pictures (20 fitting photographs).
    """
    numbers: dict[str, Number] = {
        "lambda_denoiser": weight,
        "denoiser": file,
        "sigma": sigma,
        "denoise_every": denoise_every,
        "renoise": renoise,
    }
    return replace(prior, further=(*prior.further, *numbers.items()))


def ijcv_prior(
    shape: tuple[int, int, int], code_weight: float = 100.0, jitter: int = 0
) -> Prior:
    """Return the priors of the journal extension for this shape.

    Mahendran & Vedaldi, IJCV 2016 (arXiv 1512.02017), section 3, with their `C` as
    `code_weight` (1, 20, 100 and 300 in the authors' code):
    C data + 1/(h w) sum (|colour|/B)^6 + 1/(h w) sum (|gradient|/V)^2 with B = 80 and
    V = B/6.5. Ours is the same divided by C.
    Departs from the paper: the pixels stay inside 0..255, not their colours inside 2B.
    """
    norm, pixels = reference_norm(shape), math.prod(shape[1:])
    shared = 1 / (code_weight * pixels)
    return Prior(
        lambda_alpha=shared * (norm / IJCV_COLOUR) ** 6,
        lambda_tv=shared * (norm / IJCV_GRADIENT) ** 2,
        of_colours=True,
        jitter=jitter,
    )
