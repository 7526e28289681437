"""The loop that turns an objective and a solver into pre-images.

Jobs share the loop but not their fate: one whose objective stops being finite keeps
its last finite image, one without a gradient keeps its start, and neither touches the
bytes of its neighbours. The loop's state is a handful of tensors, so that a run can be
written to disk at any step and go on from there to the same bytes.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Bool
from torch import Tensor

from stages.images import Images
from stages.preimage.jitter import offsets
from stages.preimage.objective import Objective, Terms
from stages.preimage.solver import Solver
from stages.preimage.state import Flags, State, mark_lost, retire, rows
from stages.preimage.surrogate_gradient import asleep

# Where a representation is relaxed, each point costs a forward pass.
TRACE_POINTS = 30


def trace_steps(n_steps: int) -> list[int]:
    """Return the steps whose terms are recorded: evenly spread, first and last in."""
    n_points = min(TRACE_POINTS, n_steps + 1)
    return sorted({round(i * n_steps / (n_points - 1)) for i in range(n_points)})


def begin(objective: Objective, solver: Solver, start: Images) -> State:
    """Return the state before the first step, with dead gradients marked."""
    none = torch.full((len(start),), -1, device=start.device)
    x = solver.parameterisation.variables(start.detach().clone())
    shown = images(solver, x)
    return State(
        x=x,
        previous=x,
        slots=solver.slots(x),
        step=0,
        broken_step=none,
        broken_term=none.clone(),
        dead=_dead(solver.descended(objective, 0), shown),
        trace=[],
        memory=objective.memory(shown),
    )


def images(solver: Solver, variables: Tensor) -> Images:
    """Return the centred images that the variables of the solver stand for."""
    with torch.no_grad():
        return solver.parameterisation.images(variables)


def _dead(objective: Objective, x: Images) -> Flags:
    """Return which jobs have a data term above 0 without a gradient to follow."""
    return asleep(*objective.data.value_and_gradient(x + objective.mean))


def minimise(objective: Objective, solver: Solver, state: State) -> Iterator[State]:
    """Advance the state to the solver's last step, yielding it after every step.

    The state is changed in place. After the last step the terms at the final images
    are added to the trace, and jobs whose code has no gradient there are marked.
    """
    recorded = set(trace_steps(solver.n_steps))
    while state.step < solver.n_steps:
        own = objective.at(state.step, solver.n_steps)
        descended = _descended(own, solver, state.step)
        terms, gradient = _terms_and_gradient(descended, solver, state)
        if state.step in recorded:
            terms_here = _own_terms(own, (descended, terms), solver, state.x)
            state.trace.append(terms_here.stacked())
        _step(solver, state, terms, gradient)
        yield state
    objective = objective.at(solver.n_steps, solver.n_steps)
    terms = _terms(objective, solver, state.x)
    standing = state.alive
    retire(state, _finite(terms, torch.zeros_like(state.x)))
    if len(state.trace) < len(recorded):
        if not torch.equal(standing, state.alive):
            # A job went back to its last good image: its terms are those of another.
            terms = _terms(objective, solver, state.x)
        state.trace.append(terms.stacked())
    mark_lost(state, _dead(objective, images(solver, state.x)))
    yield state


def _descended(objective: Objective, solver: Solver, step: int) -> Objective:
    """Return what a step descends on: the solver's choice, with the prior's jitter."""
    objective = solver.descended(objective, step)
    return objective.shifted(*offsets(objective.jitter, step, solver.n_steps))


def _own_terms(
    objective: Objective, passed: tuple[Objective, Terms], solver: Solver, x: Tensor
) -> Terms:
    """Return the objective's own terms at `x`, from what was descended on and its.

    Where priors only weighed more, a division gives them; else they cost a forward
    pass.
    """
    descended, terms = passed
    if descended.data.phi is not objective.data.phi:
        return _terms(objective, solver, x)
    own = Terms(terms)
    for name, term in objective.priors.items():
        heavier = descended.priors[name]
        if term is not None and heavier is not None and heavier is not term:
            # A job that does not weigh a prior has no share, and no term.
            share = (term.weights / heavier.weights).nan_to_num(0)
            own[name] = terms[name] * share
    return own


def _terms(objective: Objective, solver: Solver, x: Tensor) -> Terms:
    with torch.no_grad():
        return objective.terms(images(solver, x))


def _terms_and_gradient(
    objective: Objective, solver: Solver, state: State
) -> tuple[Terms, Tensor]:
    """Return the terms and their sum's gradient by the variables of the solver."""
    variables = state.x.detach().requires_grad_()
    shown = solver.parameterisation.images(variables)
    terms, gradient = objective.terms_and_gradient(shown.detach(), state.memory)
    if shown is not variables:
        (gradient,) = torch.autograd.grad(shown, variables, gradient)
    return terms, gradient


def _step(solver: Solver, state: State, terms: Terms, gradient: Tensor) -> None:
    finite = _finite(terms, gradient)
    # One question to the device a step: a GPU waits for each.
    resting = not bool((state.alive & finite.all(dim=1)).all())
    if resting:
        retire(state, finite)
        alive = rows(state.alive, state.x)
        gradient = torch.where(alive, gradient, 0.0)
    moved = solver.update(state.x, gradient, state.slots, state.step)
    state.previous = state.x
    state.x = torch.where(alive, moved, state.x) if resting else moved
    state.step += 1


def _finite(terms: Terms, gradient: Tensor) -> Bool[Tensor, "n _"]:
    """Return which terms of each job are finite, and whether all its gradient is.

    By the extremes, which nan passes through: a twentieth of the time of `isfinite` on
    every number.
    """
    rows = gradient.flatten(1)
    extremes = torch.stack([rows.amin(dim=1), rows.amax(dim=1)], dim=1)
    all_finite = torch.isfinite(extremes).all(dim=1, keepdim=True)
    return torch.cat([torch.isfinite(terms.stacked()), all_finite], dim=1)
