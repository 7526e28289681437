"""What the plan says that a study takes, and what it takes: memory and time.

    python -m tests.benchmarks.estimates [--networks vgg16 hog]

Studies of one layer: torchvision's networks with random weights at 224 pixels from
their last layer, the embedded CaffeNet and HOG. Told by arithmetic and, for time, from
a few steps (`--measure`); then `invert` runs. Memory is what all its processes hold at
once, each with its share of what they have in common (the proportional set size of
Linux); time is by the clock, from the start of the stage to its end. Where the
processor's seconds are much fewer than the processes' together, other programs took
them: arithmetic, which knows nothing of those, is held to the processor's seconds, too.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from stages.execution.device import prepare
from stages.execution.estimate import clock_seconds, estimate
from stages.execution.pace import measured as tried
from stages.execution.workers import n_cores
from stages.invert import pictures
from stages.plan.jobs import jobs
from stages.plan.planned import Job
from stages.plan.study import Expanded, expand
from tests.benchmarks.machine import described, keep
from tests.benchmarks.scaling import draw

ROOT = Path(__file__).parents[2]
# How far from what is used the memory told may lie, the time measured, and the time
# by arithmetic.
MEMORY, MEASURED, ARITHMETIC = 1.3, 1.3, 2.0
N_PICTURES = 8
# A look at the memory of three processes takes a tenth of a second of a core, for which
# what is timed waits.
SECONDS_BETWEEN_LOOKS = 1.0
PARAMS = """
fetch:
  images: {{source: folder, path: pictures, side: 224}}
representations:
  net: {representation}
priors:
  default: {{lambda_alpha: auto, lambda_tv: 0.1}}
solvers:
  fast: {{kind: fast, steps: {steps}}}
grid:
  - {{representation: net, layers: {layers}, seeds: {seeds}}}
execution: {{device: cpu, processes: {processes}}}
report: {{}}
"""
# Representation, layers, steps, seeds: some one to two minutes of computing each.
STUDIES = {
    "vgg16": ("{kind: torchvision, model: vgg16, weights: random}", "[relu5_3]", 16, 1),
    "vit_b_16": (
        "{kind: torchvision, model: vit_b_16, weights: random}",
        "[encoder.ln]",
        16,
        1,
    ),
    "resnet18": (
        "{kind: torchvision, model: resnet18, weights: random}",
        "[fc]",
        60,
        1,
    ),
    "convnext_tiny": (
        "{kind: torchvision, model: convnext_tiny, weights: random}",
        "[classifier]",
        24,
        1,
    ),
    "swin_t": ("{kind: torchvision, model: swin_t, weights: random}", "[head]", 24, 1),
    "alexnet": (
        "{kind: torchvision, model: alexnet, weights: random}",
        "[relu5]",
        250,
        1,
    ),
    "caffenet": ("{kind: caffenet, side: 64, weights: embedded}", "[relu5]", 200, 4),
    "hog": ("{kind: hog, side: 128}", "all", 200, 4),
}


def stage(name: str) -> "subprocess.Popen[str]":
    """Start a stage in a process of its own."""
    command = [sys.executable, "-m", f"stages.{name}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def peak(process: "subprocess.Popen[str]") -> int:
    """Return the bytes that the process and its children hold at most."""
    most = 0
    while process.poll() is None:
        held = 0
        try:
            root = psutil.Process(process.pid)
            for one in (root, *root.children(recursive=True)):
                held += one.memory_full_info().pss
        except psutil.Error:  # it has just ended
            continue
        most = max(most, held)
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return most


def used() -> tuple[int, float, float]:
    """Return the peak bytes, the seconds and the processor's of `invert`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = stage("invert")
    begun, held = time.perf_counter(), peak(process)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"invert failed: {process.stderr and process.stderr.read()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return held, seconds, busy


def prepared(name: str, processes: int) -> tuple[Expanded, list[Job]]:
    """Return a study that lies here, its codes extracted, and its jobs."""
    representation, layers, steps, seeds = STUDIES[name]
    values = {"steps": steps, "processes": processes, "seeds": seeds}
    text = PARAMS.format(representation=representation, layers=layers, **values)
    Path("params.yaml").write_text(text)
    draw(Path("pictures"), N_PICTURES)
    for before in ("fetch", "extract"):
        if stage(before).wait():
            raise SystemExit(f"{before} failed")
    study = expand()
    return study, jobs(study, pictures())


def measured(name: str, processes: int) -> str:
    """Return the table's line for a study."""
    study, plan = prepared(name, processes)
    cost = estimate(study, N_PICTURES)
    steps_taken = tried(study.execution, plan, prepare("cpu")).seconds
    held, seconds, busy = used()
    memory = cost.memory(study.execution)
    arithmetic = clock_seconds(cost.seconds, min(n_cores(), processes))
    cells = [
        *(name, f"{plan[0].batch_size}", f"{memory / 1e9:.2f}", f"{held / 1e9:.2f}"),
        _against(memory / held, MEMORY),
        *(f"{arithmetic:.0f}", f"{steps_taken:.0f}", f"{seconds:.0f}", f"{busy:.0f}"),
        _against(arithmetic / seconds, ARITHMETIC),
        _against(arithmetic * processes / busy, ARITHMETIC),
        _against(steps_taken / seconds, MEASURED),
    ]
    return f"| {' | '.join(cells)} |"


def _against(ratio: float, bound: float) -> str:
    """Return the ratio, and whether it lies within the bound on both sides."""
    return f"{ratio:.2f} {'met' if 1 / bound <= ratio <= bound else 'NOT MET'}"


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# What the plan tells, and what a study takes\n"
    yield described("estimates")
    yield f"Gigabytes of all processes; seconds in {chosen.processes} processes.\n"
    columns = [
        *("study", "jobs a batch", "memory told", "used", "ratio (1.3)"),
        *("seconds by arithmetic", "from a few steps", "taken"),
        "processor seconds",
        *("arithmetic's ratio (2)", "to the processor's seconds a process"),
        "few steps' ratio (1.3)",
    ]
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    here = Path.cwd()
    for name in chosen.networks:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            yield measured(name, chosen.processes)
            os.chdir(here)


def main() -> None:
    """Print the report and, unless it is a trial, keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=[*STUDIES], choices=STUDIES)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--trial", action="store_true", help="print alone")
    chosen = parser.parse_args()
    keep("estimates", report(chosen), trial=chosen.trial)


if __name__ == "__main__":
    main()
