"""What a study of very many jobs costs its driver, its store, scores, report and DVC.

    python -m tests.benchmarks.scale [--jobs 1000 10000 100000] [--parts make drive ...]

Pictures are of a few bytes, the solver is a stub that makes a grey PNG: what is left is
planning, packing, scheduling through a real Dask scheduler and two workers, writing,
indexing, and laying out again, as `invert` does it (`drive`); then the scores with the
metrics of pixels alone, the report, and `dvc repro` where nothing is to be done. Every
part runs in a process of its own, in a clone of the project.
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
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from stages import invert
from stages.execution.cluster import driver
from stages.execution.cluster.worker import Done, Task
from stages.execution.device import prepare
from stages.execution.runner import batch_runs
from stages.execution.targets import TargetCodes
from stages.images import png
from stages.params.execution import ExecutionSettings
from stages.plan.jobs import planned
from stages.plan.study import expand
from stages.store import codes, files, paths, schemas, tables
from stages.store.codes import StoredCodes
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
execution: {device: cpu, processes: 2, allow_large: true, backend: local}
report: {}
"""
SEEDS = 10
PARTS = ("make", "drive", "score", "report", "dvc")


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
        trace=torch.tensor([[1.0, 1, 0.1, 0, 0], [10, 0.1, 0.1, 0, 0]]),
        versions="none",
    )


def _grey() -> bytes:
    return png(Image.new("L", (32, 32), 128))


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


def params(backend: str) -> None:
    """Write the params, with this for the backend and what is said of it."""
    paths.PARAMS.write_text(PARAMS.replace("local", backend))


def picture_rows(n: int) -> Iterator[tables.Row]:
    """Yield pictures of 8 x 8 pixels, no two the same."""
    plain = {"source": "drawn", "licence": "CC0", "width": 8, "height": 8}
    for i in range(n):
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8)
        stored = {"bytes": png(Image.fromarray(pixels)), "path": ""}
        yield {"image_id": f"{i:032x}", "name": f"{i}", **plain, "image": stored}


def make(n_jobs: int) -> None:
    """Make pictures and codes, which are not measured here: few are really computed."""
    from stages import extract, fetch

    params("local")
    fetch.main()
    tables.write_table(paths.IMAGES, picture_rows(16), schemas.IMAGES)
    extract.main()
    n, place = n_jobs // SEEDS, paths.codes("hogb", "hog")
    shape = StoredCodes(place).shape
    tables.write_table(paths.IMAGES, picture_rows(n), schemas.IMAGES)
    ids = [f"{i:032x}" for i in range(n)]
    drawn = (torch.rand(1, *shape) for _ in ids)
    with files.replacing(place) as temporary, temporary.open("wb") as file:
        codes.write(file, ids, shape, drawn)


def drive(n_jobs: int, batch: str) -> None:
    """Do what `invert` does, with a stub for the solver."""
    params(f"dask, batch_size: {batch}")
    # By the module's name, which workers find; not as a part of a program.
    driver.run_task = importlib.import_module("tests.benchmarks.scale").stub
    execution = ExecutionSettings(device="cpu", backend="dask", processes=2)
    clock, device = Clock(), prepare("cpu")
    plan = planned(expand(), invert.pictures())
    assert len(plan) == n_jobs
    clock.tell("plan")
    job_store = _opened()
    wanted = batch_runs(invert.missing(plan, job_store), job_store)
    clock.tell("batches")
    driver.DaskBackend(execution, job_store, device).run(wanted, lambda amount: None)
    clock.tell("run")
    again = _opened()
    assert not invert.missing(plan, again)
    clock.tell("again")
    invert.lay_out(plan, again, TargetCodes("store", device))
    clock.tell("lay out")
    sizes = again.objects.names("")
    print("objects", len(sizes), sum(sizes.values()), flush=True)


def scored(_: int) -> None:
    """Score with the metrics of pixels alone, in this process."""
    from stages import score
    from stages.metrics import measures, table

    of_pixels = [one for one in table.METRICS if one.function.startswith("pixel:")]
    measures.of_images = lambda: of_pixels
    params("local")
    clock = Clock()
    score.main()
    clock.tell("score")


def reported(_: int) -> None:
    """Write the report; tell the megabytes of the page, and the files beside it."""
    from stages import report

    clock = Clock()
    report.main()
    clock.tell("report")
    beside = len(list(report.PICTURES.iterdir()))
    print("page", f"{paths.REPORT.stat().st_size / 1e6:.1f}", beside, flush=True)


def nothing_to_do(_: int) -> None:
    """Have DVC know of all that was made, and run it where nothing is to be done."""
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "commit", "--force", "--quiet"], check=True)
    begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(
        [*dvc, "repro"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert "up to date" in told, told
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    clock = time.perf_counter() - begun
    print("dvc", f"{clock:.1f}", f"{seconds:.1f}", flush=True)


def _opened() -> SharedJobStore:
    objects = Objects(f"{Path.cwd() / 'place'}")
    objects.create()
    return SharedJobStore(paths.work(), objects)


def lines(sizes: list[int], parts: list[str], batch: str) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# The driver of very many jobs, their scores and their report\n"
    yield described(f"scale --jobs {' '.join(map(str, sizes))} --batch {batch}")
    yield "Processor seconds, which other work on the machine changes little, / peak"
    yield "megabytes so far: of the driver with its scheduler, then of `score` and of"
    yield "`report`, each a process; the page's megabytes and the thumbnails beside it;"
    yield "seconds by the clock / of processors of `dvc repro` with nothing to do.\n"
    steps = ("plan", "batches", "run", "again", "lay out", "objects")
    steps = (*steps, "score", "report", "page", "dvc")
    yield "| jobs | " + " | ".join(steps) + " |"
    yield "| --- " * (len(steps) + 1) + "|"
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            clone = ["git", "clone", "--quiet", f"{ROOT}", folder]
            subprocess.run(clone, check=True)
            told = {k: v for part in parts for k, v in measured(n, folder, part, batch)}
        cells = [" / ".join(told.get(step, ("",))) for step in steps]
        yield f"| {n} | {' | '.join(cells)} |"


def measured(
    n: int, folder: str, part: str, batch: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what a part of a study of so many jobs tells, from a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", __spec__.name]
    told = subprocess.run(
        [
            *command,
            "--one",
            f"{n}",
            "--folder",
            folder,
            "--parts",
            part,
            "--batch",
            batch,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout
    for line in told.splitlines():
        print("  ", n, line, flush=True)
        name, *figures = line.rsplit(" ", 2)
        yield name, tuple(figures)


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--batch", default="auto", help="jobs a batch holds")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        os.chdir(chosen.folder)
        driven = partial(drive, batch=chosen.batch)
        calls = make, driven, scored, reported, nothing_to_do
        dict(zip(PARTS, calls, strict=True))[chosen.parts[0]](chosen.one)
    else:
        keep("scale", lines(chosen.jobs, chosen.parts, chosen.batch))


if __name__ == "__main__":
    main()
