"""The plan of the study, and the care of its job store.

    python -m stages.study                  what is done, what is left, what it costs
    python -m stages.study --measure        the same, the time from a few steps
    python -m stages.study --retry-failed   try failed jobs again, then what follows
    python -m stages.study --prune          drop finished jobs that no plan needs

Other params files are looked at with `--params stages/presets/smoke.yaml`.
"""

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path

import torch

from stages.execution.backend import opened_store
from stages.execution.batch import Batch
from stages.execution.device import description, prepare
from stages.execution.estimate import (
    MOST_JOBS,
    Estimate,
    beyond,
    estimate,
    job_seconds,
)
from stages.execution.processes import n_processes, n_threads, process_bytes
from stages.execution.room import free_bytes, gigabytes
from stages.execution.targets import rankings
from stages.execution.workers import n_cores
from stages.invert import pictures
from stages.params.execution import ExecutionSettings
from stages.params.pictures import BuiltinPictures, FolderPictures, Pictures
from stages.plan.jobs import Job, Pictured, batches, jobs
from stages.plan.missing import missing
from stages.plan.representations import code_shape, job_costs
from stages.plan.study import Expanded, available, expand
from stages.process.progress import duration
from stages.process.stage import Refusal, printable, run, say, tell
from stages.sources import folder
from stages.store import paths
from stages.store.jobs import JobStore
from stages.store.shared_jobs import SharedJobStore

PRESETS = Path("stages/presets")
PROBE_STEPS = 3


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.study",
        description="Show the plan of the study, or look after its job store.",
    )
    parser.add_argument("--params", type=Path, default=paths.PARAMS, metavar="FILE")
    todo = parser.add_mutually_exclusive_group()
    todo.add_argument(
        "--retry-failed",
        action="store_true",
        help="run invert again for failed jobs, then all stages that depend on it",
    )
    todo.add_argument(
        "--measure",
        action="store_true",
        help="take a few steps of each kind of batch, to tell the time better",
    )
    todo.add_argument(
        "--prune",
        action="store_true",
        help="show, then delete, what neither params.yaml nor a preset needs",
    )
    parser.add_argument(
        "--yes", action="store_true", help="with --prune: delete without asking"
    )
    return parser.parse_args()


# the plan ---------------------------------------------------------------------------


def known_pictures(study: Expanded) -> tuple[list[Pictured], str]:
    """Return the fetched pictures, or stand-ins for them, and a remark."""
    if paths.IMAGES.exists():
        return pictures(), "fetched"
    wanted = study.params.fetch.images
    names, remark = _expected(wanted)
    asked = (entry.images for entry in study.params.grid)
    named = chain(*(images for images in asked if isinstance(images, list)))
    names = list(dict.fromkeys([*names[: wanted.limit], *named]))
    return [Pictured(f"unknown {name}", name) for name in names], remark


def _expected(wanted: Pictures) -> tuple[list[str], str]:
    """Return names for the pictures that the source may give, and a remark."""
    if isinstance(wanted, BuiltinPictures):
        return [*wanted.names], "not fetched yet"
    if isinstance(wanted, FolderPictures) and Path(wanted.path).is_dir():
        with folder.pictures(path=wanted.path) as candidates:
            return [one.name for one in candidates], "not fetched yet; all its files"
    if wanted.limit is not None:
        return [f"#{i}" for i in range(wanted.limit)], "not fetched yet"
    return ["#0"], "not fetched yet; counted as one"


def show(study: Expanded, job_store: JobStore, *, measure: bool = False) -> None:
    """Print the plan: of a study that is too large to list, what it amounts to."""
    known, remark = known_pictures(study)
    cost = estimate(study, len(known))
    tell(f"pictures  {len(known)} ({study.params.fetch.images.source}, {remark})")
    for name, why in study.missing.items():
        tell(f"missing   {name}: {why}")
    if cost.jobs > MOST_JOBS:
        tell(f"cells     {sum(len(one.settings) for one in study.entries)} at most")
        tell(f"jobs      {cost.jobs:,} at most: too many to be listed")
        _tell_cost(study, cost, _estimated(cost.seconds))
    else:
        _show_jobs(study, cost, job_store, known, measure)


def _tell_cost(study: Expanded, cost: Estimate, time: str) -> None:
    """Print what the study takes of the machine, and what is beyond it."""
    memory = gigabytes(cost.memory(study.execution))
    tell(f"memory    {memory}, {gigabytes(cost.process)} a process, as estimated")
    tell(
        f"disk      {gigabytes(cost.disk + cost.codes)} when all is done "
        f"({gigabytes(free_bytes(paths.work()))} free)"
    )
    tell(f"time      {time}")
    if told := beyond(cost, study.execution):
        tell(f"too large for this machine: {', '.join(told)}")
        if not study.execution.allow_large:
            tell("stages refuse it but with `execution: {allow_large: true}`")


def _estimated(seconds: float) -> str:
    n = n_cores()
    return f"about {duration(seconds / n)} on {n} cores, as estimated"


