"""Step rules that `fast` was weighed against: L-BFGS and Gauss-Newton, job by job.

Both keep every job on its own: its own curvature, its own line search, its own damping.
Neither is part of the project, as neither was better in the same time; the tables of
`solvers` show by how much. Both stay inside the pixel range by projection, with the
gradient of pixels held at a bound left out of the directions.
"""

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from stages.images import Images, PerImage
from stages.preimage.objective import Objective
from stages.preimage.total_variation import TotalVariation, tv_beta_and_gradient

# Grey levels of root mean square that the first step moves.
FIRST = 8.0
PAIRS, ARMIJO, SHRINK, INNER = 10, 1e-4, 0.3, 8

Bounds = tuple[Tensor, Tensor]


def _dot(a: Images, b: Images) -> PerImage:
    return (a * b).flatten(1).sum(dim=1)


def _each(values: PerImage) -> Tensor:
    return values[:, None, None, None]


def _held(x: Images, gradient: Images, bounds: Bounds) -> Tensor:
    """Return which pixels a descent would push out of their range."""
    low, high = bounds
    return ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))


def _projected(x: Images, bounds: Bounds) -> Images:
    return torch.minimum(torch.maximum(x, bounds[0]), bounds[1])


def _first(gradient: Images) -> Images:
    """Return the direction of steepest descent, FIRST grey levels long."""
    size = gradient.square().flatten(1).mean(dim=1).sqrt()
    return -gradient * _each(FIRST / size.clamp(min=1e-30))


def _quasi_newton(
    gradient: Images, pairs: deque[tuple[Images, Images, PerImage]], gamma: PerImage
) -> Images:
    """Return the L-BFGS direction (Nocedal & Wright, algorithm 7.4); rho 0: no pair."""
    q, shares = gradient.clone(), []
    for s, y, rho in reversed(pairs):
        shares.append(rho * _dot(s, q))
        q -= _each(shares[-1]) * y
    q *= _each(gamma)
    for (s, y, rho), share in zip(pairs, reversed(shares), strict=True):
        q += _each(share - rho * _dot(y, q)) * s
    return -q


def lbfgs(objective: Objective, x: Images, bounds: Bounds, evaluations: int) -> Images:
    """Return the images after so many evaluations of the objective and its gradient.

    A job whose trial does not go down far enough (Armijo) tries again a third as far,
    while the others go on: an evaluation serves all jobs, whatever each is doing.
    """
    terms, gradient = objective.terms_and_gradient(x)
    value, gamma = terms.total, torch.ones(len(x))
    pairs: deque[tuple[Images, Images, PerImage]] = deque(maxlen=PAIRS)
    direction, length = _first(gradient), torch.ones(len(x))
    for _ in range(evaluations - 1):
        trial = _projected(x + _each(length) * direction, bounds)
        terms, slope = objective.terms_and_gradient(trial)
        s, y = trial - x, slope - gradient
        good = terms.total <= value + ARMIJO * _dot(gradient, s)
        curved = good & (_dot(s, y) > 0)
        rho = torch.where(curved, 1 / _dot(s, y), 0.0)
        pairs.append((s * _each(curved), y * _each(curved), rho))
        gamma = torch.where(curved, _dot(s, y) / _dot(y, y), gamma)
        x, gradient = (
            torch.where(_each(good), new, old)
            for new, old in ((trial, x), (slope, gradient))
        )
        value = torch.where(good, terms.total, value)
        free = torch.where(_held(x, gradient, bounds), 0.0, gradient)
        fresh = _quasi_newton(free, pairs, gamma)
        downhill = _dot(fresh, free) < 0
        fresh = torch.where(_each(downhill), fresh, _first(free))
        direction = torch.where(_each(good), fresh, direction)
        length = torch.where(good, 1.0, SHRINK * length)
    return x


def gauss_newton(objective: Objective, x: Images, bounds: Bounds, outer: int) -> Images:
    """Return the images after so many damped Gauss-Newton steps of INNER CG steps each.

    The curvature of the code is `2 J'J / ||Phi0||^2`, that of TV (beta 2) its own; the
    alpha-norm's is left out. Damping rises and falls job by job (Levenberg-Marquardt).
    """
    damping, value = torch.full((len(x),), 1e-9), torch.full((len(x),), torch.inf)
    best = x
    for _ in range(outer):
        terms, gradient = objective.terms_and_gradient(x)
        better = terms.total < value
        best = torch.where(_each(better), x, best)
        value = torch.where(better, terms.total, value)
        damping = damping * torch.where(better, 0.5, 4.0)
        if not better.all():
            x = best
            _, gradient = objective.terms_and_gradient(x)
        free = ~_held(x, gradient, bounds)
        curvature = _curvature(objective, x, damping)
        x = _projected(x + _solved(curvature, -gradient * free, free), bounds)
    better = objective.terms(x).total < value
    return torch.where(_each(better), x, best)


def _curvature(
    objective: Objective, x: Images, damping: PerImage
) -> Callable[[Images], Images]:
    """Return the damped Gauss-Newton matrix as a function of a direction."""

    def code(x: Images) -> Tensor:
        return objective.data.phi(x + objective.mean)

    _, back = torch.func.vjp(code, x)
    scale = _each(2 / objective.data.energy)
    tv = objective.priors["tv"]
    assert isinstance(tv, TotalVariation)
    weight = _each(tv.weights / tv.jobs.norm**tv.beta)

    def times(v: Images) -> Images:
        _, along = torch.func.jvp(code, (x,), (v,))
        (curved,) = back(along)
        product: Images = scale * curved + weight * tv_beta_and_gradient(v, beta=2)[1]
        return product + _each(damping) * v

    return times


def _solved(matrix: Callable[[Images], Images], right: Images, free: Tensor) -> Images:
    """Return the direction after INNER steps of conjugate gradients, job by job."""
    found, residual = torch.zeros_like(right), right
    direction, square = right, _dot(right, right)
    for _ in range(INNER):
        product = matrix(direction) * free
        step = square / _dot(direction, product).clamp(min=1e-30)
        found = found + _each(step) * direction
        residual = residual - _each(step) * product
        next_square = _dot(residual, residual)
        direction = residual + _each(next_square / square.clamp(min=1e-30)) * direction
        square = next_square
    return found
