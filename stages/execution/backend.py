"""Where the batches of a study run: on this machine, or on a Dask cluster."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch

from stages.execution.place import shared_objects
from stages.execution.runner import Advance, BatchRun, LocalBackend
from stages.params.execution import ExecutionSettings
from stages.store import paths
from stages.store.jobs import JobStore
from stages.store.shared_jobs import SharedJobStore


@runtime_checkable
class Backend(Protocol):
    """Runs batches to their end, wherever that is.

    Finished jobs and reasons of failed ones go to the job store as they come. Raises
    Refusal where going on makes no sense; what was finished is kept.
    """

    def run(self, wanted: Sequence[BatchRun], advance: Advance) -> None:
        """Run all batches; `advance` is told of the progress, in jobs."""


def opened_store(execution: ExecutionSettings) -> JobStore:
    """Return the job store, with what the shared place has."""
    objects = shared_objects(execution)
    if objects is None:
        return JobStore(paths.work())
    return SharedJobStore(paths.work(), objects)


def backend(
    execution: ExecutionSettings, job_store: JobStore, device: torch.device
) -> Backend:
    """Return where `execution` says that batches run."""
    if execution.backend == "local" or not isinstance(job_store, SharedJobStore):
        return LocalBackend(execution, job_store, device)
    # Imported here: a study on one machine needs none of it.
    from stages.execution.cluster.driver import DaskBackend

    return DaskBackend(execution, job_store, device)
