"""Inversion: from a code back to the images that have it.

`invert` is all that a user needs; it knows nothing of params, files or DVC. Below it:

- `priors`      alpha-norm and TV^beta
- `data_term`   code distance, one value a job
- `surrogate_gradient`  ReLUs that a descent can see through
- `objective`   code distance plus priors
- `start`       noise of natural energy
- `prior_sets`  published weights of the priors
- `jitter`      shifts on the way
- `parameterisation`, `deep_image_prior`  pixels, waves or a network's weights
- `momentum`    the paper's solver
- `adam`        the fast solver
- `solvers`     both by name
- `inversion`   the loop and its trace
- `state`       what the loop keeps between steps
- `outcome`     done, diverged or without a gradient
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stages.images import Images, PerImage, reference_norm
from stages.preimage.inversion import Solver, begin, images, minimise, trace_steps
from stages.preimage.objective import Objective, objective
from stages.preimage.outcome import Outcome, outcomes
from stages.preimage.prior_sets import ijcv_prior, natural_prior
from stages.preimage.priors import Prior
from stages.preimage.solvers import fast, paper
from stages.preimage.start import noise

__all__ = ["Inversion", "Prior", "Trace", "ijcv_prior", "invert", "natural_prior"]


@dataclass(frozen=True)
class Trace:
    """The weighted terms along the way: one row a recorded step, one column a job."""

    steps: list[int]
    data_term: Tensor
    alpha_term: Tensor
    tv_term: Tensor

    @property
    def objective(self) -> Tensor:
        """The sum of the three terms."""
        return self.data_term + self.alpha_term + self.tv_term


@dataclass(frozen=True)
class Inversion:
    """What `invert` found.

    `preimage` holds pixels in 0..255 (`paper` may leave that range), `c h w` or
    `n c h w` as the target came without or with the batch dimension; `code_error` is
    `||Phi(x) - Phi0|| / ||Phi0||` over the selected entries, one value a pre-image.
    """

    preimage: Tensor
    code_error: PerImage
    trace: Trace
    outcomes: list[Outcome]


def invert(
    phi: Callable[[Images], Tensor],
    target: Tensor,
    *,
    shape: tuple[int, int, int],
    seed: int | Sequence[int] = 0,
    solver: str = "fast",
    steps: int | None = None,
    rate: float | None = None,
    smoothing: float | None = None,
    parameterisation: str | None = None,
    schedule: str | Sequence[tuple[int, float]] | None = None,
    prior: Prior | None = None,
    mean: float | Sequence[float] = 128.0,
    mask: Tensor | None = None,
    precision: torch.dtype = torch.float32,
    on_step: Callable[[int, int], None] | None = None,
) -> Inversion:
    """Return images whose code under `phi` is `target`.

    `phi` is any differentiable callable from pixels `n c h w` in 0..255 to codes
    `n ...`. `target` is a code with or without the batch dimension, on the device and
    of the type to compute in; `shape` is the `c h w` of the image sought. Several seeds
    for one target give several pre-images.

    `solver` is `fast` or `paper`; what is left out of their options has a default. Of
    `fast`: `steps`; `rate`, grey levels a step to begin with (for pixels 16; what suits
    a layer of a network is `stages.resolved.rate_by_depth`); `smoothing`, the weight of
    TV to begin with (5); `parameterisation` (`pixels`, `fourier`, `deep-image-prior`).
    Of `paper`: `schedule` (`cnn`, `region`, `descriptors` or legs of (steps, factor of
    0.004)).

    `prior` is `natural_prior(shape)` if left out. `mean` is the colour at which the
    priors are smallest. `mask` (the shape of one code) is 1 where the code must match
    and 0 elsewhere. `on_step` is told the step and their number. `precision` is what
    `fast` computes `phi` in but for its last steps: bfloat16 pays where it is native.
    `fast` relaxes a `phi` with a method `relaxed(progress)` (HOG, DSIFT), and wakes
    codes that start switched off by ReLUs (`surrogate_gradient`).

    Raises ValueError if the code cannot be compared with the target or has no gradient,
    TypeError if `phi` does not return a tensor.
    """
    seeds = [int(s) for s in (seed if isinstance(seed, Sequence) else [seed])]
    if not seeds:
        raise ValueError("`seed` must be a seed or a list of at least one, got none.")
    centre = _column(mean, shape[0], target)
    start = torch.stack([noise(shape, s) for s in seeds]).to(target)
    targets, batched = _batch(phi, target, start + centre)
    start = start.expand(len(targets), -1, -1, -1)
    problem = objective(
        phi,
        targets,
        [prior or natural_prior(shape)] * len(targets),
        mean=centre,
        norm=reference_norm(shape),
        masks=None if mask is None else _masks(mask, targets),
        precision=precision,
    )
    options = _given(
        steps=steps,
        rate=rate,
        smoothing=smoothing,
        parameterisation=parameterisation,
        schedule=schedule,
        precision=None if precision == torch.float32 else precision,
    )
    rule = _solver(solver, options, centre, shape)
    return _run(problem, rule, start, batched, on_step)


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that are not None."""
    return {name: value for name, value in options.items() if value is not None}


