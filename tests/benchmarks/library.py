"""Is the library as fast as the pipeline? `invert` against its loop and plain torch.

    python -m tests.benchmarks.library

AlexNet's relu5 at 224 pixels, the weights as torchvision draws them. Each in a process
of its own, in turns, the best of each is kept: a machine that others use is slow at
times.

- pipeline: what a batch of the study runs, on its laid-out network;
- invert: the library's function, given the plain module, from call to return;
- invert, a function: given `lambda images: network(images)`, which nobody can lay out;
- as torch comes: the same loop on the plain module, with nothing set up.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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

LAYER, STEPS, ROUNDS = "relu5", 20, 3
WAYS = ("pipeline", "invert", "invert, a function", "as torch comes")
# What `invert` may take of the pipeline's time, at most: our goal.
BOUND = 1.1


def targets(phi: Callable[[Images], Tensor], n: int) -> Tensor:
    """Return the codes of n random pictures."""
    pictures = torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return phi(255 * pictures)


def pipeline(phi: nn.Module, n: int) -> None:
    """Run the loop that a batch of the study runs."""
    mean = torch.full((3, 1, 1), 128.0)
    aim = objective(
        data_term(phi, targets(phi, n)),
        [natural_prior(SHAPE)] * n,
        mean=mean,
        norm=reference_norm(SHAPE),
    )
    solver = fast(steps=STEPS).solver(mean, SHAPE)
    state = begin(aim, solver, torch.stack([noise(SHAPE, i) for i in range(n)]))
    for _ in minimise(aim, solver, state):
        pass


def library(phi: Callable[[Images], Tensor], n: int) -> None:
    """Call `invert`."""
    inversion.invert(
        phi,
        targets(phi, n),
        shape=SHAPE,
        seed=list(range(n)),
        solver=fast(steps=STEPS),
    )


def seconds(way: str, n: int) -> float:
    """Return the seconds an image and step of one way, after a first run."""
    plain = network(LAYER, frozen=False)
    if way == "pipeline":
        prepare("cpu")
        placed = with_stem(plain)
        return timed(lambda: pipeline(placed, n), n)
    if way == "as torch comes":
        bare = patch.object(inversion, "set_up_process")
        as_it_is = patch.object(
            arguments, "laid_out", lambda phi, images: (phi, phi(images))
        )
        with bare, as_it_is:
            return timed(lambda: library(plain, n), n)
    if way == "invert":
        return timed(lambda: library(plain, n), n)
    return timed(lambda: library(lambda images: plain(images), n), n)


def timed(work: Callable[[], None], n: int) -> float:
    """Return the seconds an image and step that the work takes the second time."""
    work()
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / (n * STEPS)


def measured(way: str, n: int) -> float:
    """Return the seconds an image and step of one way in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.library", "--width", str(n)]
    done = subprocess.run(
        [*command, "--only", way], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def report(n: int) -> Iterator[str]:
    """Yield the lines of the report."""
    yield "# The library against the pipeline: AlexNet's relu5 at 224x224\n"
    yield described(f"library --width {n}")
    yield (
        f"{STEPS} steps of `fast`, {n} image(s) at once, pixels, float32; the best of "
        f"{ROUNDS} rounds in turns, each in a process of its own.\n"
    )
    rounds = [{way: measured(way, n) for way in WAYS} for _ in range(ROUNDS)]
    best = {way: min(one[way] for one in rounds) for way in WAYS}
    yield "| way | seconds an image and step | times the pipeline's |"
    yield "| --- | --- | --- |"
    for way, least in best.items():
        yield f"| {way} | {least:.4f} | {least / best['pipeline']:.2f} |"
    ratio = best["invert"] / best["pipeline"]
    met = "met" if ratio <= BOUND else "NOT MET"
    yield f"\n`invert` takes at most {BOUND} times the pipeline's: {met}."


def main() -> None:
    """Print the report and keep it; or, for one process, a single time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=1)
    parser.add_argument("--only", choices=WAYS)
    chosen = parser.parse_args()
    if chosen.only is None:
        keep("library", report(chosen.width))
        return
    print(seconds(chosen.only, chosen.width))


if __name__ == "__main__":
    main()
