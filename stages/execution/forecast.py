"""What the plan of a study tells, line by line: what is left, and what it takes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from stages.execution.device import description, prepare
from stages.execution.estimate import (
    MOST_JOBS,
    Estimate,
    beyond,
    clock_seconds,
    estimate,
    job_seconds,
)
from stages.execution.pace import Measured, Unmeasured, measured
from stages.execution.processes import n_processes, n_threads, process_bytes
from stages.execution.room import free_bytes, gigabytes
from stages.execution.targets import rankings
from stages.execution.workers import n_cores
from stages.params.execution import ExecutionSettings
from stages.plan.jobs import batches, jobs
from stages.plan.planned import Job, Pictured
from stages.plan.representations import job_costs
from stages.plan.study import Expanded
from stages.process.progress import duration
from stages.process.stage import printable
from stages.store import paths
from stages.store.jobs import JobStore

# Failed jobs that are named, our choice.
MOST_NAMED = 10


@dataclass(frozen=True)
class Forecast:
    """A study of these pictures, and the store that may hold some of its jobs.

    `measure` takes a few steps of each kind of batch, to tell the time better.
    """

    study: Expanded
    pictures: list[Pictured]
    job_store: JobStore
    measure: bool = False

    def lines(self) -> Iterator[str]:
        """Yield the plan; of a study that is too large to list, what it amounts to."""
        cost = estimate(self.study, len(self.pictures))
        if cost.jobs > MOST_JOBS:
            n_cells = sum(len(one.settings) for one in self.study.entries)
            yield f"cells     {n_cells} at most"
            yield f"jobs      {cost.jobs:,} at most: too many to be listed"
            yield from self._cost(cost, _estimated(cost.seconds))
        else:
            yield from self._listed(cost)

    def _listed(self, cost: Estimate) -> Iterator[str]:
        plan = jobs(self.study, self.pictures, rankings())
        finished, failed = self.job_store.finished(), self.job_store.failed()
        todo = list({j.key: j for j in plan if j.key not in finished}.values())
        yield f"cells     {len({job.cell for job in plan})}"
        yield _counted(plan, finished, sum(job.key in failed for job in todo))
        yield _table(plan, finished)
        yield from _memory(plan)
        yield from self._taken(cost, todo)
        known_failures = [job for job in todo if job.key in failed]
        for job in known_failures[:MOST_NAMED]:
            told = f"{job.cell.label}, {job.image_name}: {failed[job.key]}"
            yield f"failed    {printable(told)}"

    def _taken(self, cost: Estimate, todo: list[Job]) -> Iterator[str]:
        """Yield what is left to take of the machine, measured if that was asked."""
        execution = self.study.execution
        if not self.measure or beyond(cost, execution):
            yield from self._cost(cost, _left(todo))
            return
        try:
            taken = measured(execution, todo, prepare(execution.device))
        except Unmeasured as why:
            yield from self._cost(cost, f"unknown: {why}")
            return
        yield from self._cost(cost, _told(execution, todo, taken))
        if taken.gpu_bytes:
            yield f"GPU       {taken.gpu_bytes / 1e6:.1f} MB of memory at most"

    def _cost(self, cost: Estimate, time: str) -> Iterator[str]:
        """Yield what the study takes of the machine, and what is beyond it."""
        execution = self.study.execution
        memory = gigabytes(cost.memory(execution))
        yield f"memory    {memory}, {gigabytes(cost.process)} a process, as estimated"
        disk, free = cost.disk + cost.codes, free_bytes(paths.work())
        yield (f"disk      {gigabytes(disk)} when all is done ({gigabytes(free)} free)")
        yield f"time      {time}"
        if told := beyond(cost, execution):
            yield f"too large for this machine: {', '.join(told)}"
            if not execution.allow_large:
                yield "stages refuse it but with `execution: {allow_large: true}`"


def _counted(plan: list[Job], finished: set[str], n_failed: int) -> str:
    n_done = sum(job.key in finished for job in plan)
    told = f"jobs      {len(plan)}: {n_done} done, {len(plan) - n_done} to do"
    return f"{told} ({n_failed} of them failed before)" if n_failed else told


def _estimated(seconds: float) -> str:
    n = n_cores()
    return f"about {duration(clock_seconds(seconds, n))} on {n} cores, as estimated"


def _left(todo: list[Job]) -> str:
    """Return how long the rest takes, by arithmetic."""
    return f"{_estimated(sum(map(job_seconds, todo)))} (--measure takes a few steps)"


def _told(execution: ExecutionSettings, todo: list[Job], taken: Measured) -> str:
    """Return how long the rest takes and on what, as measured."""
    n = n_processes(execution, prepare(execution.device), batches(todo))
    # Told with the threads of each.
    where = description(prepare(execution.device, n_threads(n)))
    on = f"{n} x {where}" if n > 1 else where
    return f"about {duration(taken.seconds)} to go on {on}, measured"


def _table(plan: list[Job], finished: set[str]) -> str:
    """Return one line a cell: its names, its jobs, how many of them are done."""
    labels = {job.key: printable(job.cell.label) for job in plan}
    total = Counter(labels[job.key] for job in plan)
    done = Counter(labels[job.key] for job in plan if job.key in finished)
    wide = max((len(label) for label in total), default=0)
    head = f"  {'representation / layer / channels / region / prior / solver':{wide}}"
    lines = [f"{head}  jobs  done"]
    lines += [
        f"  {label:{wide}}  {n:4d}  {done[label]:4d}" for label, n in total.items()
    ]
    return "\n".join(lines)


def _memory(plan: list[Job]) -> Iterator[str]:
    """Yield what a process takes for each representation and layer, once each."""
    ones = {(job.cell.representation, job.cell.layer): job for job in plan}
    wide = max((len(f"{name} / {layer}") for name, layer in ones), default=0)
    yield f"  {'memory: representation / layer':{wide}}  a job      jobs  a process"
    for (name, layer), job in ones.items():
        one = job_costs(job.cell.definition, layer).bytes
        yield (
            f"  {f'{name} / {layer}':{max(wide, 30)}}  {one / 1e6:6.1f} MB  "
            f"{job.batch_size:4d}  {process_bytes(job) / 1e9:6.2f} GB"
        )
