"""A client of a Dask cluster: of one that is there, or of one started for the run."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import torch

from stages.execution.device import n_devices
from stages.execution.place import shared_place
from stages.execution.workers import n_cores
from stages.params.execution import ExecutionSettings
from stages.process.stage import Refusal, say

# Tasks on the way for each thread of a worker, and at least; our choice: workers never
# wait for the driver, and a late worker finds something to do.
TASKS_A_THREAD, LEAST_TASKS = 4, 32
SECONDS_BETWEEN_COUNTS = 2.0

SECONDS_TO_CONNECT = 30.0

# Workers that may die of a task before it is given up.
DEATHS_ALLOWED = 1

# How a cluster that is started for the run is set up. Sampling what tasks do, and
# looking at the clock 50 times a second, took a tenth of two cores beside busy ones;
# threads that allocate from heaps of their own, 7 % of a descent.
SETTINGS = {
    "distributed.scheduler.allowed-failures": DEATHS_ALLOWED,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.nanny.pre-spawn-environ.MALLOC_ARENA_MAX": 1,
}

Task = TypeVar("Task")
Answer = TypeVar("Answer")


@contextmanager
def connected(execution: ExecutionSettings, n_workers: int) -> Iterator[Any]:
    """Yield a client of the cluster at the address, or of `n_workers` for the run.

    Raises Refusal where Dask is not there, nobody answers, or the scheduler goes away.
    """
    with _told_if_gone(execution), _client(execution, n_workers) as client:
        say(f"dask: {client.scheduler.address}, {client.dashboard_link}")
        if not client.nthreads():
            say(f"no worker has joined yet: `dask worker {client.scheduler.address}`")
        yield client


def own_workers(execution: ExecutionSettings) -> tuple[int, int]:
    """Return how many workers a cluster for the run has, and threads in each.

    `auto`: one a GPU, else one a core. Threads are 0 where the cluster is another's,
    whose workers know.
    """
    if execution.address is not None:
        return 0, 0
    gpu = execution.device != "cpu" and torch.cuda.is_available()
    n = execution.processes
    if n == "auto":
        several = n_devices() if execution.device == "auto" else 1
        n = several if gpu else n_cores()
    return n, max(1, n_cores() // n)


@contextmanager
def _told_if_gone(execution: ExecutionSettings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Whatever was being asked of the scheduler; a disk's errors go on.
        if type(error).__name__ != "CommClosedError":
            raise
        raise refused(None, execution) from error


@contextmanager
def _client(execution: ExecutionSettings, n_workers: int) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise Refusal(
            "execution.backend is dask, which is not installed: "
            "`pip install -c constraints.txt -e '.[cluster]'`"
        ) from None
    _quieten()
    address = execution.address
    if address is None:
        with _own_cluster(n_workers) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT)
    except OSError as error:
        raise Refusal(
            f"no Dask scheduler answers at {address}: {error}. Start one with "
            "`dask scheduler`, and workers with `dask worker`"
        ) from error
    with client:
        yield client


def refused(error: BaseException | None, execution: ExecutionSettings) -> Refusal:
    """Return what ends the stage where a task came back with this error.

    None stands for a scheduler that has gone.
    """
    if isinstance(error, Refusal):
        return Refusal(f"{error}")
    if error is not None:
        return Refusal(
            f"a worker cannot run batches: {type(error).__name__}: {error}. Is "
            "the same version of this program installed there?"
        )
    return Refusal(
        f"the Dask scheduler {execution.address or 'of this run'} has gone. "
        f"What was finished is kept in {shared_place(execution)}: start it and "
        "run this again"
    )


def answers(client: Any) -> bool:
    """Return whether the client's scheduler is there.

    A scheduler that was too busy to hear of a client gives it up, and its tasks with
    it, and takes it again: they come back as cancelled, and may be asked for again.
    """
    try:
        client.nthreads()
    except (OSError, RuntimeError, TimeoutError):
        return False
    return True


@dataclass(frozen=True)
class Pending(Generic[Task]):
    """A task to be run by a worker; its name tells it from others.

    A second run that asks for the same waits for it.
    """

    name: str
    task: Task


def in_order(
    client: Any,
    run: Callable[[Task], Answer],
    items: Iterable[Pending[Task] | Answer | None],
    execution: ExecutionSettings,
) -> Iterator[Answer | None]:
    """Yield what the workers answer to each task, in order; few are on the way.

    Items that are no tasks are their own answers. None where workers died of one.
    Raises Refusal where a task does, or the scheduler goes away.
    """
    coming, running, room = iter(items), deque[Any](), Room(client)
    while True:
        with _told_if_gone(execution):
            for item in islice(coming, max(0, room.tasks() - len(running))):
                if isinstance(item, Pending):
                    # By its name: another run's task of this name is the same.
                    running.append(
                        client.submit(run, item.task, key=item.name, pure=False)
                    )
                else:
                    running.append(item)
            if not running:
                return
            answer = _answer(running.popleft(), execution)
        yield answer


def _answer(running: Any, execution: ExecutionSettings) -> Any:
    from distributed import Future, KilledWorker

    if not isinstance(running, Future):
        return running
    try:
        return running.result()
    except KilledWorker:
        return None
    except Exception as error:
        raise refused(
            error if running.status == "error" else None, execution
        ) from error


def _quieten() -> None:
    """Keep Dask's own words, tracebacks among them, from ours: they say it all."""
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


class Room:
    """How many tasks may be on the way, as workers come and go."""

    def __init__(self, client: Any) -> None:
        self._client, self._counted, self._tasks = client, -1e9, 0

    def tasks(self) -> int:
        if time.monotonic() - self._counted > SECONDS_BETWEEN_COUNTS:
            n_threads = sum(self._client.nthreads().values())
            self._tasks = max(LEAST_TASKS, TASKS_A_THREAD * n_threads)
            self._counted = time.monotonic()
        return self._tasks


@contextmanager
def _own_cluster(n_workers: int) -> Iterator[Any]:
    """Yield a cluster of this machine's processes, encrypted, for as long as needed."""
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set(SETTINGS),
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            # The plan decides how much memory there is for (`processes`).
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            security=True,
            silence_logs="CRITICAL",
        ) as cluster,
    ):
        yield cluster
