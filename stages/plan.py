"""The plan: every job of the study in order, each with the key of its result.

A key is a hash of all that determines a pre-image: the decoded pixels, the selected
code, the resolved numbers of prior and solver, the seed, the batch's width, and the
source text of every module that the job runs through. Names that the user chose are not
in it: renaming a prior computes nothing again.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from stages.built import job_costs, representation
from stages.execution.process import Refusal
from stages.grid import Cell
from stages.kinds import RepresentationSettings
from stages.networks import identity
from stages.params import ExecutionSettings, GridEntry
from stages.resolved import SolverChoice
from stages.settings import EntryCells
from stages.source_text import closure, digest, module_file

# Jobs a batch holds where `execution.width` is auto. Our choice: on two cores a job
# costs 6 % more than at 8, and six pictures fill a batch.
AUTO_WIDTH = 6

# Memory that the jobs of a batch may take together where `execution.width` is auto. Our
# choice: two processes with VGG-16 at 224 pixels then stay below 6 GB. It is the same
# on all machines, as the width is part of the key.
BATCH_BYTES = 1 << 29

_SOLVER_MODULES = {
    "fast": "stages.preimage.adam",
    "paper": "stages.preimage.momentum",
    "pixels": "stages.preimage.pixels",
    "fourier": "stages.preimage.fourier",
    "deep-image-prior": "stages.preimage.deep_image_prior",
}

# What stands between a picture and a batch that runs.
_ASSEMBLY = (
    "stages.batch",
    "stages.extract",
    "stages.execution.device",
    "stages.networks",
    "stages.targets",
)


@dataclass(frozen=True)
class Pictured:
    """A picture of the study: its identity and its name."""

    image_id: str
    name: str


@dataclass(frozen=True)
class Job:
    """One pre-image to compute: a cell, a picture, a seed; `key` names the result.

    `width` is how many jobs its batch holds; `precision` what most of it runs in.
    """

    cell: Cell
    image_id: str
    image_name: str
    seed: int
    key: str
    width: int
    precision: str = "float32"

    @property
    def group(self) -> tuple[Any, ...]:
        """What the jobs of a batch must share."""
        cell = self.cell
        return cell.representation, cell.layer, cell.choice, cell.weights.form


def jobs(
    entries: EntryCells,
    representations: dict[str, RepresentationSettings],
    execution: ExecutionSettings,
    pictures: list[Pictured],
) -> list[Job]:
    """Return the jobs of all grid entries, each once, cells in order of appearance.

    Raises Refusal if an entry names a picture that was not fetched.
    """
    found: dict[tuple[Cell, str, int], Job] = {}
    for entry, cells in entries:
        chosen = _chosen(entry, pictures)
        for cell in cells:
            settings = representations[cell.representation]
            prefix = _cell_content(cell, settings)
            if execution.targets == "recompute":
                # Codes of one picture at a time differ by rounding from stored ones.
                prefix["targets"] = execution.targets
            n_jobs = prefix["width"] = width(execution, settings, cell.layer)
            numbers = prefix["precision"] = precision(execution, settings, cell)
            for picture in chosen:
                for seed in entry.seed_list():
                    key = _key({**prefix, "image": picture.image_id, "seed": seed})
                    identity = (cell, picture.image_id, seed)
                    names = picture.image_id, picture.name
                    job = Job(cell, *names, seed, key, n_jobs, numbers)
                    found.setdefault(identity, job)
    order: dict[Cell, int] = {}
    for job in found.values():
        order.setdefault(job.cell, len(order))
    return sorted(found.values(), key=lambda job: order[job.cell])


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


def width(
    execution: ExecutionSettings, settings: RepresentationSettings, layer: str
) -> int:
    """Return how many jobs a batch holds; `auto`: as memory allows, up to six."""
    if execution.width != "auto":
        return execution.width
    return max(1, min(AUTO_WIDTH, BATCH_BYTES // job_costs(settings, layer).bytes))


def precision(
    execution: ExecutionSettings, settings: RepresentationSettings, cell: Cell
) -> str:
    """Return what a job is computed in: `paper` and the descriptors in float32."""
    exact = cell.choice.kind == "paper" or settings.kind in ("hog", "dsift")
    return "float32" if exact else execution.precision


def _cell_content(cell: Cell, settings: RepresentationSettings) -> dict[str, Any]:
    """Return all that the cell contributes to its jobs' keys."""
    phi = representation(settings)
    return {
        "representation": identity(settings),
        "layer": phi.name(cell.layer),
        "mean": phi.mean,
        **asdict(cell.selection),
        "weights": asdict(cell.weights),
        "solver": asdict(cell.choice),
        "source": source_digest(type(phi).__module__, cell.choice),
    }


def source_digest(representation_module: str, choice: SolverChoice) -> str:
    """Return a hash of the source text of the modules that a job runs through."""
    solver = {choice.kind, choice.parameterisation} & set(_SOLVER_MODULES)
    modules = closure(
        representation_module,
        "stages.representations.selection",
        "stages.preimage.objective",
        "stages.preimage.descent",
        "stages.preimage.start",
        "stages.preimage.outcome",
        *(_SOLVER_MODULES[name] for name in solver),
        "stages.images",
    )
    # The modules that put a batch together count, but not all that they import.
    assembly = {module_file(name) for name in _ASSEMBLY}
    return digest(modules | frozenset(path for path in assembly if path))


def _key(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def batches(pending: Iterable[Job]) -> list[list[Job]]:
    """Return the jobs in batches, at most as many as their width, that fit together.

    The order of the plan is kept within a group; jobs with one key come once.
    """
    unique = {job.key: job for job in pending}
    order: dict[tuple[Any, ...], int] = {}
    for job in unique.values():
        order.setdefault(job.group, len(order))
    ranked = sorted(unique.values(), key=lambda job: order[job.group])
    found = []
    for _, group in groupby(ranked, key=lambda job: job.group):
        jobs = list(group)
        starts = range(0, len(jobs), jobs[0].width)
        found += [jobs[first : first + jobs[0].width] for first in starts]
    return found
