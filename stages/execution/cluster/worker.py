"""A batch on a Dask worker: from the description of it to records in the shared place.

The batch is run by the same function as on one machine. Nothing stays in the worker:
records go to the shared place, and the task returns where they are.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stages.execution.cluster.codes import SharedDoor
from stages.execution.cluster.here import computing
from stages.execution.cluster.inputs import Inputs
from stages.execution.cluster.parcel import unpacked
from stages.execution.runner import BatchRun, run_batch
from stages.plan.jobs import have_own_keys
from stages.plan.planned import Job
from stages.process.stage import Refusal
from stages.store.objects import Objects
from stages.store.places import Place
from stages.store.record import Checkpoint, Record
from stages.store.shared_records import write_batch

# The user's own code that this process has loaded.
_LOADED: set[tuple[tuple[str, str], ...]] = set()


@dataclass(frozen=True)
class Task:
    """A batch for a worker: names and numbers, no pixels.

    `jobs` are packed (`parcel`), `codes` is the name of their target codes or, with
    `targets: recompute`, of the pictures; `modules` are names of the files of the
    user's own code by path. `n_threads` 0 leaves it to the worker.
    """

    store: str
    jobs: bytes
    codes: str
    targets: str
    device: str
    n_threads: int = 0
    batch_size: int | None = None
    modules: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Done:
    """What became of a batch: where its records are, and why other jobs failed."""

    place: Place | None
    keys: list[str]
    failures: dict[str, str]


@dataclass
class _Gathered:
    """What a batch leaves, gathered in memory until it is written at once.

    A batch that is cut off begins anew: it has no checkpoints.
    """

    records: dict[str, Record] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def save(self, key: str, record: Record) -> None:
        self.records[key] = record

    def save_failure(self, key: str, reason: str) -> None:
        self.failures[key] = reason

    def checkpoint(self, keys: tuple[str, ...]) -> Checkpoint | None:
        return None

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        pass

    def drop_checkpoint(self, keys: tuple[str, ...]) -> None:
        pass


def run_task(task: Task) -> Done:
    """Run the batch, write its records, and say where they are.

    Raises Refusal for what is true of all batches: another version of the program
    here, a damaged file, a place that cannot be reached.
    """
    with computing(task.device, task.n_threads) as (device, folder):
        inputs = Inputs(Objects(task.store), folder)
        _load(task.modules, inputs)
        jobs: list[Job] = unpacked(task.jobs, inputs)
        _check(jobs, task.targets)
        recompute = task.targets == "recompute"
        door = SharedDoor(inputs, task.codes, recompute, device)
        gathered = _Gathered()
        one = BatchRun(jobs, batch_size=task.batch_size)
        run_batch(one, lambda amount: None, door=door, job_store=gathered)
        records = gathered.records
        place = write_batch(inputs.objects, records) if records else None
        return Done(place, list(records), gathered.failures)


def _load(modules: tuple[tuple[str, str], ...], inputs: Inputs) -> None:
    """Let the user's own modules be found, and no other version of them."""
    if not modules or modules in _LOADED:
        return
    if _LOADED:
        raise Refusal(
            "a worker has loaded another version of the modules in data/models, which "
            "Python does not load twice: start the workers again"
        )
    sys.path.insert(0, str(inputs.modules(dict(modules))))
    _LOADED.add(modules)


def _check(jobs: Sequence[Job], targets: str) -> None:
    """Refuse jobs that would be computed otherwise here than where they were planned.

    A key covers the program's text: two versions of it make two keys.
    """
    if not have_own_keys(jobs, targets):
        raise Refusal(
            f"a worker has another version of this program than the one that planned "
            f"the jobs (in {Path(__file__).parents[3]}): install the same on all "
            "machines, and start the workers again"
        )
