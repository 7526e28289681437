"""The jobs of a study in order, each with the key of its result, and their batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, product

from stages.params.execution import ExecutionSettings
from stages.params.grid import GridEntry
from stages.plan.cells import Cell, cell_of
from stages.plan.keys import cell_content, key_of
from stages.plan.representations import job_costs, outline
from stages.plan.study import Expanded
from stages.process.stage import Refusal
from stages.representations.chromaticity import ranked
from stages.representations.definition import Definition

# Jobs a batch holds where `execution.batch_size` is auto. Our choice: on two cores a
# job costs 6 % more than at 8, and six pictures fill a batch.
AUTO_SIZE = 6

# Images of so many values keep a core busy by themselves: AlexNet at 224 pixels takes
# 6 % more for each at 2 a batch than at 6, and 4 pictures leave no place in it empty.
# It is a rule of the image alone, as another size is another key: were it to follow the
# number of pictures, one more of them would have all the others computed again.
LARGE_IMAGE, LARGE_SIZE = 100_000, 2

# Memory that the jobs of a batch may take together where `execution.batch_size` is
# auto. Our choice: two processes with VGG-16 at 224 pixels then stay below 6 GB. It is
# the same on all machines, as the batch's size is part of the key.
BATCH_BYTES = 1 << 29


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture of the study: its identity and its name."""

    image_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Job:
    """One pre-image to compute: a cell, a picture, a seed; `key` names the result.

    `batch_size` is how many jobs its batch holds; `precision` what most of it runs in.
    """

    cell: Cell
    image_id: str
    image_name: str
    seed: int
    key: str
    batch_size: int
    precision: str = "float32"

    @property
    def group(self) -> tuple[object, ...]:
        """What the jobs of a batch must share."""
        cell = self.cell
        return cell.representation, cell.layer, cell.steps, cell.weights.form


# The chromaticity of each channel, by representation and layer.
Rankings = Mapping[str, Mapping[str, Sequence[float]]]


def jobs(
    study: Expanded, pictures: list[Pictured], rankings: Rankings | None = None
) -> list[Job]:
    """Return the jobs of all grid entries, each once, cells in order of appearance.

    Channels that are chosen by their colour are looked up in `rankings`; without, as
    before anything was extracted, their jobs have keys that name no result. Raises
    Refusal if an entry names a picture that was not fetched.
    """
    # A cell is hashed once an entry, not once a job: most of what a large plan took.
    wanted: dict[Cell, list[_Asked]] = {}
    parts = study.params.priors, study.params.solvers
    for one in study.entries:
        asked = _chosen(one.entry, pictures), one.entry.seed_list()
        for setting in one.settings:
            cell = _ranked(cell_of(setting, *parts), rankings or {})
            wanted.setdefault(cell, []).append(asked)
    planned = (
        _cell_jobs(cell, asked, study.execution) for cell, asked in wanted.items()
    )
    return list(chain.from_iterable(planned))


# Pictures and seeds that an entry of the grid asks for, each with each.
_Asked = tuple[Sequence[Pictured], Sequence[int]]


def _ranked(cell: Cell, rankings: Rankings) -> Cell:
    """Return the cell with the channels that its layer's ranking gives it."""
    shares = rankings.get(cell.representation, {}).get(cell.layer)
    if cell.selection.ranked is None or shares is None:
        return cell
    name, wanted = cell.selection.ranked
    channels = ranked(shares, wanted, chromatic=name == "chromatic")
    selection = replace(cell.selection, channels=channels, ranked=None)
    return replace(cell, selection=selection)


def _cell_jobs(
    cell: Cell, asked: Iterable[_Asked], execution: ExecutionSettings
) -> Iterator[Job]:
    """Yield the jobs of a cell, of each picture and seed one."""
    size = batch_size(execution, cell.definition, cell.layer)
    numbers = precision(execution, cell)
    name = key_of(job_content(cell, execution.targets, size, numbers))
    wanted: dict[tuple[str, int], Pictured] = {}
    for pictures, seeds in asked:
        for picture, seed in product(pictures, seeds):
            wanted.setdefault((picture.image_id, seed), picture)
    for (image_id, seed), picture in wanted.items():
        digits = name(image_id, seed)
        yield Job(cell, image_id, picture.name, seed, digits, size, numbers)


def job_content(
    cell: Cell, targets: str, batch_size: int, precision: str
) -> dict[str, object]:
    """Return what the jobs of a cell have in common in their keys.

    `targets` is what `execution.targets` says, `store` or `recompute`.
    """
    content = cell_content(cell)
    if targets == "recompute":
        # Codes of one picture at a time differ by rounding from stored ones.
        content["targets"] = targets
    return {**content, "batch size": batch_size, "precision": precision}


def have_own_keys(jobs: Iterable[Job], targets: str) -> bool:
    """Return whether the jobs' keys are those that are made here of what they say.

    They are not where another version of the program planned them.
    """
    names: dict[Cell, Callable[[str, int], str]] = {}
    for job in jobs:
        if job.cell not in names:
            sizes = job.batch_size, job.precision
            names[job.cell] = key_of(job_content(job.cell, targets, *sizes))
        if job.key != names[job.cell](job.image_id, job.seed):
            return False
    return True


def _chosen(entry: GridEntry, pictures: list[Pictured]) -> list[Pictured]:
    if entry.images == "all":
        return pictures
    if isinstance(entry.images, int):
        return pictures[: entry.images]
    by_name = {picture.name: picture for picture in pictures}
    unknown = [name for name in entry.images if name not in by_name]
    if unknown:
        raise Refusal(
            f"the grid names pictures that were not fetched: {', '.join(unknown)}; "
            f"fetched were: {', '.join(list(by_name)[:20])}"
        )
    return [by_name[name] for name in entry.images]


def batch_size(execution: ExecutionSettings, defined: Definition, layer: str) -> int:
    """Return how many jobs a batch holds; `auto`: what memory allows, two or six."""
    if execution.batch_size != "auto":
        return execution.batch_size
    n_values = outline(defined).image_channels * defined.side**2
    most = LARGE_SIZE if n_values > LARGE_IMAGE else AUTO_SIZE
    return max(1, min(most, BATCH_BYTES // job_costs(defined, layer).bytes))


def precision(execution: ExecutionSettings, cell: Cell) -> str:
    """Return what a job is computed in: `paper` and the descriptors in float32."""
    exact = cell.steps.kind == "paper" or cell.definition.descriptor
    return "float32" if exact else execution.precision


def batches(pending: Iterable[Job]) -> list[list[Job]]:
    """Return the jobs in batches, at most as many as their size, that fit together.

    The order of the plan is kept within a group; jobs with one key come once.
    """
    unique = {job.key: job for job in pending}
    order: dict[tuple[object, ...], int] = {}
    for job in unique.values():
        order.setdefault(job.group, len(order))
    ranked = sorted(unique.values(), key=lambda job: order[job.group])
    together = []
    for _, group in groupby(ranked, key=lambda job: job.group):
        jobs = list(group)
        starts = range(0, len(jobs), jobs[0].batch_size)
        together += [jobs[first : first + jobs[0].batch_size] for first in starts]
    return together
