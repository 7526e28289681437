"""Invert the codes: compute the pre-images that are missing, then lay all of them out.

    data/targets -> the job store (data/work) -> data/preimages/*.parquet

Finished jobs go to the job store at once, see `attempts`. The output is rebuilt from
the plan out of the store.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from stages import settings, store
from stages.attempts import attempts, compute, job_targets
from stages.execution.device import prepare
from stages.execution.process import run
from stages.execution.progress import Progress
from stages.jobs import JobStore, Record
from stages.plan import Job, Pictured, jobs
from stages.representations.selection import resolved
from stages.schemas import OUTCOME, PREIMAGES
from stages.targets import Targets

ROWS_A_PART = 1024

CodesOf = Callable[[Job], Targets]

# The columns that a finished job fills.
_RECORDED = [field.name for field in OUTCOME] + ["trace", "device", "width", "image"]


def pictures() -> list[Pictured]:
    """Return the fetched pictures in order."""
    rows = store.rows(store.IMAGES, ["image_id", "name"])
    return [Pictured(**row) for row in rows]


def planned(study: Any, known: list[Pictured]) -> list[Job]:
    """Return all jobs of the study for these pictures."""
    entries = settings.study_cells(study)
    return jobs(entries, study.representations, study.execution, known)


def preimage_rows(
    planned: list[Job], job_store: JobStore, codes_of: CodesOf
) -> Iterator[dict[str, Any]]:
    """Yield a row of `data/preimages` for every job, in the order of the plan."""
    failed = job_store.failed()
    for job in planned:
        record = job_store.load(job.key)
        reason = failed.get(job.key, "not computed")
        yield {
            **_job_columns(job, codes_of),
            **_record_columns(job.key, record, reason),
        }


def _job_columns(job: Job, codes_of: CodesOf) -> dict[str, Any]:
    cell = job.cell
    selection = cell.selection
    if selection.top is not None:
        selection = resolved(selection, codes_of(job).of([job.image_id])[0])
    return {
        "key": job.key,
        "representation": cell.representation,
        "layer": cell.layer,
        "channels": cell.channels,
        "channel_indices": selection.channels,
        "region": cell.region,
        "window": selection.window,
        "tokens": selection.tokens,
        "prior": cell.prior,
        "alpha": cell.weights.alpha,
        "lambda_alpha": cell.weights.lambda_alpha,
        "beta": cell.weights.beta,
        "lambda_tv": cell.weights.lambda_tv,
        "solver": cell.solver,
        "image_id": job.image_id,
        "image_name": job.image_name,
        "seed": job.seed,
        "precision": job.precision,
    }


def _record_columns(key: str, record: Record | None, reason: str) -> dict[str, Any]:
    if record is None:
        missing = dict.fromkeys(_RECORDED)
        return {**missing, "status": "failed", "reason": reason, "device": ""}
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
        "image": {"bytes": record.png, "path": f"{key}.png"},
    }


def lay_out(planned: list[Job], job_store: JobStore, codes_of: CodesOf) -> None:
    """Write `data/preimages` from the plan out of the store, in parts."""
    rows = preimage_rows(planned, job_store, codes_of)
    n_parts = max(1, -(-len(planned) // ROWS_A_PART))
    names = [f"part-{i:05d}.parquet" for i in range(n_parts)]
    for name in names:
        part = islice(rows, ROWS_A_PART)
        store.write_table(store.PREIMAGES / name, part, PREIMAGES, n_parts=n_parts)
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
        pending = missing(plan, job_store)
        wanted = attempts(pending, job_store)
        with Progress("invert", len(pending), "jobs") as progress:
            compute(wanted, study, job_store, device, progress.advance)
        codes_of = partial(job_targets, study=study, device=device)
        lay_out(plan, job_store, codes_of)


if __name__ == "__main__":
    run(main)
