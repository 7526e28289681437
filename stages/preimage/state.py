"""All that the loop needs to go on: `State`, and what takes a job out of the race."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.preimage.prior_term import Memory

Steps = Int[Tensor, " n"]
Flags = Bool[Tensor, " n"]

# What ended a job whose objective was finite: all that it must match was switched off.
LOST = -2


@dataclass
class State:
    """Everything that the loop needs to go on: variables and what goes with them.

    `x` holds the variables of the solver's parameterisation, a row a job; for pixels
    those are the centred images. `broken_step` is the step at which a job's objective
    stopped being finite, -1 while it is; `broken_term` is the index of the first term
    that was not (past the last: the gradient; LOST: the code's own, after the last
    step). `dead` marks jobs whose data term had no gradient to follow at the start.
    `trace` holds the terms at the `trace_steps` passed so far. `slots` is the memory
    of the solver, `memory` that of the priors that have one.
    """

    x: Tensor
    previous: Tensor
    slots: dict[str, Tensor]
    step: int
    broken_step: Steps
    broken_term: Steps
    dead: Flags
    trace: list[Float[Tensor, "n t"]]
    memory: dict[str, Memory] = field(default_factory=dict)

    @property
    def alive(self) -> Flags:
        """Jobs that still move."""
        return (self.broken_step < 0) & ~self.dead

    def tensors(self) -> dict[str, Tensor]:
        """Return the state as tensors on the CPU, to be kept; `state` reads them."""
        plain = {
            "x": self.x,
            "previous": self.previous,
            "broken_step": self.broken_step,
            "broken_term": self.broken_term,
            "dead": self.dead,
        }
        parts = {"slots": self.slots}
        parts |= {f"memory.{name}": kept for name, kept in self.memory.items()}
        kept = {
            f"{part}.{key}": tensor
            for part, tensors in parts.items()
            for key, tensor in tensors.items()
        }
        trace = {"trace": torch.stack(self.trace, dim=1)} if self.trace else {}
        return {name: t.cpu() for name, t in (plain | kept | trace).items()}


def state(tensors: dict[str, Tensor], step: int, device: torch.device) -> State:
    """Return the state that `State.tensors` gave at this step; a row a job."""
    here = {name: tensor.to(device) for name, tensor in tensors.items()}
    trace = here.pop("trace", None)
    plain = {name: here.pop(name) for name in list(here) if "." not in name}
    parts: dict[str, Memory] = {}
    for name, tensor in here.items():
        part, _, key = name.rpartition(".")
        parts.setdefault(part, {})[key] = tensor
    return State(
        **plain,
        slots=parts.pop("slots", {}),
        memory={part.removeprefix("memory."): kept for part, kept in parts.items()},
        step=step,
        trace=[] if trace is None else list(trace.unbind(dim=1)),
    )


def retire(state: State, finite: Bool[Tensor, "n _"]) -> None:
    """Take jobs that stopped being finite out of the race, at their last good image."""
    broken = state.alive & ~finite.all(dim=1)
    state.broken_term = torch.where(
        broken, finite.int().argmin(dim=1), state.broken_term
    )
    state.broken_step = torch.where(broken, state.step, state.broken_step)
    state.x = torch.where(rows(broken, state.x), state.previous, state.x)


def mark_lost(state: State, dead: Flags) -> None:
    """Note of jobs that came to their end that their code has no gradient there."""
    lost = state.alive & dead
    state.broken_term = torch.where(lost, LOST, state.broken_term)
    state.broken_step = torch.where(lost, state.step, state.broken_step)


def rows(flags: Flags, like: Tensor) -> Tensor:
    """Return the flags, one a row of a tensor of this shape."""
    return flags.view(-1, *[1] * (like.dim() - 1))
