"""Invert the codes: compute the pre-images that are missing, then lay all of them out.

    data/targets -> the job store (data/work) -> data/preimages/*.parquet

Finished jobs go to the job store at once, see `execution.runner`. The output is rebuilt
from the plan out of the store.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from stages.execution.backend import backend, opened_store
from stages.execution.device import prepare
from stages.execution.estimate import check, costs, rooms
from stages.execution.recovery import TERMS, recover
from stages.execution.room import check_room
from stages.execution.runner import batch_runs
from stages.execution.targets import TargetCodes, rankings
from stages.plan.jobs import planned
from stages.plan.missing import missing as missing_representations
from stages.plan.planned import Job, Jobs, Pictured
from stages.plan.study import expand, ready
from stages.preimage.priors import PRIORS
from stages.process.command_line import no_arguments
from stages.process.progress import Progress, running_cost
from stages.process.stage import run
from stages.representations.selection import with_top_channels
from stages.store import paths, tables
from stages.store.jobs import JobStore
from stages.store.record import Record
from stages.store.schemas import OUTCOME, PREIMAGES
from stages.store.times import timed

ROWS_A_PART = 1024

# The columns that a finished job fills.
_RECORDED = [
    *(field.name for field in OUTCOME),
    *("trace", "device", "batch_size", "versions", "image"),
]


def pictures() -> list[Pictured]:
    """Return the fetched pictures in order."""
    rows = tables.rows(paths.IMAGES, ["image_id", "name"])
    return [Pictured(**row) for row in rows]


def preimage_rows(
    plan: Sequence[Job], job_store: JobStore, door: TargetCodes
) -> Iterator[dict[str, object]]:
    """Yield a row of `data/preimages` for every job, in the order of the plan."""
    failed = job_store.failed()
    for job in plan:
        record = job_store.load(job.key)
        reason = failed.get(job.key, "not computed")
        yield {
            **_job_columns(job, door),
            **_record_columns(job, record, reason),
        }


def _job_columns(job: Job, door: TargetCodes) -> dict[str, object]:
    cell = job.cell
    selection = cell.selection
    if selection.top is not None:
        targets = door.read(cell.representation, cell.definition, cell.layer)
        selection = with_top_channels(selection, targets.of([job.image_id])[0])
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
        "lambda_denoiser": cell.weights.numbers().get("lambda_denoiser"),
        "solver": cell.solver,
        "image_id": job.image_id,
        "image_name": job.image_name,
        "seed": job.seed,
        "precision": job.precision,
    }


def _record_columns(job: Job, record: Record | None, reason: str) -> dict[str, object]:
    if record is None:
        blank = dict.fromkeys(_RECORDED)
        told = {"status": "failed", "reason": reason}
        return {**blank, **told, "device": "", "versions": ""}
    return {
        "status": record.status,
        "reason": record.reason,
        "steps": record.steps,
        "seconds": record.seconds,
        **_terms(job, record),
        "objective": sum(record.terms),
        "code_distance": record.distance,
        "trace": [
            dict(zip(("step", *TERMS), row, strict=True))
            for row in ((int(point[0]), *point[1:]) for point in record.trace.tolist())
        ],
        "device": record.device,
        "batch_size": record.batch_size,
        "versions": record.versions,
        "image": {"bytes": record.png, "path": f"{job.key}.png"},
    }


def _terms(job: Job, record: Record) -> dict[str, float | None]:
    """Return the final terms by column; null what the job's prior does not name."""
    numbers = job.cell.weights.numbers()
    absent = {f"{row.name}_term" for row in PRIORS if row.weight not in numbers}
    terms = zip(TERMS, record.terms, strict=True)
    return {name: None if name in absent else term for name, term in terms}


def lay_out(plan: Sequence[Job], job_store: JobStore, door: TargetCodes) -> None:
    """Write `data/preimages` from the plan out of the store, in parts."""
    rows = preimage_rows(plan, job_store, door)
    n_parts = max(1, -(-len(plan) // ROWS_A_PART))
    names = [f"part-{i:05d}.parquet" for i in range(n_parts)]
    for name in names:
        part = islice(rows, ROWS_A_PART)
        tables.write_table(paths.PREIMAGES / name, part, PREIMAGES, n_parts=n_parts)
    for stale in set(paths.PREIMAGES.glob("*.parquet")):
        if stale.name not in names:
            stale.unlink()


def missing(plan: Jobs, job_store: JobStore) -> Jobs:
    """Return the jobs that the store does not hold, or holds damaged, once each."""
    return plan.once().where(lambda key: not job_store.holds(key))


def main() -> None:
    """Compute what is missing and lay out all pre-images of the study."""
    study = ready(expand(), missing_representations())
    known = pictures()
    check(study, len(known))
    device = prepare(study.execution.device)
    job_store = opened_store(study.execution)
    plan = planned(study, known, rankings())
    with job_store.locked():
        pending = recover(missing(plan, job_store), job_store)
        check_room(study.execution, rooms(plan, pending))
        wanted = batch_runs(pending, job_store)
        cost = running_cost(costs(one.jobs for one in wanted))
        with Progress("invert", len(pending), "jobs", cost=cost) as progress:
            where = backend(study.execution, job_store, device)
            where.run(wanted, progress.advance)
        door = TargetCodes(study.execution.targets, device, apart=True)
        lay_out(plan, job_store, door)


if __name__ == "__main__":
    no_arguments("invert", __doc__)
    run(timed("invert", main))
