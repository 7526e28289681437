"""Run batches of jobs and keep what comes of them, in this process or in several.

Finished jobs go to the job store at once. A batch that takes long leaves a checkpoint
every minute, so that a kill loses less than two minutes of work. A job that fails stops
no other: it is noted with its reason.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, overload, runtime_checkable

import torch

from stages.execution.background import Background, Work, at_once
from stages.execution.device import description, prepare
from stages.execution.processes import n_processes, n_threads
from stages.execution.recording import Batch
from stages.execution.targets import Door, TargetCodes
from stages.execution.workers import share
from stages.params.execution import ExecutionSettings
from stages.plan.jobs import batches
from stages.plan.planned import Job
from stages.process.stage import (
    Interrupted,
    Refusal,
    deferred_signals,
    is_shortage_of_memory,
    printable,
    say,
)
from stages.store.jobs import JobStore
from stages.store.record import Checkpoint, Record

SECONDS_BETWEEN_CHECKPOINTS = 60.0

Advance = Callable[[float], None]


@runtime_checkable
class Keeper(Protocol):
    """What keeps the results of a batch: the job store, or a worker far from it."""

    def save(self, key: str, record: Record) -> None: ...

    def save_failure(self, key: str, reason: str) -> None: ...

    def checkpoint(self, keys: tuple[str, ...]) -> Checkpoint | None: ...

    def save_checkpoint(self, checkpoint: Checkpoint) -> None: ...

    def drop_checkpoint(self, keys: tuple[str, ...]) -> None: ...


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A batch to run: its jobs, and the keys of the checkpoint to go on from, if any.

    Those are the checkpoint's own: more than the jobs, where some are wanted no more.
    `batch_size` is there if memory was too short for the study's own; `died` tells that
    a process ended while it ran these jobs.
    """

    jobs: list[Job]
    checkpoint: tuple[str, ...] = ()
    batch_size: int | None = None
    died: bool = False


def make_batch(chosen: list[Job], door: Door, batch_size: int | None = None) -> Batch:
    """Return the jobs as a batch with their targets, as large as the plan has it."""
    cell = chosen[0].cell
    targets = door.read(cell.representation, cell.definition, cell.layer)
    return Batch(
        chosen,
        targets.of(job.image_id for job in chosen),
        batch_size=batch_size or chosen[0].batch_size,
        device=door.device,
        device_name=description(door.device),
    )


class BatchRuns(Sequence[BatchRun]):
    """What to run: batches that a previous run left, then new ones, made when needed.

    A study may have a million jobs, of which few are under way at a time.
    """

    def __init__(self, left: list[BatchRun], new: Sequence[list[Job]]) -> None:
        self._left, self._new = left, new

    def __len__(self) -> int:
        return len(self._left) + len(self._new)

    @overload
    def __getitem__(self, place: int) -> BatchRun: ...

    @overload
    def __getitem__(self, place: slice) -> list[BatchRun]: ...

    def __getitem__(self, place: int | slice) -> BatchRun | list[BatchRun]:
        which = range(len(self))[place]
        if isinstance(which, range):
            return [self[one] for one in which]
        n = len(self._left)
        return self._left[which] if which < n else BatchRun(self._new[which - n])


def batch_runs(pending: Sequence[Job], job_store: JobStore) -> BatchRuns:
    """Return what to run: the batches that a previous run left, then new ones."""
    left: list[BatchRun] = []
    checkpoints = job_store.checkpoints()
    if not checkpoints:
        return BatchRuns(left, batches(pending))
    by_key = {job.key: job for job in pending}
    for checkpoint in checkpoints:
        wanted = [by_key.pop(key) for key in checkpoint.keys if key in by_key]
        if wanted:
            left.append(BatchRun(wanted, checkpoint.keys))
    return BatchRuns(left, batches(by_key.values()))


class LocalBackend:
    """Runs batches on this machine: in this process, or in several."""

    def __init__(
        self, execution: ExecutionSettings, job_store: JobStore, device: torch.device
    ) -> None:
        self._execution, self._job_store, self._device = execution, job_store, device

    def run(self, wanted: Sequence[BatchRun], advance: Advance) -> None:
        """Run all batches; `advance` is told of the progress, in jobs."""
        execution, job_store = self._execution, self._job_store
        door = TargetCodes(execution.targets, self._device)
        run = partial(run_batch, door=door, job_store=job_store)
        n = n_processes(execution, self._device, (one.jobs for one in wanted))
        shared = list[BatchRun]()
        with Background() as background:
            for one in wanted:
                if n > 1 or _runs_own_code(one):
                    shared.append(one)
                else:
                    run(one, advance, later=background.do)
        setup = partial(prepare, execution.device, n_threads(n))
        lost = partial(_lost, job_store)
        share(shared, run, n, setup=setup, advance=advance, lost=lost)


