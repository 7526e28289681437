"""Time and memory of a study of 1, 2, 4 and 8 times as many jobs, stage by stage.

    python -m tests.benchmarks.scaling [--pictures 4] [--times 1 2 4 8]

Drawn pictures, HOGb and a layer of the untrained CaffeNet, a few steps: what grows is
the number of pictures. Every stage runs in a process of its own, whose peak memory is
told beside its seconds; both should grow no faster than the jobs.
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

import numpy as np
from PIL import Image as PillowImage

from tests.benchmarks.machine import described, keep

ROOT = Path(__file__).parents[2]
STAGES = ("fetch", "extract", "invert", "score", "report")
PARAMS = """
fetch:
  images: {source: folder, path: pictures, side: 64}
representations:
  hogb: {kind: hog, side: 64, assignment: bilinear}
  untrained: {kind: caffenet, weights: random}
priors:
  default: {lambda_alpha: auto, lambda_tv: 0.1}
solvers:
  fast: {kind: fast, steps: 10}
grid:
  - {representation: hogb, seeds: 4}
  - {representation: untrained, layers: [norm1, pool5], seeds: 4}
execution: {device: cpu, processes: 1}
report: {}
"""


def draw(folder: Path, n: int) -> None:
    """Write n pictures of smooth noise."""
    folder.mkdir()
    for i in range(n):
        coarse = np.random.default_rng(i).integers(0, 255, (9, 9, 3), dtype=np.uint8)
        picture = PillowImage.fromarray(coarse).resize((80, 80))
        picture.save(folder / f"{i:05d}.png")


def run(stage: str) -> tuple[float, float]:
    """Return the seconds and the peak megabytes of a stage in a process of its own."""
    begun = time.perf_counter()
    child = os.fork()
    if child == 0:
        code = subprocess.run(
            [sys.executable, "-m", f"stages.{stage}"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
        ).returncode
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        Path("peak").write_text(str(peak))
        os._exit(code)
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"the stage {stage} failed")
    return time.perf_counter() - begun, int(Path("peak").read_text()) / 1024


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# Cost by the number of jobs\n"
    yield described(f"scaling --pictures {chosen.pictures}")
    yield "Seconds / peak megabytes of each stage.\n"
    yield "| jobs | " + " | ".join(STAGES) + " |"
    yield "| --- " * (len(STAGES) + 1) + "|"
    here = Path.cwd()
    for times in chosen.times:
        n = times * chosen.pictures
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            Path("params.yaml").write_text(PARAMS)
            draw(Path("pictures"), n)
            found = [run(stage) for stage in STAGES]
            os.chdir(here)
        cells = [f"{seconds:.1f} / {peak:.0f}" for seconds, peak in found]
        yield f"| {12 * n} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4, 8])
    keep("scaling", report(parser.parse_args()))


if __name__ == "__main__":
    main()
