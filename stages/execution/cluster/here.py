"""What a task finds on the worker that it runs on: a device, threads, a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import torch

from stages.execution.device import prepare

# What a task sets for its thread holds for the process: one runs at a time in each.
_ONE_AT_A_TIME = Lock()


@contextmanager
def computing(device: str, n_threads: int) -> Iterator[tuple[torch.device, Path]]:
    """Yield the device, ready, and the worker's folder; others wait meanwhile.

    `n_threads` 0 leaves them to the worker. Of several GPUs each worker of a cluster
    that was started for the run has its own.
    """
    with _ONE_AT_A_TIME:
        folder, its_threads, slot = _here()
        # In the thread that computes: denormal numbers are a matter of threads.
        yield prepare(device, n_threads or its_threads, slot), folder


def _here() -> tuple[Path, int, int]:
    """Return this worker's folder, its threads, and its slot on a machine of several.

    Those of a cluster that was started for the run are numbered.
    """
    from distributed import get_worker

    worker = get_worker()
    slot = worker.name if isinstance(worker.name, int) else 0
    return Path(worker.local_directory), worker.state.nthreads, slot
