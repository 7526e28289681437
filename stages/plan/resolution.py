"""Priors and solvers with all their numbers: what depends on the layer worked out."""

from collections.abc import Sequence

from stages.images import reference_norm
from stages.params.methods import ByDepth, PaperSettings, PriorSettings, SolverSettings
from stages.plan.denoisers import denoiser_file
from stages.plan.longest_wave import longest_wave
from stages.plan.representations import outline
from stages.plan.stiffness import lambda_denoiser
from stages.preimage.adam import Fast
from stages.preimage.momentum import SCHEDULES, Paper
from stages.preimage.prior_sets import ijcv_prior, natural_prior, with_denoiser
from stages.preimage.priors import Prior
from stages.preimage.solvers import PIXELS, fast_rate
from stages.representations.definition import Definition
from stages.representations.selection import Selection

# The paper's lambda_tv for the first, second and last third of a network's layers
# (arXiv 1412.0035, table 3, in the units of `stages.preimage.objective`).
LAMBDA_TV_BY_DEPTH = (0.5, 5.0, 50.0)

# Rates of the fast solver for a network's pixels in a run of FEW_STEPS: RATE over the
# depth in 0..1 plus LEAST, at most MOST; at norm1 of CaffeNet 83 grey levels a step, at
# relu2 52, at relu4 26, at fc8 16.5. They grow with the root of the steps, up to those
# of LONG_RUN. Our choice, by measurement (tests/benchmarks/results): long steps lead
# out of the poor minima that noise starts next to, but what is deep dies of longer
# ones, and a short run has no time to calm down from them.
RATE, LEAST, MOST = 12.5, 4.0, 128.0
FEW_STEPS, LONG_RUN = 200, 400

# `by-depth`: the share of a network's layers that is inverted in pixels, over a ground
# of long waves, what is deeper in waves alone. Our choice, by AlexNet at 224 pixels and
# CaffeNet at 64: up to conv2 pixels end at a lower code error, deeper waves do, or as
# low, with nearer pictures.
SHALLOW = 0.3


def prior_numbers(prior: PriorSettings, defined: Definition, layer: str) -> Prior:
    """Return the prior's numbers for a layer: `auto` and `by-depth` worked out."""
    phi = outline(defined)
    shape = phi.image_channels, defined.side, defined.side
    jitter = _jitter(prior, defined, layer)
    if prior.ijcv is not None:
        return ijcv_prior(shape, prior.ijcv, jitter)
    lambda_alpha, lambda_tv = prior.lambda_alpha, prior.lambda_tv
    if lambda_alpha == "auto":
        lambda_alpha = natural_prior(shape).lambda_alpha
    if isinstance(lambda_tv, tuple):
        lambda_tv = by_depth(lambda_tv, phi.layers, phi.name(layer))
    elif not isinstance(lambda_tv, float):
        factor = lambda_tv.by_depth if isinstance(lambda_tv, ByDepth) else 1.0
        # The published weights hold for beta = 2 and scale with s^(beta - 2).
        scale = reference_norm(shape) ** (prior.beta - 2)
        published = by_depth(LAMBDA_TV_BY_DEPTH, phi.layers, phi.name(layer))
        lambda_tv = factor * scale * published
    classical = Prior(prior.alpha, lambda_alpha, prior.beta, lambda_tv, jitter=jitter)
    return _learned(prior, classical, defined, layer)


def _learned(
    prior: PriorSettings, classical: Prior, defined: Definition, layer: str
) -> Prior:
    """Return the classical prior with the learned one besides, if it weighs."""
    weight = prior.lambda_denoiser
    if not isinstance(weight, float):
        wave = _longest_wave(prior, defined, layer)
        weight = lambda_denoiser(defined, layer, wave)
    if prior.denoiser is None or not weight:
        return classical
    return with_denoiser(
        classical,
        denoiser_file(prior.denoiser),
        weight,
        sigma=prior.sigma,
        denoise_every=prior.denoise_every,
        renoise=prior.renoise,
        longest_wave=_longest_wave(prior, defined, layer),
        mean_share=prior.mean_share,
    )


def _longest_wave(prior: PriorSettings, defined: Definition, layer: str) -> float:
    if prior.longest_wave != "auto":
        return prior.longest_wave
    return longest_wave(defined, layer)


def _jitter(prior: PriorSettings, defined: Definition, layer: str) -> int:
    """Return the jitter in pixels; `auto` is a quarter of the layer's stride (IJCV)."""
    if prior.jitter != "auto":
        return prior.jitter
    return max(round(outline(defined).geometry(layer).stride / 4), 1)


def by_depth(
    values: tuple[float, float, float], layers: Sequence[str], layer: str
) -> float:
    """Return the value for the third of the depth that the layer is in.

    Of 20 layers, the first and the second third have 6 each, as in the authors' code.
    """
    a_third = max(len(layers) // 3, 1)
    return values[min(layers.index(layer) // a_third, 2)]


def solver_numbers(
    solver: SolverSettings, defined: Definition, layer: str, selection: Selection
) -> Fast | Paper:
    """Return the solver's numbers: what `auto` is follows what is inverted."""
    if isinstance(solver, PaperSettings):
        return Paper(_schedule(solver, defined, selection))
    phi = outline(defined)
    depth = depth_of(layer=phi.name(layer), layers=phi.layers)
    name: str = solver.parameterisation
    if name == "by-depth":
        name = "grounded-pixels" if depth <= SHALLOW else "fourier"
    rate = solver.rate
    if rate is None:
        rate = fast_rate(name)
        if name in PIXELS and len(phi.layers) > 1:
            rate = rate_by_depth(depth, solver.steps)
    return Fast(solver.steps, rate, solver.smoothing, name)


def depth_of(layer: str, layers: Sequence[str]) -> float:
    """Return how deep the layer lies, from 0 for the first to 1 for the last."""
    return layers.index(layer) / max(len(layers) - 1, 1)


def rate_by_depth(depth: float, steps: int) -> float:
    """Return the rate of `fast` for the pixels of a network, in grey levels a step."""
    rate = min(RATE / depth + LEAST, MOST) if depth else MOST
    growth: float = (min(steps, LONG_RUN) / FEW_STEPS) ** 0.5
    return rate * growth


def _schedule(
    solver: PaperSettings, defined: Definition, selection: Selection
) -> tuple[tuple[int, float], ...]:
    if not isinstance(solver.schedule, str):
        return tuple(solver.schedule)
    name: str = solver.schedule
    if name == "auto":
        of_network = "cnn" if selection.window is None else "region"
        name = "descriptors" if defined.descriptor else of_network
    return SCHEDULES[name]
