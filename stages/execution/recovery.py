"""Finished jobs out of an earlier output, for a job store that does not have them.

A clone that ran `dvc pull`, or a checkout of an older revision, has pre-images in DVC's
cache and an empty store. Their rows hold all that a record is made of.
"""

from collections.abc import Iterable
from pathlib import Path

import torch

from stages.plan.planned import Jobs
from stages.preimage.priors import term_names
from stages.process.stage import Refusal, say
from stages.store import paths, tables
from stages.store.dvc_cache import cached_files
from stages.store.jobs import JobStore
from stages.store.record import Record

TERMS = tuple(f"{name}_term" for name in term_names())


def recover(pending: Jobs, job_store: JobStore) -> Jobs:
    """Save the jobs that an output in DVC's cache has; return those that are left.

    Rows count by the keys of their jobs; files that are damaged are passed over.
    """
    parts = cached_files(paths.PREIMAGES) if pending else []
    if not parts:
        return pending
    wanted = {job.key for job in pending}
    n_wanted = len(wanted)
    for part in parts:
        for key, record in _records(part, wanted):
            job_store.save(key, record)
            wanted.discard(key)
    if n_found := n_wanted - len(wanted):
        say(f"{n_found} finished jobs came back from DVC's cache")
    return pending.where(wanted.__contains__)


def _records(part: Path, wanted: set[str]) -> Iterable[tuple[str, Record]]:
    """Yield the records of the wanted jobs that a file of pre-images has."""
    try:
        keys = [row["key"] for row in tables.rows(part, ["key"])]
        if wanted.isdisjoint(keys):
            return
        for row in tables.rows(part):
            if row["key"] in wanted and row["image"] is not None:
                yield row["key"], record_of(row)
    # Another schema, or what is no table at all: from another version.
    except (Refusal, KeyError, TypeError, ValueError, OSError) as error:
        say(f"{part} is of no use: {' '.join(f'{error}'.split())}")


def record_of(row: tables.Row) -> Record:
    """Return the record that a row of pre-images was made of."""
    trace = [[point[name] for name in ("step", *TERMS)] for point in row["trace"]]
    return Record(
        png=row["image"]["bytes"],
        status=row["status"],
        reason=row["reason"],
        steps=row["steps"],
        seconds=row["seconds"],
        # Null is what the job's prior does not name, and 0 in its record.
        terms=tuple(row[name] or 0.0 for name in TERMS),
        distance=row["code_distance"],
        device=row["device"],
        batch_size=row["batch_size"],
        versions=row["versions"],
        trace=torch.tensor(trace, dtype=torch.float32),
    )
