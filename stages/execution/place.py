"""Where what machines share lies: in a folder, or at an address."""

from pathlib import Path

from stages.params.execution import ExecutionSettings
from stages.store import paths
from stages.store.objects import Objects


def shared_place(execution: ExecutionSettings) -> str | None:
    """Return where finished jobs are shared; None where they are not."""
    if execution.store is not None:
        return execution.store
    default = Path.cwd() / paths.work() / "shared"
    used = execution.backend == "dask" or default.is_dir()
    return f"{default}" if used else None


def shared_objects(execution: ExecutionSettings) -> Objects | None:
    """Return the shared place, made if it was not there; None where there is none."""
    place = shared_place(execution)
    if place is None:
        return None
    objects = Objects(place)
    objects.create()
    return objects
