"""`invert`, the door of the library: from a code to the images that have it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from stages.images import Images, PerImage, reference_norm
from stages.preimage.arguments import (
    Options,
    colour,
    fitted,
    masks,
    one_each,
    solver_settings,
    starts,
)
from stages.preimage.data_term import data_term
from stages.preimage.descent import begin, images, minimise, trace_steps
from stages.preimage.objective import Objective, objective
from stages.preimage.outcome import Outcome, outcomes
from stages.preimage.prior_sets import light_prior, natural_prior
from stages.preimage.priors import Prior, term_names
from stages.preimage.solver import Solver, SolverSettings
from stages.process.setup import set_up_process


@dataclass(frozen=True)
class Trace:
    """The weighted terms along the way: one row a recorded step, one column a job.

    `terms` has one tensor a term by its name: `data`, then the priors' (`alpha`, `tv`,
    `denoiser`). The last is the distance to what the denoiser last said: no potential.
    """

    steps: list[int]
    terms: dict[str, Tensor] = field(default_factory=dict)

    @property
    def objective(self) -> Tensor:
        """The sum of the terms."""
        return torch.stack(list(self.terms.values())).sum(dim=0)


@dataclass(frozen=True)
class Inversion:
    """What `invert` returns.

    `preimage` holds pixels in 0..255 (`paper` may leave that range), `c h w` or
    `n c h w` as the target came without or with the batch dimension; `code_error` is
    `||Phi(x) - Phi0|| / ||Phi0||` over the selected entries, one value a pre-image;
    `outcomes` say of each if it is done, has diverged or found no gradient.
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
    solver: SolverSettings | str = "fast",
    prior: Prior | None = None,
    options: Options | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> Inversion:
    """Return images whose code under `phi` is `target`.

    As fast as the pipeline, as it sets the process up in the same way, for good: freed
    memory stays with it (glibc's thresholds), and denormal numbers count as 0. A `phi`
    that is a module is not touched: the descent runs on a frozen copy, laid out for
    the CPU, if that gives the same code.

    Arguments:
        phi: any differentiable callable from pixels `n c h w` in 0..255 to codes
            `n ...`. A method `relaxed(progress)` (HOG, DSIFT) gives `fast` an easier
            stand-in on the way. `fast` also wakes codes that start switched off by
            rectifiers (`surrogate_gradient`).
        target: a code, `...` or `n ...`, on the device and of the type to compute in.
        shape: `c h w` of the image sought, in pixels.
        seed: one of the noise that starts the search, or one a target; several for
            one target give several pre-images.
        solver: `fast` or `paper`, or settings: `fast(steps=100, rate=16)`, in grey
            levels a step, `paper(schedule="region")`. What rate suits a layer of a
            network is told by `stages.plan.resolution.rate_by_depth`.
        prior: weights and exponents; if left out `natural_prior(shape)` for `paper`,
            for `fast` a weak TV alone, see `light_prior`; with a trained denoiser see
            `with_denoiser`, whose file `stages.plan.representations.embedded_file` has.
        options: mask, mean colour and precision, see `Options`.
        on_step: is told the step and their number after each.

    Returns:
        The pre-images, their code errors, the trace of the objective and the outcomes,
        see `Inversion`; on the target's device and of its type.

    Raises:
        ValueError: an argument is out of range or does not fit another, or the code
            cannot be compared with the target, or has no gradient.
        TypeError: `phi` does not return a tensor.

    Example:
        >>> import torch
        >>> from stages.preimage import fast, invert
        >>> blur = torch.nn.AvgPool2d(4)
        >>> image = torch.linspace(60, 200, 32).expand(1, 1, 32, 32)
        >>> result = invert(blur, blur(image), shape=(1, 32, 32), solver=fast(steps=60))
        >>> result.preimage.shape
        torch.Size([1, 1, 32, 32])
        >>> bool(result.code_error < 0.1)
        True
    """
    set_up_process()
    options = options or Options()
    settings = solver_settings(solver, options)
    mean = colour(options.mean, shape[0], target)
    start = starts(shape, seed).to(target)
    phi, targets, batched = fitted(phi, target, start + mean)
    start = start.expand(len(targets), -1, -1, -1)
    mask = None if options.mask is None else masks(options.mask, targets)
    aim = objective(
        data_term(phi, targets, masks=mask, precision=options.precision),
        [prior or _prior_for(settings, shape)] * len(targets),
        mean=mean,
        norm=reference_norm(shape),
        seeds=[f":{one}" for one in one_each(seed, len(targets))],
    )
    return _run((aim, settings.solver(mean, shape)), start, batched, on_step)


def _prior_for(solver: SolverSettings, shape: tuple[int, int, int]) -> Prior:
    """Return the prior of a solver: `paper` alone may leave the range of pixels."""
    return natural_prior(shape) if solver.kind == "paper" else light_prior()


def _run(
    problem: tuple[Objective, Solver],
    start: Images,
    batched: bool,
    on_step: Callable[[int, int], None] | None,
) -> Inversion:
    aim, solver = problem
    with torch.enable_grad():  # also inside the caller's no_grad
        state = begin(aim, solver, start)
        for passed in minimise(aim, solver, state):
            if on_step is not None:
                on_step(passed.step, solver.n_steps)
    terms = torch.stack(state.trace).unbind(dim=2)
    by_name = dict(zip(term_names(), terms, strict=True))
    pixels = images(solver, state.x) + aim.mean
    return Inversion(
        preimage=pixels if batched else pixels[0],
        code_error=by_name["data"][-1].sqrt(),
        trace=Trace(trace_steps(solver.n_steps), by_name),
        outcomes=outcomes(state),
    )
