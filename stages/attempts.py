"""Run batches of jobs and keep what comes of them, in this process or in several.

Finished jobs go to the job store at once. A batch that takes long leaves a checkpoint
every minute, so that a kill loses less than two minutes of work. A job that fails stops
no other: it is noted with its reason.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch

from stages import codes
from stages.batch import Batch
from stages.execution.device import prepare
from stages.execution.process import Interrupted, deferred_signals, say
from stages.execution.workers import most_processes, n_cores, share
from stages.jobs import Checkpoint, JobStore, Record
from stages.params import ExecutionSettings
from stages.plan import Job, batches, width

SECONDS_BETWEEN_CHECKPOINTS = 60.0

# Steps of an image that make a process worth its start (4 s): some 10 s of work.
STEPS_WORTH_A_PROCESS = 2500

Advance = Callable[[float], None]


@dataclass(frozen=True)
class Attempt:
    """A batch to run: its jobs, and the keys of the checkpoint to go on from, if any.

    Those are the checkpoint's own: more than the jobs, where some are wanted no more.
    """

    jobs: list[Job]
    checkpoint: tuple[str, ...] = ()


@cache
def layer_codes(representation: str, layer: str) -> codes.Codes:
    """Return the target codes of a layer, opened once."""
    return codes.Codes(codes.path(representation, layer))


def make_batch(chosen: list[Job], study: Any, device: torch.device) -> Batch:
    """Return the jobs as a batch with their targets."""
    cell = chosen[0].cell
    targets = layer_codes(cell.representation, cell.layer)
    return Batch(
        chosen,
        targets.of(job.image_id for job in chosen),
        study.representations[cell.representation],
        width=width(study.execution),
        device=device,
    )


def attempts(
    pending: Sequence[Job], job_store: JobStore, batch_width: int
) -> list[Attempt]:
    """Return what to run: the batches that a previous run left, then new ones."""
    by_key = {job.key: job for job in pending}
    found = []
    for checkpoint in job_store.checkpoints():
        wanted = [by_key.pop(key) for key in checkpoint.keys if key in by_key]
        if wanted:
            found.append(Attempt(wanted, checkpoint.keys))
    return found + [Attempt(jobs) for jobs in batches(by_key.values(), batch_width)]


def n_processes(
    execution: ExecutionSettings, device: torch.device, wanted: Sequence[Attempt]
) -> int:
    """Return among how many processes the attempts are shared.

    `auto`: one on a GPU; on a CPU as many as it has cores and memory for, unless there
    is less to do than starting them is worth.
    """
    if execution.processes != "auto":
        return execution.processes
    if device.type != "cpu":
        return 1
    steps = sum(len(one.jobs) * one.jobs[0].cell.choice.steps for one in wanted)
    return max(1, min(most_processes(), steps // STEPS_WORTH_A_PROCESS))


def n_threads(processes: int) -> int | None:
    """Return the threads of each of several processes; None leaves a single one its."""
    return max(1, n_cores() // processes) if processes > 1 else None


def compute(
    wanted: Sequence[Attempt],
    study: Any,
    job_store: JobStore,
    device: torch.device,
    advance: Advance,
) -> None:
    """Run all batches; `advance` is told of the progress, in jobs."""
    run = partial(attempt, study=study, job_store=job_store, device=device)
    n = n_processes(study.execution, device, wanted)
    if n == 1:
        for one in wanted:
            run(one, advance)
        return
    setup = partial(prepare, study.execution.device, n_threads(n))
    lost = partial(_lost, job_store)
    share(wanted, run, n, setup=setup, advance=advance, lost=lost)


def _lost(job_store: JobStore, one: Attempt, reason: str) -> None:
    """Note that the process of a batch died."""
    for job in one.jobs:
        _note_failure(job, job_store, reason)


def _note_failure(job: Job, job_store: JobStore, reason: str) -> None:
    say(f"failed: {job.cell.label}, {job.image_name}: {reason}")
    job_store.save_failure(job.key, reason)


def attempt(
    one: Attempt,
    advance: Advance,
    *,
    study: Any,
    job_store: JobStore,
    device: torch.device,
) -> None:
    """Run a batch; where it fails, run its jobs one by one to find the bad ones."""
    again = partial(attempt, study=study, job_store=job_store, device=device)
    checkpoint = job_store.checkpoint(one.checkpoint)
    try:
        batch = make_batch(one.jobs, study, device)
        records = _run(batch, job_store, advance, checkpoint)
    except Exception as error:
        if checkpoint is not None:  # perhaps that is what is wrong: start afresh
            job_store.drop_checkpoint(one.checkpoint)
            again(Attempt(one.jobs), advance)
        elif len(one.jobs) > 1:
            for job in one.jobs:
                again(Attempt([job]), advance)
        else:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            _note_failure(one.jobs[0], job_store, reason)
        return
    for job, record in zip(one.jobs, records, strict=True):
        job_store.save(job.key, record)
    job_store.drop_checkpoint(batch.keys)
    job_store.drop_checkpoint(one.checkpoint)


def _run(
    batch: Batch, job_store: JobStore, advance: Advance, checkpoint: Checkpoint | None
) -> list[Record]:
    """Run a batch to its end, with checkpoints, ready to stop between steps."""
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

        return batch.run(after_step)
