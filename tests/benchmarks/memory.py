"""Memory of inverting large networks: what the plan says, and what is used.

    python -m tests.benchmarks.memory [--networks vgg16 vit_b_16]

torchvision's networks with random weights at 224 pixels, inverted from their last layer
for a few steps. Counted is what all processes of the stage `invert` hold at once, each
with its share of what they have in common (the proportional set size of Linux).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from stages.execution.device import prepare
from stages.execution.processes import n_processes, process_bytes
from stages.invert import pictures
from stages.plan.jobs import batches, jobs
from stages.plan.study import expand
from tests.benchmarks.machine import described, keep
from tests.benchmarks.scaling import draw

ROOT = Path(__file__).parents[2]
NETWORKS = ("vgg16", "vit_b_16", "resnet18", "convnext_tiny", "swin_t")
# What two cores with a common memory should do with, in gigabytes.
BOUND = 6.0
N_PICTURES = 12
PARAMS = """
fetch:
  images: {{source: folder, path: pictures, side: 224}}
representations:
  net: {{kind: torchvision, model: {network}, weights: random}}
priors:
  default: {{lambda_alpha: auto, lambda_tv: 0.1}}
solvers:
  fast: {{kind: fast, steps: {steps}}}
grid:
  - {{representation: net, layers: [{layer}]}}
execution: {{device: cpu, processes: {processes}}}
report: {{}}
"""
LAYERS = {"vgg16": "fc8", "vit_b_16": "heads", "resnet18": "fc", "swin_t": "head"}


def stage(name: str) -> subprocess.Popen[bytes]:
    """Start a stage in a process of its own."""
    command = [sys.executable, "-m", f"stages.{name}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def peak(process: subprocess.Popen[bytes]) -> float:
    """Return the gigabytes that the process and its children hold at most."""
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
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit("a stage failed")
    return most / 1e9


def measured(network: str, chosen: argparse.Namespace) -> str:
    """Return the table's line for a network."""
    layer = LAYERS.get(network, "classifier")
    values = {"steps": chosen.steps, "processes": chosen.processes}
    Path("params.yaml").write_text(
        PARAMS.format(network=network, layer=layer, **values)
    )
    draw(Path("pictures"), N_PICTURES)
    for name in ("fetch", "extract"):
        stage(name).wait()
    study = expand()
    plan = jobs(study, pictures())
    n = n_processes(study.execution, prepare("cpu"), batches(plan))
    told = process_bytes(plan[0]) / 1e9
    used = peak(stage("invert"))
    met = "met" if used <= BOUND else "NOT MET"
    cells = [network, str(plan[0].batch_size), str(n), f"{told:.2f}", f"{n * told:.2f}"]
    return "| " + " | ".join([*cells, f"{used:.2f}", f"{BOUND:.0f} {met}"]) + " |"


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# Memory of inverting networks at 224 pixels\n"
    yield described("memory")
    yield "Gigabytes; the process that plans and keeps comes on top of the others.\n"
    yield "| network | jobs a batch | processes | told, each | all | used | bound |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    here = Path.cwd()
    for network in chosen.networks:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            yield measured(network, chosen)
            os.chdir(here)


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    keep("memory", report(parser.parse_args()))


if __name__ == "__main__":
    main()
