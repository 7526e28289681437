"""The driver of a study on a Dask cluster: hands out batches, notes what comes of them.

The driver holds names alone: of the jobs, and of where their records are. It keeps as
many tasks on the way as the workers there are take up soon, so that a scheduler never
holds a whole study.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import torch

from stages.execution.cluster.client import Room, answers, connected, refused
from stages.execution.cluster.codes import published_codes
from stages.execution.cluster.inputs import published, published_folder
from stages.execution.cluster.parcel import packed
from stages.execution.cluster.worker import Done, Task, run_task
from stages.execution.processes import n_processes, n_threads
from stages.execution.runner import BatchRun, note_failure
from stages.execution.workers import n_cores
from stages.params.execution import ExecutionSettings
from stages.store import paths
from stages.store.shared_jobs import SharedJobStore

# Times that a scheduler may give up its client before it counts as gone.
TIMES_GIVEN_UP = 3


class DaskBackend:
    """Runs batches on a Dask cluster; what is finished lies in the shared place."""

    def __init__(
        self,
        execution: ExecutionSettings,
        job_store: SharedJobStore,
        device: torch.device,
    ) -> None:
        self._execution, self._job_store, self._device = execution, job_store, device
        self._n_threads = 0
        self._again: Counter[str] = Counter()
        self._codes = cache(partial(published_codes, job_store.objects))

    def run(self, wanted: Sequence[BatchRun], advance: Callable[[float], None]) -> None:
        """Run all batches; `advance` is told of finished ones, in jobs.

        Raises Refusal where the cluster cannot be reached any more, or a worker cannot
        run batches at all. What was finished is kept.
        """
        if not wanted:
            return
        jobs = (one.jobs for one in wanted)
        n = n_processes(self._execution, self._device, jobs)
        if self._execution.address is None:
            self._n_threads = n_threads(n) or n_cores()
        try:
            with connected(self._execution, n) as client:
                self._run(client, wanted, advance)
        finally:
            self._job_store.index()
        self._job_store.settle()

    def _run(
        self,
        client: Any,
        wanted: Sequence[BatchRun],
        advance: Callable[[float], None],
    ) -> None:
        from distributed import as_completed

        # Of what is wanted no more is made than is on the way.
        waiting, running = iter(wanted), dict[Any, BatchRun]()
        again, suspects = deque[BatchRun](), deque[BatchRun]()
        done, room = as_completed(raise_errors=False), Room(client)

        def hand_out(one: BatchRun) -> None:
            task = self._task(one)
            name = f"{_name(task)}{self._again[one.jobs[0].key] or ''}"
            future = client.submit(run_task, task, key=name, pure=False)
            running[future] = one
            done.add(future)

        def fill() -> None:
            while len(running) < room.tasks():
                one = again.popleft() if again else next(waiting, None)
                if one is None:
                    break
                hand_out(one)
            if suspects and not running:
                hand_out(suspects.popleft())

        fill()
        for future in done:
            one = running.pop(future)
            parts = self._settled(one, future, client)
            for part in reversed(parts):
                (suspects if part.died else again).appendleft(part)
            if not parts:
                advance(len(one.jobs))
            fill()

    def _task(self, one: BatchRun) -> Task:
        """Return the batch as a task; what it needs is published."""
        objects, cell = self._job_store.objects, one.jobs[0].cell
        modules: dict[str, str] = {}
        if cell.definition.own_code() is not None:
            modules = published_folder(objects, paths.MODELS)
        if self._execution.targets == "recompute":
            codes = published(objects, paths.IMAGES)
        else:
            codes = self._codes(cell.representation, cell.layer)
        return Task(
            store=objects.url,
            jobs=packed(list(one.jobs), objects),
            codes=codes,
            targets=self._execution.targets,
            device=self._execution.device,
            n_threads=self._n_threads,
            batch_size=one.batch_size,
            modules=tuple(modules.items()),
        )

    def _settled(self, one: BatchRun, future: Any, client: Any) -> list[BatchRun]:
        """Note what became of a batch; return what is to be run in its place."""
        from distributed import KilledWorker

        if future.status == "finished":
            self._note(one, future.result())
            return []
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return self._apart(one, error)
        first = one.jobs[0].key
        if error is None and self._again[first] < TIMES_GIVEN_UP and answers(client):
            self._again[first] += 1
            return [one]
        raise refused(error, self._execution)

    def _note(self, one: BatchRun, done: Done) -> None:
        if done.place is not None:
            # The plan's own strings: those that came would be kept beside them.
            there = set(done.keys)
            keys = [job.key for job in one.jobs if job.key in there]
            self._job_store.note_finished(done.place, keys)
        for job in one.jobs:
            if job.key in done.failures:
                note_failure(job, self._job_store, done.failures[job.key])
        self._job_store.drop_checkpoint(one.checkpoint)

    def _apart(self, one: BatchRun, error: Any) -> list[BatchRun]:
        """Return what to run of a batch that workers died of: its jobs, one by one.

        Dask suspects all that a worker had taken when it died. A job that is suspected
        runs once more, with no other beside it: only then it is the guilty one.
        """
        if len(one.jobs) > 1:
            return [BatchRun([job], batch_size=one.batch_size) for job in one.jobs]
        if not one.died:
            self._again[one.jobs[0].key] += 1
            return [replace(one, died=True)]
        reason = (
            f"the process of its worker died, also when it was tried again ({error})"
        )
        note_failure(one.jobs[0], self._job_store, reason)
        return []


def _name(task: Task) -> str:
    """Return the task's name: a second run that asks for the same waits for it."""
    text = f"{task.store} {task.codes} {task.batch_size} {task.modules}".encode()
    return f"batch-{hashlib.sha256(text + task.jobs).hexdigest()[:32]}"
