"""Among how many processes the batches of a study are shared, and their threads."""

from collections.abc import Sequence
from typing import Any

import torch

from stages.built import job_costs
from stages.execution.workers import most_processes, n_cores
from stages.plan import Job

# Steps of an image that make a process worth its start (4 s): some 10 s of work.
STEPS_WORTH_A_PROCESS = 2500

# Memory of a process before it loads a network. With twice its weights, for what the
# convolutions make of them, that is what was measured with VGG-16 (2.3 GB), ViT-B/16
# (1.9) and ConvNeXt-Tiny (1.4) at 224 pixels.
BASE_BYTES = 3 << 28


def n_processes(
    study: Any, device: torch.device, batches: Sequence[Sequence[Job]]
) -> int:
    """Return among how many processes the batches are shared.

    `auto`: one on a GPU; on a CPU as many as it has cores and memory for, unless there
    is less to do than starting them is worth.
    """
    if study.execution.processes != "auto":
        n: int = study.execution.processes
        return n
    if device.type != "cpu":
        return 1
    steps = sum(len(jobs) * jobs[0].cell.choice.steps for jobs in batches)
    need = max((process_bytes(jobs[0], study) for jobs in batches), default=1)
    return max(1, min(most_processes(need), steps // STEPS_WORTH_A_PROCESS))


def process_bytes(job: Job, study: Any) -> int:
    """Return the memory that a process needs for batches such as this job's."""
    settings = study.representations[job.cell.representation]
    costs = job_costs(settings, job.cell.layer)
    return BASE_BYTES + 2 * costs.weights + job.width * costs.bytes


def n_threads(processes: int) -> int | None:
    """Return the threads of each of several processes; None leaves a single one its."""
    return max(1, n_cores() // processes) if processes > 1 else None
