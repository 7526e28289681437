"""What a study costs before anything of it is run: jobs, time, memory, disk.

Plain arithmetic on what the grid asks for, whatever the numbers: no job is made, no
step is taken. Time is that of the machine that it was fitted on, see `step_time`;
`python -m stages.study --measure` takes a few steps instead.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from stages.execution.processes import BASE_BYTES, bytes_of_batches
from stages.execution.room import ASK, codes_bytes, gigabytes
from stages.execution.step_time import denoiser_seconds, step_seconds
from stages.execution.workers import most_processes, n_cores
from stages.params.execution import ExecutionSettings
from stages.params.grid import GridEntry
from stages.plan.grid import Setting
from stages.plan.jobs import batch_size
from stages.plan.planned import Job
from stages.plan.representations import job_costs, outline
from stages.plan.resolution import solver_numbers
from stages.plan.study import Expanded
from stages.process.progress import duration
from stages.process.stage import Refusal
from stages.store import paths

# A PNG of a noisy image takes about its raw bytes; it lies in the job store, in the
# output and in DVC's cache.
COPIES = 3

# What a finished job takes beside its picture, in its file and in the table: its trace,
# its numbers, and half a block of the disk.
BYTES_A_RECORD = 9000

# Most jobs that a plan lists and a stage begins without being told to: our choice, of
# some 2 kB of memory each.
MOST_JOBS = 200_000
# The longest run that begins without being told to: our choice.
MOST_SECONDS = 14 * 24 * 3600

# What a descent evaluates beside its steps, each at most as dear as one: the gradient
# before the first and after the last of them, and the terms at the end.
EVALUATIONS = 3

# Until a process has imported what it needs, on two cores: `invert` and, after it, the
# processes that it starts.
START_SECONDS = 4.0


@dataclass(frozen=True)
class Estimate:
    """At most so many jobs, and what they cost: bytes, and seconds of one core."""

    jobs: int
    seconds: float
    disk: int
    codes: int
    process: int

    def memory(self, execution: ExecutionSettings) -> int:
        """Return the bytes of all processes together, on this machine."""
        wanted = execution.processes
        n = most_processes(self.process) if wanted == "auto" else wanted
        # One alone plans, too.
        return self.process if n == 1 else BASE_BYTES + n * self.process


def estimate(study: Expanded, n_pictures: int) -> Estimate:
    """Return what the whole study costs, of so many pictures."""
    jobs = disk = process = 0
    seconds = 0.0
    for one in study.entries:
        n = n_images(one.entry, n_pictures) * n_seeds(one.entry)
        for setting in one.settings:
            cost = job_costs(setting.definition, setting.layer)
            size = batch_size(study.execution, setting.definition, setting.layer)
            prior, side = study.params.priors[setting.prior], setting.definition.side
            denoised = 0 if prior.denoiser is None else side**2
            jobs += n
            step = step_seconds(cost)
            step += denoiser_seconds(denoised, prior.denoise_every)
            seconds += n * _evaluations(n_steps(study, setting)) * step
            disk += n * (COPIES * pixels(setting) + BYTES_A_RECORD)
            process = max(process, bytes_of_batches(cost, size, denoised))
    return Estimate(jobs, seconds, disk, codes_bytes(study, n_pictures), process)


def n_images(entry: GridEntry, n_pictures: int) -> int:
    """Return how many of the pictures an entry of the grid inverts."""
    if entry.images == "all":
        return n_pictures
    if isinstance(entry.images, int):
        return min(entry.images, n_pictures)
    return len(entry.images)


def n_seeds(entry: GridEntry) -> int:
    """Return how many seeds an entry of the grid has."""
    return entry.seeds if isinstance(entry.seeds, int) else len(entry.seeds)


def n_steps(study: Expanded, setting: Setting) -> int:
    """Return how many steps the setting's solver takes."""
    solver = study.params.solvers[setting.solver]
    numbers = solver_numbers(
        solver, setting.definition, setting.layer, setting.selection
    )
    return numbers.n_steps


def pixels(setting: Setting) -> int:
    """Return how many values an image of the setting's representation has."""
    return outline(setting.definition).image_channels * setting.definition.side**2


def job_seconds(job: Job) -> float:
    """Return the seconds that a job takes on one core."""
    cell = job.cell
    step = step_seconds(job_costs(cell.definition, cell.layer))
    every = cell.weights.numbers().get("denoise_every")
    if isinstance(every, int | float):
        step += denoiser_seconds(cell.definition.side**2, int(every))
    return _evaluations(cell.steps.n_steps) * step


def _evaluations(n_steps: int) -> int:
    return n_steps + EVALUATIONS


def costs(batches: Iterable[Sequence[Job]]) -> Iterator[tuple[int, float]]:
    """Yield how many jobs each batch has, and its cost in seconds of one core."""
    for jobs in batches:
        yield len(jobs), len(jobs) * job_seconds(jobs[0])


def clock_seconds(core_seconds: float, n: int) -> float:
    """Return how long so many seconds of one core take on `n`, with the start."""
    return 2 * START_SECONDS + core_seconds / n if core_seconds else 0.0


def beyond(cost: Estimate, execution: ExecutionSettings) -> list[str]:
    """Return what of the costs is beyond this machine; empty where nothing is.

    Of a GPU neither the time nor the memory is known here.
    """
    told = []
    if cost.jobs > MOST_JOBS:
        told.append(f"{cost.jobs:,} jobs (more than {MOST_JOBS:,})")
    if execution.device.startswith("cuda") or _takes_gpu(execution):
        return told
    seconds = clock_seconds(cost.seconds, n_cores())
    if seconds > MOST_SECONDS:
        told.append(f"about {duration(seconds)} of computing")
    total = int(psutil.virtual_memory().total)
    if cost.process > total:
        told.append(f"{gigabytes(cost.process)} of memory ({gigabytes(total)} is here)")
    return told


def _takes_gpu(execution: ExecutionSettings) -> bool:
    return execution.device == "auto" and torch.cuda.is_available()


def check(study: Expanded, n_pictures: int) -> None:
    """Raise Refusal if the study is beyond this machine and is not allowed to be."""
    if study.execution.allow_large:
        return
    if told := beyond(estimate(study, n_pictures), study.execution):
        raise Refusal(f"the study takes {', '.join(told)}: nothing was computed; {ASK}")


def rooms(planned: Sequence[Job], pending: Sequence[Job]) -> dict[Path, int]:
    """Return the bytes that `invert` writes: finished jobs, and the output, twice.

    DVC keeps a copy of the output in its cache.
    """
    work = sum(job_pixels(job) + BYTES_A_RECORD for job in pending)
    output = sum(job_pixels(job) for job in planned)
    return {paths.work(): work, paths.PREIMAGES: (COPIES - 1) * output}


def job_pixels(job: Job) -> int:
    """Return how many values the image of a job has."""
    defined = job.cell.definition
    return outline(defined).image_channels * defined.side**2