def _show_jobs(
    study: Expanded,
    cost: Estimate,
    job_store: JobStore,
    known: list[Pictured],
    measure: bool,
) -> None:
    plan = jobs(study, known, rankings())
    finished, failed = job_store.finished(), job_store.failed()
    todo = list({j.key: j for j in plan if j.key not in finished}.values())
    n_failed = sum(job.key in failed for job in todo)
    tell(f"cells     {len({job.cell for job in plan})}")
    n_done = sum(job.key in finished for job in plan)
    tell(
        f"jobs      {len(plan)}: {n_done} done, {len(plan) - n_done} to do"
        + (f" ({n_failed} of them failed before)" if n_failed else "")
    )
    tell(_table(plan, finished))
    for line in _memory(plan):
        tell(line)
    device = prepare(study.execution.device)
    large = beyond(cost, study.execution)
    measured = measure and not large
    spent = _time(study.execution, todo, device) if measured else _left(todo)
    _tell_cost(study, cost, spent)
    if measured and device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device)
        tell(f"GPU       {_megabytes(peak)} of memory at most")
    known_failures = [job for job in todo if job.key in failed]
    for job in known_failures[:10]:
        told = f"{job.cell.label}, {job.image_name}: {failed[job.key]}"
        tell(f"failed    {printable(told)}")


def _left(todo: list[Job]) -> str:
    """Return how long the rest takes, by arithmetic."""
    return f"{_estimated(sum(map(job_seconds, todo)))} (--measure takes a few steps)"


def _time(execution: ExecutionSettings, todo: list[Job], device: torch.device) -> str:
    """Return how long the rest takes, from a few steps of each kind of batch."""
    made = batches(todo)
    n = n_processes(execution, device, made)
    prepare(execution.device, n_threads(n))
    try:
        groups = groupby(made, key=lambda batch: batch[0].group)
        seconds = sum(_seconds(list(group), device) for _, group in groups)
    except Exception as error:  # a plan is shown also of jobs that fail
        return f"unknown: {type(error).__name__}: {error}"
    where = f"{n} x {description(device)}" if n > 1 else description(device)
    return f"about {duration(seconds / n)} to go on {where}, measured"


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


def _seconds(made: list[list[Job]], device: torch.device) -> float:
    """Return the seconds that batches of one group take, from a few steps of one."""
    trial = [_untrained(job) for job in made[0]]
    cell = trial[0].cell
    targets = torch.rand(len(trial), *code_shape(cell.definition, cell.layer))
    batch = Batch(trial, targets, batch_size=trial[0].batch_size, device=device)
    return batch.probe(PROBE_STEPS) * batch.n_steps * len(made)


def _untrained(job: Job) -> Job:
    """Return the job with random weights: a step takes as long, and needs no file."""
    cell = job.cell
    return replace(job, cell=replace(cell, definition=cell.definition.untrained()))


def _megabytes(n_bytes: float) -> str:
    return f"{n_bytes / 1e6:.1f} MB"


# the store --------------------------------------------------------------------------


def retry_failed(study: Expanded, job_store: JobStore) -> None:
    """Run invert again, although DVC sees nothing to do, then what follows."""
    wanted = {job.key for job in jobs(study, known_pictures(study)[0], rankings())}
    if not wanted & job_store.failed().keys():
        say("no job of this study has failed: nothing to retry")
        return
    dvc = [sys.executable, "-m", "dvc", "repro"]
    for command in ([*dvc, "--force", "--single-item", "invert"], dvc):
        if code := subprocess.run(command).returncode:
            raise Refusal(f"`{' '.join(command[1:])}` ended with code {code}")


def prune(
    job_store: JobStore, plans: list[Path], confirmed: Callable[[], bool]
) -> None:
    """Delete what no plan needs for the fetched pictures, after showing it."""
    if not paths.IMAGES.exists():
        raise Refusal(
            "nothing was dropped: which jobs are needed depends on the pictures, and "
            f"{paths.IMAGES} is not there; run `dvc repro fetch` first"
        )
    needed = {job.key for path in plans for job in _needed(path)}
    shared = job_store if isinstance(job_store, SharedJobStore) else None
    with job_store.locked():
        files = job_store.unneeded(needed)
        objects = shared.unneeded_objects(needed) if shared else {}
        n = len(files) + len(objects)
        if not n:
            say("every job in the store is needed by a plan: nothing to drop")
            return
        for path in files:
            tell(printable(f"{path}"))
        for name in objects:
            tell(printable(f"{shared and shared.objects.url}/{name}"))
        size = _megabytes(sum(files.values()) + sum(objects.values()))
        say(f"{n} files, {size}, that no plan needs for the fetched pictures:")
        say("plans: " + ", ".join(str(path) for path in plans))
        if objects:
            say("in a shared place other studies' jobs go, too; let no run use it now")
        if confirmed():
            for path in files:
                path.unlink()
            if shared and objects:
                shared.drop_objects(needed)
            say(f"dropped {n} files")


def _needed(path: Path) -> list[Job]:
    study = expand(path)
    try:
        return jobs(study, pictures(), rankings())
    except Refusal:  # the plan is about pictures that are not these
        return []


def _confirmed(yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refusal("nothing was dropped: add --yes to drop them")
    return input("drop them? [y/N] ").strip().lower() in ("y", "yes")


def main() -> None:
    """Do what the command line asks for."""
    chosen = arguments()
    study = available(expand(chosen.params), missing())
    job_store = opened_store(study.execution)
    if chosen.retry_failed:
        retry_failed(study, job_store)
    elif chosen.prune:
        plans = [paths.PARAMS, chosen.params, *sorted(PRESETS.glob("*.yaml"))]
        prune(job_store, list(dict.fromkeys(plans)), lambda: _confirmed(chosen.yes))
    else:
        show(study, job_store, measure=chosen.measure)


if __name__ == "__main__":
    run(main)
