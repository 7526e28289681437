"""The jobs of a study in order, each with the key of its result, and their batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, product

import numpy as np

from stages.params.execution import ExecutionSettings
from stages.params.grid import GridEntry
from stages.plan.cells import Cell, cell_of
from stages.plan.keys import cell_content, key_of
from stages.plan.planned import ROW, Batches, Common, Job, Jobs, Pictured, Row
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

# The chromaticity of each channel, by representation and layer.
Rankings = Mapping[str, Mapping[str, Sequence[float]]]


def jobs(
    study: Expanded, pictures: list[Pictured], rankings: Rankings | None = None
) -> list[Job]:
    """Return the jobs of `planned`, made all at once."""
    return list(planned(study, pictures, rankings))


def planned(
    study: Expanded, pictures: list[Pictured], rankings: Rankings | None = None
) -> Jobs:
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
    cells = [_common(cell, study.execution) for cell in wanted]
    rows = chain.from_iterable(
        _rows(i, common, asked, pictures, study.execution.targets)
        for i, (common, asked) in enumerate(zip(cells, wanted.values(), strict=True))
    )
    return Jobs(cells, pictures, np.fromiter(rows, ROW))


# Pictures, by their places, and seeds that an entry asks for, each with each.
_Asked = tuple[Sequence[int], Sequence[int]]


def _ranked(cell: Cell, rankings: Rankings) -> Cell:
    """Return the cell with the channels that its layer's ranking gives it."""
    shares = rankings.get(cell.representation, {}).get(cell.layer)
    if cell.selection.ranked is None or shares is None:
        return cell
    name, wanted = cell.selection.ranked
    channels = ranked(shares, wanted, chromatic=name == "chromatic")
    selection = replace(cell.selection, channels=channels, ranked=None)
    return replace(cell, selection=selection)


def _common(cell: Cell, execution: ExecutionSettings) -> Common:
    size = batch_size(execution, cell.definition, cell.layer)
    return Common(cell, size, precision(execution, cell))


def _rows(
    number: int,
    common: Common,
    asked: Iterable[_Asked],
    pictures: Sequence[Pictured],
    targets: str,
) -> Iterator[Row]:
    """Yield the jobs of a cell, of each picture and seed one."""
    sizes = common.batch_size, common.precision
    name = key_of(job_content(common.cell, targets, *sizes))
    for place, seed in _pairs(asked):
        key = name(pictures[place].image_id, seed)
        yield number, place, seed, int(key[:16], 16), int(key[16:], 16)


def _pairs(asked: Iterable[_Asked]) -> Iterable[tuple[int, int]]:
    """Return the pictures and seeds that are asked for, each pair once."""
    each = [product(dict.fromkeys(some), dict.fromkeys(seeds)) for some, seeds in asked]
    # A million pairs are not held to find one that is there twice, where none can be.
    return each[0] if len(each) == 1 else dict.fromkeys(chain(*each))


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


def _chosen(entry: GridEntry, pictures: list[Pictured]) -> Sequence[int]:
    """Return the places of the pictures that an entry inverts."""
    if entry.images == "all":
        return range(len(pictures))
    if isinstance(entry.images, int):
        return range(len(pictures))[: entry.images]
    by_name = {picture.name: place for place, picture in enumerate(pictures)}
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


def batches(pending: Iterable[Job]) -> Batches:
    """Return the jobs in batches, at most as many as their size, that fit together.

    The order of the plan is kept within a group; jobs with one key come once.
    """
    if isinstance(pending, Jobs):
        return Batches(pending.once())
    return Batches(list({job.key: job for job in pending}.values()))
