"""The project's own pool of processes against a Dask cluster of the same processes.

    python -m tests.benchmarks.backends [--pictures 12] [--steps 400] [--rounds 3]

One study of drawn pictures, inverted by two processes of one thread each, by turns
through either backend and from nothing: seconds to the first batch that is kept and to
the end, processor time of all processes. Every round also runs the same study with one
step: what a backend takes to begin and to keep, which is taken off for the throughput.
Then what a signal and a killed worker cost. Processor time tells the backend's own cost
also on a machine that does other work.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psutil

from tests.benchmarks.machine import described, keep
from tests.benchmarks.scaling import ROOT, draw, run

BACKENDS = {"own pool": "", "LocalCluster": ", backend: dask"}
PARAMS = """
fetch:
  images: {{source: folder, path: pictures, side: 64}}
  lpips: {{backbones: []}}
representations:
  hogb: {{kind: hog, side: 64, assignment: bilinear}}
  untrained: {{kind: caffenet, weights: random}}
priors:
  default: {{lambda_alpha: auto, lambda_tv: 0.1}}
solvers:
  fast: {{kind: fast, steps: {steps}}}
grid:
  - {{representation: hogb, seeds: 2}}
  - {{representation: untrained, layers: [norm1, norm2, relu4, pool5], seeds: 2}}
execution: {{device: cpu, processes: 2{backend}}}
report: {{}}
"""
WORK = Path("data/work")


def kept() -> int:
    """Return how many batches, or jobs of the own pool's, are kept."""
    places = ("jobs/*/*.safetensors", "shared/records/*/*.bundle")
    return sum(len(list(WORK.glob(place))) for place in places)


def start(backend: str, steps: int) -> "subprocess.Popen[str]":
    """Start the inversion from nothing."""
    shutil.rmtree(WORK, ignore_errors=True)
    Path("params.yaml").write_text(PARAMS.format(steps=steps, backend=backend))
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "stages.invert"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


def first_kept(process: "subprocess.Popen[str]") -> float:
    """Wait for the first that is kept; return the seconds."""
    begun = time.perf_counter()
    while not kept() and process.poll() is None:
        time.sleep(0.02)
    return time.perf_counter() - begun


def whole_run(backend: str, steps: int) -> tuple[float, float, float]:
    """Return seconds to the first that is kept, to the end, and of processors."""
    begun = time.perf_counter()
    process = start(backend, steps)
    first = first_kept(process)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"invert failed: {process.stderr and process.stderr.read()}")
    return first, time.perf_counter() - begun, used.ru_utime + used.ru_stime


def stopped(backend: str, steps: int) -> str:
    """Return what a SIGTERM in the middle costs: seconds, exit code, what was kept."""
    process = start(backend, steps)
    first_kept(process)
    begun = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    process.communicate()
    seconds, there = time.perf_counter() - begun, len(list(WORK.glob("checkpoints/*")))
    left = f"{there} checkpoints of batches under way"
    return f"{seconds:.1f} s, exit code {process.returncode}, {left}"


def killed(backend: str, steps: int) -> str:
    """Return what becomes of the jobs when a worker is killed in the middle."""
    process = start(backend, steps)
    first_kept(process)
    children = psutil.Process(process.pid).children(recursive=True)
    workers = [one for one in children if "spawn_main" in " ".join(one.cmdline())]
    workers[0].kill()
    _, words = process.communicate()
    return f"exit code {process.returncode}, {words.count('failed: ')} jobs failed"


def compared(n_jobs: int, steps: int, rounds: int) -> Iterator[str]:
    """Yield a table of runs by turns, and the throughput of one backend to the other.

    By the clock and in processor time, without what a run of one step takes.
    """
    yield f"| {n_jobs} jobs through | steps | first kept, s | all, s | processor, s |"
    yield "| --- | --- | --- | --- | --- |"
    ratios: list[tuple[float, float]] = []
    for _ in range(rounds):
        net = []
        for name, backend in BACKENDS.items():
            fixed, whole = whole_run(backend, 1), whole_run(backend, steps)
            for n, figures in ((1, fixed), (steps, whole)):
                told = " | ".join(f"{seconds:.1f}" for seconds in figures)
                yield f"| {name} | {n} | {told} |"
            net.append([w - f for w, f in zip(whole[1:], fixed[1:], strict=True)])
        own, cluster = net
        ratios.append((own[0] / cluster[0], own[1] / cluster[1]))
    clock, processor = zip(*ratios, strict=True)
    yield "\nThroughput of LocalCluster to that of the own pool, start-up aside:"
    for what, found in (("by the clock", clock), ("in processor time", processor)):
        each = ", ".join(f"{ratio:.2f}" for ratio in found)
        yield f"- {what}: {each}; median {median(found):.2f}"


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# The own pool of processes and Dask's LocalCluster\n"
    options = f"--pictures {chosen.pictures} --steps {chosen.steps}"
    yield described(f"backends {options} --rounds {chosen.rounds}")
    load, n_cores = os.getloadavg()[1], os.cpu_count()
    yield f"{n_cores} cores, with a load of {load:.1f} as it began.\n"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        draw(Path("pictures"), chosen.pictures)
        Path("params.yaml").write_text(PARAMS.format(steps=chosen.steps, backend=""))
        for stage in ("fetch", "extract"):
            run(stage)
        yield from compared(10 * chosen.pictures, chosen.steps, chosen.rounds)
        yield "\n| | SIGTERM in the middle | a worker killed in the middle |"
        yield "| --- | --- | --- |"
        for name, backend in BACKENDS.items():
            told = stopped(backend, chosen.steps), killed(backend, chosen.steps)
            yield f"| {name} | {told[0]} | {told[1]} |"
        os.chdir(ROOT)


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    keep("backends", report(parser.parse_args()))


if __name__ == "__main__":
    main()
