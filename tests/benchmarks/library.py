"""Is the library as fast as the pipeline? `invert` against its loop and plain torch.

    python -m tests.benchmarks.library

AlexNet's relu5 at 224 pixels, the weights as torchvision draws them. The pipeline's
loop, on its laid-out network, and `invert`, given the plain module, take a step in
turns in one process, so that a machine that others use is as slow for both; the median
of their ratio counts. What comes before the first step (a copy of the module, two
codes) is not in it. Then the same loop on the plain module, with nothing set up, in a
process of its own.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median
from unittest.mock import patch

import torch
from torch import Tensor, nn

from stages.execution.device import prepare
from stages.images import Images, reference_norm
from stages.preimage import arguments, fast, inversion, natural_prior
from stages.preimage.data_term import data_term
from stages.preimage.descent import begin, minimise
from stages.preimage.objective import objective
from stages.preimage.start import noise
from stages.representations.stem import with_stem
from tests.benchmarks.machine import described, keep
from tests.benchmarks.throughput import SHAPE, network

LAYER, STEPS = "relu5", 20
# What `invert` may take of the pipeline's time, at most: our goal.
BOUND = 1.1


def targets(phi: Callable[[Images], Tensor], n: int) -> Tensor:
    """Return the codes of n random pictures."""
    pictures = torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return phi(255 * pictures)


def pipeline(phi: nn.Module, n: int) -> Iterator[None]:
    """Run the loop that a batch of the study runs; yield at the start of each step."""
    mean = torch.full((3, 1, 1), 128.0)
    aim = objective(
        data_term(phi, targets(phi, n)),
        [natural_prior(SHAPE)] * n,
        mean=mean,
        norm=reference_norm(SHAPE),
    )
    solver = fast(steps=STEPS).solver(mean, SHAPE)
    state = begin(aim, solver, torch.stack([noise(SHAPE, i) for i in range(n)]))
    yield
    for _ in minimise(aim, solver, state):
        yield


def library(
    phi: Callable[[Images], Tensor], n: int, on_step: Callable[[int, int], None]
) -> None:
    """Call `invert`."""
    inversion.invert(
        phi,
        targets(phi, n),
        shape=SHAPE,
        seed=list(range(n)),
        solver=fast(steps=STEPS),
        on_step=on_step,
    )


def in_turns(n: int) -> tuple[list[float], list[float]]:
    """Return the seconds an image of each step: of the pipeline, and of `invert`."""
    plain = network(LAYER, frozen=False)
    prepare("cpu")
    loop = pipeline(with_stem(plain), n)
    next(loop)
    theirs, ours, ended = [], [], [0.0]

    def turn(step: int, n_steps: int) -> None:
        now = time.perf_counter()
        if step > 1:
            ours.append((now - ended[0]) / n)
        next(loop)
        ended[0] = time.perf_counter()
        if step > 1:
            theirs.append((ended[0] - now) / n)

    library(plain, n, turn)
    return theirs, ours


def as_torch_comes(n: int) -> list[float]:
    """Return the seconds an image of each step with nothing set up."""
    ends: list[float] = []
    bare = patch.object(inversion, "set_up_process")
    as_it_is = patch.object(
        arguments, "laid_out", lambda phi, images: (phi, phi(images))
    )
    with bare, as_it_is:
        plain = network(LAYER, frozen=False)
        library(plain, n, lambda step, n_steps: ends.append(time.perf_counter()))
    return [(after - before) / n for before, after in pairwise(ends)]


def report(n: int) -> Iterator[str]:
    """Yield the lines of the report."""
    yield "# The library against the pipeline: AlexNet's relu5 at 224x224\n"
    yield described(f"library --width {n}")
    yield (
        f"{STEPS} steps of `fast`, {n} image(s) at once, pixels, float32; load average "
        f"{os.getloadavg()[0]:.0f} on {os.cpu_count()} cores.\n"
    )
    command = [sys.executable, "-m", "tests.benchmarks.library", "--width", str(n)]
    done = subprocess.run(
        [*command, "--plain"], capture_output=True, text=True, check=True
    )
    theirs, ours = in_turns(n)
    ways = {
        "pipeline": theirs,
        "invert": ours,
        "as torch comes": [float(one) for one in done.stdout.split()],
    }
    yield "| way | seconds an image and step, median | least |"
    yield "| --- | --- | --- |"
    for way, steps in ways.items():
        yield f"| {way} | {median(steps):.4f} | {min(steps):.4f} |"
    ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
    met = "met" if ratio <= BOUND else "NOT MET"
    yield f"\n`invert` takes {ratio:.2f} times the pipeline's (goal {BOUND}): {met}."


def main() -> None:
    """Print the report and keep it; or, for one process, a single time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=1)
    parser.add_argument("--plain", action="store_true")
    chosen = parser.parse_args()
    if chosen.plain:
        print(*as_torch_comes(chosen.width))
        return
    keep("library", report(chosen.width))


if __name__ == "__main__":
    main()
