"""What a study of very many jobs costs its driver, its scheduler and its store.

    python -m tests.benchmarks.scale [--jobs 1000 10000 100000]

Pictures are names, codes a few numbers, and the solver a stub that makes a grey PNG:
what is left is planning, packing, scheduling through a real Dask scheduler and two
workers, writing, indexing, and laying out again, as `invert` does it. Nothing of scores
and report is measured. Every size runs in a process of its own.
"""

import argparse
import importlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from stages import invert
from stages.execution.cluster import driver
from stages.execution.cluster.worker import Done, Task
from stages.execution.runner import batch_runs
from stages.execution.targets import TargetCodes
from stages.images import png
from stages.params.execution import ExecutionSettings
from stages.plan.jobs import Job, Pictured, jobs
from stages.plan.study import expand
from stages.store import codes, files, paths
from stages.store.objects import Objects
from stages.store.record import Record
from stages.store.shared_jobs import SharedJobStore
from stages.store.shared_records import write_batch
from tests.benchmarks.machine import described, keep
from tests.benchmarks.scaling import ROOT

PARAMS = """
fetch:
  images: {source: builtin, names: [astronaut]}
  lpips: {backbones: []}
representations:
  hogb: {kind: hog, side: 32, assignment: bilinear}
priors:
  default: {lambda_alpha: auto, lambda_tv: 0.1}
solvers:
  fast: {kind: fast, steps: 10}
grid:
  - {representation: hogb, seeds: 10}
execution: {device: cpu, backend: dask}
report: {}
"""
SEEDS = 10


def stub(task: Task) -> Done:
    """Do what a worker does with a batch, but for computing."""
    from stages.execution.cluster.inputs import Inputs
    from stages.execution.cluster.parcel import unpacked

    inputs = Inputs(Objects(task.store), Path("nowhere"))
    keys = [job.key for job in unpacked(task.jobs, inputs)]
    place = write_batch(inputs.objects, {key: _record() for key in keys})
    return Done(place, keys, {})


def _record() -> Record:
    return Record(
        png=_grey(),
        status="done",
        reason="",
        steps=10,
        seconds=0.0,
        terms=(0.1, 0.0, 0.0, 0.0),
        distance=1.0,
        device="none",
        batch_size=6,
        trace=torch.zeros(2, 5),
        versions="none",
    )


def _grey() -> bytes:
    from PIL import Image

    return png(Image.new("L", (8, 8), 128))


class Clock:
    """Tells the processor time since it was last asked, and the peak memory so far.

    Of this process: the driver, and the scheduler that it has started.
    """

    def __init__(self) -> None:
        self._last = time.process_time()

    def tell(self, what: str) -> None:
        now = time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(what, f"{now - self._last:.2f}", f"{peak:.0f}", flush=True)
        self._last = now


def codes_of(pictured: list[Pictured]) -> None:
    """Write codes of one number each, which the stub never reads."""
    place = paths.codes("hogb", "hog")
    place.parent.mkdir(parents=True, exist_ok=True)
    ids = [one.image_id for one in pictured]
    with files.replacing(place) as temporary, temporary.open("wb") as file:
        codes.write(file, ids, (1, 1, 1), [torch.zeros(len(ids), 1, 1, 1)])


def one_size(n_jobs: int) -> None:
    """Measure one size in this process, in the folder that it is in."""
    paths.PARAMS.write_text(PARAMS)
    pictured = [Pictured(f"{i:032x}", f"{i}") for i in range(n_jobs // SEEDS)]
    codes_of(pictured)
    # By the module's name, which workers find; not as a part of a program.
    driver.run_task = importlib.import_module("tests.benchmarks.scale").stub
    execution = ExecutionSettings(device="cpu", backend="dask", processes=2)
    clock = Clock()
    plan: list[Job] = jobs(expand(), pictured)
    clock.tell("plan")
    job_store = _opened()
    wanted = batch_runs(invert.missing(plan, job_store), job_store)
    clock.tell("batches")
    device = torch.device("cpu")
    driver.DaskBackend(execution, job_store, device).run(wanted, lambda amount: None)
    clock.tell("run")
    again = _opened()
    assert not invert.missing(plan, again)
    clock.tell("again")
    invert.lay_out(plan, again, TargetCodes("store", device))
    clock.tell("lay out")
    sizes = again.objects.names("")
    print("objects", len(sizes), sum(sizes.values()), flush=True)


def _opened() -> SharedJobStore:
    objects = Objects(f"{Path.cwd() / 'place'}")
    objects.create()
    return SharedJobStore(paths.work(), objects)


def report(sizes: list[int]) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# The driver of very many jobs\n"
    yield described(f"scale --jobs {' '.join(map(str, sizes))}")
    yield "Processor seconds of the driver and its scheduler, which other work on the"
    yield "machine does not change, / peak megabytes of their process so far.\n"
    steps = ("plan", "batches", "run", "again", "lay out")
    yield "| jobs | " + " | ".join(steps) + " | objects | bytes a job |"
    yield "| --- " * (len(steps) + 3) + "|"
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-W", "ignore", "-m", __spec__.name]
            told = subprocess.run(
                [*command, "--one", f"{n}", "--folder", folder],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}"},
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            ).stdout
        lines = [line.rsplit(" ", 2) for line in told.splitlines()]
        figures = {name: (first, second) for name, first, second in lines}
        count, n_bytes = figures.pop("objects")
        cells = [f"{seconds} / {peak}" for seconds, peak in figures.values()]
        yield f"| {n} | {' | '.join(cells)} | {count} | {int(n_bytes) / n:.0f} |"


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        os.chdir(chosen.folder)
        one_size(chosen.one)
    else:
        keep("scale", report(chosen.jobs))


if __name__ == "__main__":
    main()
