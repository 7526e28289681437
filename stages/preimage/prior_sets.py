"""Published sets of priors, as weights and exponents for images of a shape."""

import math
from dataclasses import replace

from stages.images import reference_norm
from stages.preimage.priors import Number, Prior
from stages.representations.definition import WeightsFile

# IJCV 2016: the largest norm of a natural colour, and its steepest gradient.
IJCV_COLOUR = 80.0
IJCV_GRADIENT = IJCV_COLOUR / 6.5

# How hard a denoiser's prior draws the mean colour to that of photographs. Our choice,
# by trials on 24 fitting photographs with 0, .0005, .001 and .003. AlexNet's pool5: on
# average 13, 5 and 3 grey levels too dark and 2 too light, mean square error 3175,
# 2946, 2984 and 3261, code error .106, .108, .109 and .113, LPIPS vgg .576, .582,
# .583 and .587. Relu5: 15, 6 and 3 too dark, 2689, 2476 and 2530, code error .104 (.106
# in another run), .107 and .108, LPIPS vgg .527, .530 and .530.
MEAN_SHARE = 0.0005


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


def with_denoiser(
    prior: Prior,
    file: WeightsFile,
    weight: float,
    *,
    sigma: tuple[float, float] = (60.0, 5.0),
    denoise_every: int = 2,
    renoise: float = 1.0,
    longest_wave: float = 32.0,
    mean_share: float = MEAN_SHARE,
) -> Prior:
    """Return the prior with the pull of a denoiser besides, see `learned_prior`.

    `weight` is lambda_denoiser at the first step and a code error of 1, which
    `stages.plan.stiffness` derives for a layer; `sigma` are the first and the last
    noise level in grey levels; `renoise` is how much noise is added, as a share of it;
    `mean_share` is how hard the mean colour is drawn to that of photographs.
    The denoiser is heard on waves shorter than `longest_wave` pixels, and the prior's
    TV is then of the others alone: half of what a cell of the code sees suits, as
    `stages.plan.longest_wave` has it. Defaults are our choice, by trials on AlexNet: a
    last level of 5 and not 10 takes relu5's code error from .144 to .136, pool5's from
    .147 to .141, with as near pictures (20 fitting photographs).

    Raises ValueError if the weight is no number of at least 0; `invert` does for the
    others.
    """
    if not isinstance(weight, int | float) or not 0 <= weight < math.inf:
        raise ValueError(f"`weight` must be a number of at least 0, got {weight!r}.")
    numbers: dict[str, Number] = {
        "lambda_denoiser": weight,
        "denoiser": file,
        "sigma": sigma,
        "denoise_every": denoise_every,
        "renoise": renoise,
        "mean_share": mean_share,
    }
    further = (*prior.further, *numbers.items())
    return replace(prior, longest_wave=longest_wave, further=further)


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
