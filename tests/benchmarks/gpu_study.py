"""The paper-sized study on a GPU: 32,000 pre-images at 227x227, timed.

    python -m tests.benchmarks.gpu_study [--folder gpu_study] [--pictures 100]

100 pictures x 20 layers of CaffeNet x 4 selections x 4 seeds, random weights (they
serve for timing). The study's own stages run in the folder, so that a run that was
stopped goes on where it was; give the same folder again. Without a GPU nothing runs:
the time is estimated from counted work and the published rates of an H200, and is
called an estimate.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from stages.representations.caffenet import CaffeNet
from tests.benchmarks.machine import described, keep
from tests.benchmarks.scaling import draw
from tests.benchmarks.work import work_of_step

ROOT = Path(__file__).parents[2]
SIDE, STEPS, SELECTIONS, SEEDS, PICTURES = 227, 250, 4, 4, 100
MINUTES = 10
PARAMS = f"""
fetch:
  images: {{source: folder, path: pictures, side: {SIDE}}}
representations:
  caffenet: {{kind: caffenet, side: {SIDE}, weights: random}}
priors:
  default: {{lambda_alpha: auto, lambda_tv: 0.1}}
solvers:
  fast: {{kind: fast, steps: {STEPS}}}
grid:
  - representation: caffenet
    seeds: {SEEDS}
    channels: [all, first-half, second-half, {{random: half}}]
execution: {{device: cuda, batch_size: 128, precision: bfloat16}}
report: {{}}
"""
# Published rates of an H200 SXM, without sparsity: multiply-adds and bytes a second.
H200_RATES = {
    "float32": 67e12 / 2,
    "TF32": 494.5e12 / 2,
    "bf16": 989e12 / 2,
}
H200_BYTES = 4.8e12


def estimate(pictures: int) -> Iterator[str]:
    """Yield the roofline's time of the whole study, by precision."""
    stack = CaffeNet().stack
    jobs = pictures * SELECTIONS * SEEDS
    works = [work_of_step(stack[:n], (3, SIDE, SIDE)) for n in range(1, 21)]
    total = sum(work.multiply_adds for work in works) * jobs * STEPS
    yield "**An estimate: no GPU was found, and nothing of this was run on one.**\n"
    yield (
        f"{20 * jobs} pre-images, {STEPS} steps each: {total:.3g} multiply-adds. Least "
        "time by the published rates of an H200 (4.8 TB a second), maps in float32:\n"
    )
    yield "| precision | roofline, minutes | at half of the roofline |"
    yield "| --- | --- | --- |"
    for name, rate in H200_RATES.items():
        seconds = sum(work.seconds(rate, H200_BYTES) for work in works)
        minutes = seconds * jobs * STEPS / 60
        yield f"| {name} | {minutes:.1f} | {2 * minutes:.1f} |"
    yield (
        f"\nThe goal is {MINUTES} minutes. The study computes in bf16, but for a tenth "
        "of its steps."
    )


def run(folder: Path, pictures: int) -> Iterator[str]:
    """Run what is missing of the study and yield its time."""
    folder.mkdir(exist_ok=True)
    (folder / "params.yaml").write_text(PARAMS)
    if not (folder / "pictures").exists():
        draw(folder / "pictures", pictures)
    for stage in ("fetch", "extract", "invert"):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", f"stages.{stage}"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
        )
        yield f"- {stage}: {(time.perf_counter() - begun) / 60:.1f} minutes in this run"


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report."""
    yield "# The paper-sized study on a GPU\n"
    yield described(f"gpu_study --pictures {chosen.pictures}")
    if torch.cuda.is_available():
        yield from run(chosen.folder, chosen.pictures)
    else:
        yield from estimate(chosen.pictures)


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("gpu_study"))
    parser.add_argument("--pictures", type=int, default=PICTURES)
    keep("gpu_study", report(parser.parse_args()))


if __name__ == "__main__":
    main()
