"""What became of each job: a status and, where it is not plain, the reason."""

from dataclasses import dataclass

from stages.preimage.priors import PULLS, term_names
from stages.preimage.state import LOST, State

DONE, DIVERGED, DEAD = "done", "diverged", "dead-gradient"


@dataclass(frozen=True)
class Outcome:
    """A status (done, diverged or dead-gradient), its reason, and the steps taken."""

    status: str
    reason: str
    steps: int


def outcomes(state: State) -> list[Outcome]:
    """Return the outcome of every job of a finished state.

    A job has diverged when its objective stopped being finite or ended above its start:
    that of its functions, as the pull of a denoiser is none and fades with the steps.
    """
    functions = [name not in PULLS for name in term_names()]
    ends = zip(
        state.broken_step.tolist(),
        state.broken_term.tolist(),
        state.dead.tolist(),
        state.trace[0][:, functions].sum(dim=1).tolist(),
        state.trace[-1][:, functions].sum(dim=1).tolist(),
        strict=True,
    )
    return [_outcome(state.step, *end) for end in ends]


def _outcome(
    steps: int,
    broken_step: int,
    broken_term: int,
    dead: bool,
    first: float,
    last: float,
) -> Outcome:
    if dead:
        return Outcome(DEAD, "the code has no gradient at the start", 0)
    if broken_term == LOST:
        return Outcome(DEAD, "the code has no gradient at the end", steps)
    if broken_step >= 0:
        name = (*term_names(), "gradient")[broken_term]
        reason = f"{name} not finite at step {broken_step}; last finite image kept"
        return Outcome(DIVERGED, reason, broken_step)
    if last > first:
        reason = f"objective rose from {first:.4g} to {last:.4g}"
        return Outcome(DIVERGED, reason, steps)
    return Outcome(DONE, "", steps)
