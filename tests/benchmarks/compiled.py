"""Does compiling pay? A step's data term and its gradient, as it is and compiled.

    python -m tests.benchmarks.compiled

`torch.compile` with its defaults, one thread, batches of the study's width. A step is
compiled once a layer, batch width and process, so its gain must exceed those seconds
within a descent: the last column says whether it does in one of STEPS steps. Needs a
C++ compiler; what cannot be compiled is told.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator

import torch

from stages.execution.device import prepare
from stages.preimage.data_term import data_term
from stages.preimage.solvers import FAST_STEPS as STEPS
from stages.representations.representation import Representation
from tests.benchmarks.descriptors import REPRESENTATIONS, SIZE
from tests.benchmarks.harness import SIDE, WIDTH, network
from tests.benchmarks.machine import described, fastest, keep

LAYERS = ["conv1", "norm1", "relu2", "relu4", "fc8"]

HEAD = """

| representation | as it is, ms | compiled, ms | times as fast | compiling, s \
| pays in a descent |
| --- | --- | --- | --- | --- | --- |"""


def work(
    phi: Callable[..., torch.Tensor], images: torch.Tensor
) -> Callable[[], object]:
    """Return a step's work on the images: their data terms and the gradient."""
    with torch.no_grad():
        targets = phi(images.flip(3))
    term = data_term(phi, targets)
    return lambda: term.value_and_gradient(images)


def line(name: str, phi: Representation, side: int) -> str:
    """Return a line of the table: a representation's step with and without."""
    generator = torch.Generator().manual_seed(0)
    shape = (WIDTH, phi.image_channels, side, side)
    images = 255 * torch.rand(shape, generator=generator)
    plain = fastest(work(phi, images))
    torch.compiler.reset()
    begun = time.perf_counter()
    try:
        step = work(torch.compile(phi), images)
        step()
    except Exception as error:  # whatever a compiler does with a network
        return f"| {name} | {plain * 1e3:.1f} | {type(error).__name__} | - | - | no |"
    compiling = time.perf_counter() - begun
    compiled = fastest(step)
    pays = "yes" if STEPS * (plain - compiled) > compiling else "no"
    return (
        f"| {name} | {plain * 1e3:.1f} | {compiled * 1e3:.1f} "
        f"| {plain / compiled:.2f} | {compiling:.1f} | {pays} |"
    )


def report() -> Iterator[str]:
    """Yield the lines of the report."""
    yield "# Steps as they are and compiled\n"
    yield described("compiled")
    yield f"Batches of {WIDTH}; descents of {STEPS} steps." + HEAD
    for layer in LAYERS:
        yield line(layer, network().cut(layer), SIDE)
    for name, descriptor in REPRESENTATIONS.items():
        yield line(name, descriptor, SIZE)


def main() -> None:
    """Print the report and keep it."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    warnings.simplefilter("ignore")  # of the compiler, about caches
    prepare("cpu", 1)
    keep("compiled", report())


if __name__ == "__main__":
    main()
