"""Steps of inversion a second at four depths of AlexNet: ours, a plain loop, the limit.

    python -m tests.benchmarks.throughput [--width 6] [--precision bfloat16]

Random weights, 224x224. Three rates a layer, in pre-image iterations a second:

- ours: a batch of `fast`, as the study runs it, network laid out for the CPU;
- loop: one image at a time, as public code does it: gradients of the weights too,
  torch's Adam, the allocator as it comes. Same layer, same objective;
- roofline: multiply-adds over the machine's measured matrix rate, or bytes over its
  measured copy rate, whichever takes longer. Counted are forward and backward passes
  of convolutions, and every map read and written once in each.

In bfloat16, ours, the loop and the matrix rate are; it is for machines that have it.
Each of ours and the loop runs in a process of its own, in turns.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import alexnet

from stages.execution.device import prepare
from stages.images import reference_norm
from stages.preimage import natural_prior
from stages.preimage.data_term import data_term
from stages.preimage.descent import begin, minimise
from stages.preimage.objective import Objective, objective
from stages.preimage.solvers import fast
from stages.preimage.start import noise
from stages.representations.stem import with_stem
from tests.benchmarks.machine import (
    copy_rate,
    described,
    fastest,
    keep,
    multiply_rate,
)
from tests.benchmarks.work import work_of_step

SHAPE = (3, 224, 224)
# Modules of torchvision's AlexNet that make up each cut.
CUTS = {"conv1": 1, "relu2": 5, "relu3": 8, "relu5": 12}
# Ours over the loop, at least: in float32 on two cores, in native bfloat16.
BOUNDS = {
    "float32": {"conv1": 1.2, "relu2": 1.5, "relu3": 1.7, "relu5": 1.7},
    "bfloat16": {"conv1": 1.5, "relu2": 2.0, "relu3": 3.0, "relu5": 3.0},
}
ROUNDS = 3


def network(layer: str, *, frozen: bool) -> nn.Sequential:
    """Return AlexNet up to the layer, with random weights from a fixed seed."""
    torch.manual_seed(0)
    cut: nn.Sequential = alexnet(weights=None).features[: CUTS[layer]].eval()
    for module in cut:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return cut.requires_grad_(not frozen)


def problem(
    phi: nn.Module, n: int, device: torch.device, precision: str
) -> tuple[Objective, Tensor]:
    """Return the objective of n random pictures, and the starts."""
    mean = torch.full((3, 1, 1), 128.0, device=device)
    generator = torch.Generator().manual_seed(0)
    pictures = 255 * torch.rand(n, *SHAPE, generator=generator)
    with torch.no_grad():
        targets = phi(pictures.to(device))
    priors = [natural_prior(SHAPE)] * n
    norm = reference_norm(SHAPE)
    dtype = getattr(torch, precision)
    data = data_term(phi, targets, precision=dtype)
    aim = objective(data, priors, mean=mean, norm=norm).in_reduced_precision()
    return aim, torch.stack([noise(SHAPE, i) for i in range(n)]).to(device)


def ours(layer: str, chosen: argparse.Namespace) -> float:
    """Return the pre-image iterations a second of a batch of `fast`."""
    place, n = prepare(chosen.device), chosen.width
    phi = network(layer, frozen=True).to(place)
    if place.type == "cpu":
        phi = with_stem(phi)
    aim, starts = problem(phi, n, place, chosen.precision)
    solver = fast(steps=10**5).solver(aim.mean, SHAPE)
    steps = minimise(aim, solver, begin(aim, solver, starts))
    return n / fastest(lambda: next(steps), seconds=chosen.seconds)


def loop(layer: str, chosen: argparse.Namespace) -> float:
    """Return the iterations a second of one image with gradients of the weights."""
    place = torch.device(chosen.device)
    phi = network(layer, frozen=False).to(place)
    aim, starts = problem(phi, 1, place, chosen.precision)
    image = starts.clone().requires_grad_()
    solver = torch.optim.Adam([image], lr=8.0)

    def step() -> None:
        solver.zero_grad()
        aim.terms(image).total.sum().backward()
        solver.step()

    return 1 / fastest(step, seconds=chosen.seconds)


def measured(what: str, layer: str, chosen: argparse.Namespace) -> float:
    """Return the best of some rounds, each in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.throughput", "--only"]
    command += [what, layer, "--width", str(chosen.width), "--device", chosen.device]
    command += ["--seconds", str(chosen.seconds), "--precision", chosen.precision]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(found.stdout))


HEAD = """\
| layer | ours | loop | roofline | ours / loop | bound | ours / roofline \
| limited by | multiply-adds, millions | megabytes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    place = torch.device(chosen.device)
    yield "# Throughput: pre-image iterations a second, AlexNet at 224x224\n"
    precision, width = chosen.precision, chosen.width
    yield described(f"throughput --width {width} --precision {precision}")
    yield f"Best of {ROUNDS} rounds in turns; {precision}; batches of {width}.\n"
    rounds = {layer: list(in_turns(layer, place, chosen)) for layer in CUTS}
    # A machine that others use is slow at times: the limit is its best.
    rates = [
        max(one[of] for found in rounds.values() for one in found) for of in (2, 3)
    ]
    yield (
        f"Measured {rates[0] / 1e9:.1f} thousand million multiply-adds a second and "
        f"{rates[1] / 1e9:.1f} GB a second.\n"
    )
    yield HEAD
    for layer, found in rounds.items():
        best = [max(one[of] for one in found) for of in (0, 1)]
        yield row(layer, best, rates, BOUNDS[precision][layer])


def in_turns(
    layer: str, place: torch.device, chosen: argparse.Namespace
) -> Iterator[tuple[float, float, float, float]]:
    """Yield each round's rates: of ours and the loop, of multiplying and copying."""
    for _ in range(ROUNDS):
        rates = [measured(what, layer, chosen) for what in ("ours", "loop")]
        dtype = getattr(torch, chosen.precision)
        multiplying = multiply_rate(place, precision=dtype)
        yield rates[0], rates[1], multiplying, copy_rate(place)


def row(layer: str, best: list[float], rates: list[float], bound: float) -> str:
    """Return a layer's line of the table."""
    ours, loop = best
    todo = work_of_step(network(layer, frozen=True), SHAPE)
    times = todo.multiply_adds / rates[0], todo.bytes / rates[1]
    limit = 1 / max(times)
    gain = ours / loop
    met = "met" if gain >= bound else "NOT MET"
    cells: list[Any] = [layer, f"{ours:.1f}", f"{loop:.1f}"]
    cells += [f"{limit:.1f}", f"{gain:.2f}", f"{bound} {met}"]
    cells += [
        f"{ours / limit:.0%}",
        ("multiplying", "copying")[times[1] > times[0]],
    ]
    cells += [f"{todo.multiply_adds / 1e6:.0f}", f"{todo.bytes / 1e6:.1f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the report and keep it; or, for one process, a single rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=list(BOUNDS), default="float32")
    parser.add_argument("--only", nargs=2, metavar=("WHAT", "LAYER"))
    chosen = parser.parse_args()
    if chosen.only is None:
        keep("throughput", report(chosen))
        return
    what, layer = chosen.only
    print((ours if what == "ours" else loop)(layer, chosen))


if __name__ == "__main__":
    main()
