"""How fast jobs go, tried out: processes as `invert` starts them take a few steps each.

All at once, since they share what the machine can do. The time of a study is then that
of its batches, dealt out as `workers.share` deals them, with what comes before their
first steps: the start of a process and, once in each, the building of a network.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean

import torch

from stages.execution.batch import Batch
from stages.execution.device import prepare
from stages.execution.estimate import EVALUATIONS
from stages.execution.processes import n_processes, n_threads
from stages.execution.workers import Run, share
from stages.params.execution import ExecutionSettings
from stages.plan.jobs import batches
from stages.plan.planned import Job
from stages.plan.representations import code_shape

PROBE_STEPS = 3


class Unmeasured(Exception):
    """No step could be taken; the message is the reason."""


@dataclass(frozen=True)
class Pace:
    """Seconds of a kind of batch: of a step, and what a process's first batch adds.

    That is to build the network, and whatever its first passes take longer than others.
    """

    first: float
    step: float

    def batch(self, n_steps: int) -> float:
        """Return the seconds of a batch of so many steps that is not the first."""
        return (n_steps + EVALUATIONS) * self.step


@dataclass(frozen=True)
class Tried:
    """What a process told: the seconds of its start, and the pace of each kind.

    `gpu_bytes` is what it held of a GPU's memory at most, 0 without one.
    """

    start: float
    paces: list[Pace]
    gpu_bytes: int = 0


@dataclass(frozen=True)
class Measured:
    """Seconds until all jobs are done, and a process's bytes of a GPU at most."""

    seconds: float
    gpu_bytes: int = 0


def measured(
    execution: ExecutionSettings, todo: Sequence[Job], device: torch.device
) -> Measured:
    """Return what `invert` takes for the jobs, from a few steps of each kind of batch.

    Raises Unmeasured if a batch cannot take them.
    """
    made = batches(todo)
    if not made:
        return Measured(0.0)
    n = n_processes(execution, device, made)
    # A batch stands for its kind: the first, which is full where any of them is.
    kinds = {batch[0].group: batch for batch in reversed(made)}
    attempted = partial(attempt, kinds=list(kinds.values()), device=device)
    setup = partial(prepare, execution.device, n_threads(n))
    tried = _tried(attempted, setup, min(n, len(made)))
    columns = zip(*(one.paces for one in tried), strict=True)
    paces = dict(zip(kinds, map(_mean, columns), strict=True))
    # The stage starts, too, before the processes that it starts.
    starts = 2 if n > 1 or _own_code(made) else 1
    seconds = starts * fmean(one.start for one in tried) + until_done(made, paces, n)
    return Measured(seconds, max(one.gpu_bytes for one in tried))


def until_done(
    made: Sequence[Sequence[Job]], paces: dict[tuple[object, ...], Pace], n: int
) -> float:
    """Return when `n` processes are done, in seconds; each takes the next batch."""
    busy, known = [0.0] * n, [set[object]() for _ in range(n)]
    for batch in made:
        free, kind = busy.index(min(busy)), batch[0].group
        pace = paces[kind]
        busy[free] += 0.0 if kind in known[free] else pace.first
        busy[free] += pace.batch(batch[0].cell.steps.n_steps)
        known[free].add(kind)
    return max(busy)


def _mean(paces: Sequence[Pace]) -> Pace:
    return Pace(fmean(one.first for one in paces), fmean(one.step for one in paces))


def _own_code(made: Sequence[Sequence[Job]]) -> bool:
    return any(batch[0].cell.definition.own_code() is not None for batch in made)


def _tried(
    attempted: Run[float], setup: Callable[[int], object], n: int
) -> list[Tried]:
    """Return what `n` processes told that tried the batches at the same time."""
    told: list[Tried | str] = []
    share(
        [time.time()] * n,
        attempted,
        n,
        setup=setup,
        advance=lambda progress: None,
        lost=_lost,
        finished=lambda asked, answer: told.append(answer),
    )
    tried = [one for one in told if isinstance(one, Tried)]
    if len(tried) < len(told):
        raise Unmeasured(next(one for one in told if isinstance(one, str)))
    return tried


def _lost(asked: float, reason: str, progress: float) -> list[float]:
    raise Unmeasured(reason)


def attempt(
    asked: float, advance: object, *, kinds: list[list[Job]], device: torch.device
) -> Tried | str:
    """Return how the batches go in this process, or why they do not.

    `asked` is when its start was asked for, in seconds since the epoch.
    """
    start = time.time() - asked
    try:
        paces = [_pace(jobs, device) for jobs in kinds]
    except Exception as error:  # a plan is shown also of jobs that fail
        return f"{type(error).__name__}: {error}"
    on_gpu = device.type == "cuda"
    held = torch.cuda.max_memory_allocated(device) if on_gpu else 0
    return Tried(start, paces, held)


def _pace(jobs: list[Job], device: torch.device) -> Pace:
    """Return the pace of a batch, from a few steps of it with a target at random."""
    begun = time.perf_counter()
    trial = [_untrained(job) for job in jobs]
    cell = trial[0].cell
    targets = torch.rand(len(trial), *code_shape(cell.definition, cell.layer))
    batch = Batch(trial, targets, batch_size=trial[0].batch_size, device=device)
    step = batch.probe(PROBE_STEPS)
    # Before the steps that were measured: the gradient at the start, and one more.
    known = (PROBE_STEPS + 2) * step
    return Pace(max(0.0, time.perf_counter() - begun - known), step)


def _untrained(job: Job) -> Job:
    """Return the job with random weights: a step takes as long, and needs no file."""
    cell = job.cell
    return replace(job, cell=replace(cell, definition=cell.definition.untrained()))