def _masks(mask: Tensor, targets: Tensor) -> Tensor:
    if mask.shape != targets.shape[1:]:
        raise ValueError(
            f"`mask` must have the shape of one code, {tuple(targets.shape[1:])}, "
            f"got {tuple(mask.shape)}."
        )
    return mask.to(targets).expand_as(targets)


def _column(mean: float | Sequence[float], channels: int, like: Tensor) -> Tensor:
    values = [mean] * channels if isinstance(mean, int | float) else list(mean)
    if len(values) != channels:
        raise ValueError(f"`mean` must have {channels} values, got {len(values)}.")
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None, None]


def _batch(
    phi: Callable[[Images], Tensor], target: Tensor, start: Images
) -> tuple[Tensor, bool]:
    """Return the target with one row a pre-image, and if it came in a batch."""
    with torch.no_grad():
        code = phi(start)
    n_dimensions = code.dim() if isinstance(code, Tensor) else target.dim()
    batched = target.dim() == n_dimensions
    targets = target if batched else target[None]
    if len(targets) == 1:
        targets = targets.expand(len(start), *targets.shape[1:])
    if len(start) not in (1, len(targets)):
        raise ValueError(
            f"`seed` must be one seed or one a target ({len(targets)}), "
            f"got {len(start)}."
        )
    return targets.detach(), batched or len(targets) > 1


def _solver(
    name: str, options: dict[str, Any], mean: Tensor, shape: tuple[int, int, int]
) -> Solver:
    if name not in ("fast", "paper"):
        raise ValueError(f"`solver` must be one of fast, paper; got {name!r}.")
    for option, value in options.items():
        owner = "paper" if option == "schedule" else "fast"
        if owner != name:
            raise ValueError(
                f"`{option}` belongs to {owner}, got {value!r} for {name}."
            )
    options.pop("precision", None)  # the objective's
    if name == "fast":
        return fast(mean, shape=shape, **options)
    return paper(reference_norm(shape), **options)


def _run(
    problem: Objective,
    solver: Solver,
    start: Images,
    batched: bool,
    on_step: Callable[[int, int], None] | None,
) -> Inversion:
    with torch.enable_grad():  # also inside the caller's no_grad
        state = begin(problem, solver, start)
        for passed in minimise(problem, solver, state):
            if on_step is not None:
                on_step(passed.step, solver.n_steps)
    terms = torch.stack(state.trace).unbind(dim=2)
    pixels = images(solver, state.x) + problem.mean
    return Inversion(
        preimage=pixels if batched else pixels[0],
        code_error=terms[0][-1].sqrt(),
        trace=Trace(trace_steps(solver.n_steps), *terms),
        outcomes=outcomes(state),
    )
