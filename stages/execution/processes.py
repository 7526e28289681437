"""Among how many processes the batches of a study are shared, and their threads."""

from collections.abc import Iterable, Sequence

import torch

from stages.execution.device import n_devices
from stages.execution.workers import most_processes, n_cores
from stages.params.execution import ExecutionSettings
from stages.plan.costs import Costs
from stages.plan.planned import Job
from stages.plan.representations import job_costs

# Steps of an image that make a process worth its start (4 s): some 10 s of work.
STEPS_WORTH_A_PROCESS = 2500

# Memory of a process before it loads a network, its share of what processes have in
# common: with the weights and the jobs, that is within a tenth of what two processes
# and the one that plans held of VGG-16 (3.7 GB), ViT-B/16 (2.8), ResNet-18 (2.4),
# ConvNeXt-Tiny (2.5) and Swin-T (2.7) at 224 pixels.
BASE_BYTES = 470_000_000
# What the denoiser that comes with the project takes for a pixel of each image of a
# batch: 285 to 341 for 4 to 12 images of 224 pixels, measured.
DENOISER_BYTES_A_PIXEL = 340


def n_processes(
    execution: ExecutionSettings,
    device: torch.device,
    batches: Iterable[Sequence[Job]],
) -> int:
    """Return among how many processes the batches are shared.

    `auto`: one for each GPU, and on a CPU as many as it has cores and memory for,
    unless there is less to do than starting them is worth.
    """
    if execution.processes != "auto":
        return execution.processes
    n, steps, need = 0, 0, 1
    for jobs in batches:
        n += 1
        steps += len(jobs) * jobs[0].cell.steps.n_steps
        need = max(need, process_bytes(jobs[0]))
    if device.type != "cpu":
        n_gpus = n_devices() if execution.device == "auto" else 1
        return max(1, min(n_gpus, n))
    return max(1, min(most_processes(need), steps // STEPS_WORTH_A_PROCESS))


def process_bytes(job: Job) -> int:
    """Return the memory that a process needs for batches such as this job's."""
    cell = job.cell
    denoised = cell.definition.side**2 if "denoiser" in cell.weights.numbers() else 0
    costs = job_costs(cell.definition, cell.layer)
    return bytes_of_batches(costs, job.batch_size, denoised)


def bytes_of_batches(costs: Costs, n_jobs: int, denoised: int) -> int:
    """Return the memory that a process needs for batches of so many jobs.

    `denoised` is how many pixels of an image a denoiser sees, 0 without one.
    """
    a_job = costs.bytes + DENOISER_BYTES_A_PIXEL * denoised
    return BASE_BYTES + costs.weights + n_jobs * a_job


def n_threads(processes: int) -> int | None:
    """Return the threads of each of several processes; None leaves a single one its."""
    return max(1, n_cores() // processes) if processes > 1 else None
