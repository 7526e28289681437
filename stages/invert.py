"""Invert the codes: compute the pre-images that are missing, then lay all of them out.

    data/targets -> the job store (data/work) -> data/preimages/*.parquet

Finished jobs go to the job store at once. A batch that takes long leaves a checkpoint
every minute, so that a kill loses less than two minutes of work. The output is rebuilt
from the plan out of the store.
"""

import time
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import torch

from stages import codes, settings, store
from stages.batch import Batch
from stages.execution.device import prepare
from stages.execution.process import (
    Interrupted,
    deferred_signals,
    run,
    say,
)
from stages.execution.progress import Progress
from stages.jobs import Checkpoint, JobStore, Record
from stages.plan import Job, Pictured, batches, jobs, width
from stages.representations.selection import resolved
from stages.schemas import PREIMAGES

SECONDS_BETWEEN_CHECKPOINTS = 60.0
ROWS_A_PART = 1024


def pictures() -> list[Pictured]:
    """Return the fetched pictures in order."""
    rows = store.rows(store.IMAGES, ["image_id", "name"])
    return [Pictured(**row) for row in rows]


def planned(study: Any, known: list[Pictured]) -> list[Job]:
    """Return all jobs of the study for these pictures."""
    entries = settings.study_cells(study)
    return jobs(entries, study.representations, study.execution, known)


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


def compute(
    pending: list[Job], study: Any, job_store: JobStore, device: torch.device
) -> None:
    """Compute the jobs and keep each in the store; a failing one stops no other."""
    resumable = _resumable(job_store, pending)
    begun = {key for _, chosen in resumable for key in (job.key for job in chosen)}
    fresh = [job for job in pending if job.key not in begun]
    work: list[tuple[Checkpoint | None, list[Job]]] = [*resumable]
    work += [(None, chosen) for chosen in batches(fresh, width(study.execution))]
    with Progress("invert", sum(len(chosen) for _, chosen in work), "jobs") as progress:
        for checkpoint, chosen in work:
            _attempt(chosen, study, job_store, device, progress, checkpoint)


def _resumable(
    job_store: JobStore, pending: list[Job]
) -> list[tuple[Checkpoint, list[Job]]]:
    """Return the batches that a previous run left under way, as far as still wanted."""
    by_key = {job.key: job for job in pending}
    found = []
    for checkpoint in job_store.checkpoints():
        wanted = [by_key.pop(key) for key in checkpoint.keys if key in by_key]
        if wanted:
            found.append((checkpoint, wanted))
    return found


def _attempt(
    chosen: list[Job],
    study: Any,
    job_store: JobStore,
    device: torch.device,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Run a batch; where it fails, run its jobs one by one to find the bad ones."""
    try:
        records = _run(
            make_batch(chosen, study, device), job_store, progress, checkpoint
        )
    except Exception as error:
        if checkpoint is not None:  # perhaps that is what is wrong: start afresh
            job_store.drop_checkpoint(checkpoint.keys)
            _attempt(chosen, study, job_store, device, progress)
            return
        if len(chosen) > 1:
            for job in chosen:
                _attempt([job], study, job_store, device, progress)
            return
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        say(f"failed: {chosen[0].cell.label}, {chosen[0].image_name}: {reason}")
        job_store.save_failure(chosen[0].key, reason)
        return
    for job, record in zip(chosen, records, strict=True):
        job_store.save(job.key, record)
    job_store.drop_checkpoint(tuple(job.key for job in chosen))
    if checkpoint is not None:
        job_store.drop_checkpoint(checkpoint.keys)


def _run(
    batch: Batch, job_store: JobStore, progress: Progress, checkpoint: Checkpoint | None
) -> list[Record]:
    """Run a batch to its end, with checkpoints, ready to stop between steps."""
    if checkpoint is not None:
        batch.resume(checkpoint)
    saved = time.monotonic()
    passed = 0

    with deferred_signals() as let_out:

        def after_step(step: int) -> None:
            nonlocal saved, passed
            progress.advance(len(batch.jobs) * (step - passed) / batch.n_steps)
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


def preimage_rows(planned: list[Job], job_store: JobStore) -> Iterator[dict[str, Any]]:
    """Yield a row of `data/preimages` for every job, in the order of the plan."""
    failed = job_store.failed()
    for job in planned:
        record = job_store.load(job.key)
        reason = failed.get(job.key, "not computed")
        yield {**_job_columns(job), **_record_columns(job, record, reason)}


def _job_columns(job: Job) -> dict[str, Any]:
    cell = job.cell
    selection = cell.selection
    if selection.top is not None:
        targets = layer_codes(cell.representation, cell.layer)
        selection = resolved(selection, targets.of([job.image_id])[0])
    return {
        "key": job.key,
        "representation": cell.representation,
        "layer": cell.layer,
        "channels": cell.channels,
        "channel_indices": selection.channels,
        "region": cell.region,
        "window": selection.window,
        "prior": cell.prior,
        "alpha": cell.weights.alpha,
        "lambda_alpha": cell.weights.lambda_alpha,
        "beta": cell.weights.beta,
        "lambda_tv": cell.weights.lambda_tv,
        "solver": cell.solver,
        "image_id": job.image_id,
        "image_name": job.image_name,
        "seed": job.seed,
    }


def _record_columns(job: Job, record: Record | None, reason: str) -> dict[str, Any]:
    if record is None:
        missing = dict.fromkeys(PREIMAGES.names)
        columns = {"status": "failed", "reason": reason, "device": ""}
        return {
            k: v for k, v in (missing | columns).items() if k not in _job_columns(job)
        }
    data, alpha, tv = record.terms
    return {
        "status": record.status,
        "reason": record.reason,
        "steps": record.steps,
        "seconds": record.seconds,
        "data_term": data,
        "alpha_term": alpha,
        "tv_term": tv,
        "objective": data + alpha + tv,
        "code_distance": record.distance,
        "trace": [
            dict(zip(("step", "data_term", "alpha_term", "tv_term"), row, strict=True))
            for row in ((int(point[0]), *point[1:]) for point in record.trace.tolist())
        ],
        "device": record.device,
        "width": record.width,
        "image": {"bytes": record.png, "path": f"{job.key}.png"},
    }


def lay_out(planned: list[Job], job_store: JobStore) -> None:
    """Write `data/preimages` from the plan out of the store, in parts."""
    rows = preimage_rows(planned, job_store)
    n_parts = max(1, -(-len(planned) // ROWS_A_PART))
    names = [f"part-{i:05d}.parquet" for i in range(n_parts)]
    for name in names:
        store.write_table(store.PREIMAGES / name, islice(rows, ROWS_A_PART), PREIMAGES)
    for stale in set(store.PREIMAGES.glob("*.parquet")):
        if stale.name not in names:
            stale.unlink()


def missing(planned: list[Job], job_store: JobStore) -> list[Job]:
    """Return the jobs that the store does not hold, or holds damaged, once each."""
    unique = {job.key: job for job in planned}
    return [job for key, job in unique.items() if job_store.load(key) is None]


def main() -> None:
    """Compute what is missing and lay out all pre-images of the study."""
    study = settings.load("invert")
    device = prepare(study.execution.device)
    job_store = JobStore(store.work())
    plan = planned(study, pictures())
    with job_store.locked():
        compute(missing(plan, job_store), study, job_store, device)
        lay_out(plan, job_store)


if __name__ == "__main__":
    run(main)