def _runs_own_code(one: BatchRun) -> bool:
    """Return whether the batch runs a network of the user's own.

    It may end its process, which is therefore not this one.
    """
    return one.jobs[0].cell.definition.own_code() is not None


def _lost(
    job_store: JobStore, one: BatchRun, reason: str, progress: float
) -> list[BatchRun]:
    """Return what to run of a batch whose process died; note the job that is to blame.

    It may have been killed by chance: so it goes on from its checkpoint. Where that
    ends a process again, each job is by itself, and only the one that does fails.
    """
    if not one.died:
        say(f"{one.jobs[0].cell.label}: {reason}; going on with another")
        keys = tuple(job.key for job in one.jobs)
        kept = keys if job_store.checkpoint(keys) else one.checkpoint
        return [replace(one, checkpoint=kept, died=True)]
    job_store.drop_checkpoint(one.checkpoint)
    if len(one.jobs) > 1:
        return [BatchRun([job], (), one.batch_size, died=True) for job in one.jobs]
    n_steps = one.jobs[0].cell.steps.n_steps
    told = f"{reason}, after step {round(progress * n_steps)} of {n_steps}"
    note_failure(one.jobs[0], job_store, told)
    return []


def note_failure(job: Job, job_store: Keeper, reason: str) -> None:
    """Note why a job failed, and tell the user."""
    told = printable(f"{job.cell.label}, {job.image_name}: {reason}")
    say(f"failed: {told}")
    job_store.save_failure(job.key, reason)


def run_batch(
    one: BatchRun,
    advance: Advance,
    *,
    door: Door,
    job_store: Keeper,
    later: Callable[[Work], None] = at_once,
) -> None:
    """Run a batch; where it fails, run it again in parts to find the bad jobs.

    `later` is given what does not keep the next batch from beginning: encoding, saving.
    """
    checkpoint = job_store.checkpoint(one.checkpoint)
    try:
        batch = make_batch(one.jobs, door, one.batch_size)
        encode = _run(batch, job_store, advance, checkpoint)
    except Refusal:
        # Not this batch's fault: a damaged file, a full disk.
        raise
    except Exception as error:
        parts = _parts(one, checkpoint, error)
        if not parts:
            note_failure(one.jobs[0], job_store, _told(error))
        job_store.drop_checkpoint(one.checkpoint)
    else:
        later(partial(_keep, one, batch.keys, encode, job_store))
        parts = []
    # Only now: a batch that failed holds its memory while its error is looked at.
    again = partial(run_batch, door=door, job_store=job_store)
    for part in parts:
        again(part, advance, later=later)


def _told(error: Exception) -> str:
    """Return an error in one line, with the step if there was one."""
    where = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"


def _keep(
    one: BatchRun,
    keys: tuple[str, ...],
    encode: Callable[[], list[Record]],
    job_store: Keeper,
) -> None:
    """Save the records of a batch; then nobody needs its checkpoints."""
    for key, record in zip(keys, encode(), strict=True):
        job_store.save(key, record)
    job_store.drop_checkpoint(keys)
    job_store.drop_checkpoint(one.checkpoint)


def _parts(
    one: BatchRun, checkpoint: Checkpoint | None, error: Exception
) -> list[BatchRun]:
    """Return what to run in place of a batch that failed; nothing for a single job."""
    jobs, size = one.jobs, one.batch_size or one.jobs[0].batch_size
    if checkpoint is not None:  # perhaps that is what is wrong: start afresh
        return [BatchRun(jobs, batch_size=one.batch_size)]
    if is_shortage_of_memory(error) and size > 1:
        half = size // 2
        say(f"out of memory with {size} jobs a batch: going on with {half}")
        starts = range(0, len(jobs), half)
        parts = [jobs[first : first + half] for first in starts]
        return [BatchRun(part, batch_size=half) for part in parts]
    if len(jobs) > 1:
        return [BatchRun([job], batch_size=one.batch_size) for job in jobs]
    return []


def _run(
    batch: Batch, job_store: Keeper, advance: Advance, checkpoint: Checkpoint | None
) -> Callable[[], list[Record]]:
    """Run a batch to its end, with checkpoints, ready to stop between steps.

    Return what is left to do: to encode its records.
    """
    if checkpoint is not None:
        batch.resume(checkpoint)
    saved = time.monotonic()
    passed = 0

    with deferred_signals() as let_out:

        def after_step(step: int) -> None:
            nonlocal saved, passed
            advance(len(batch.jobs) * (step - passed) / batch.n_steps)
            passed = step
            if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                job_store.save_checkpoint(batch.checkpoint())
                saved = time.monotonic()
            try:
                let_out()
            except Interrupted:
                job_store.save_checkpoint(batch.checkpoint())
                raise

        try:
            return batch.compute(after_step)
        except Exception as error:
            error.add_note(f"after step {passed} of {batch.n_steps}")
            raise
