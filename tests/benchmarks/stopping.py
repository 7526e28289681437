"""What would stopping job by job save? No more than a stop that knows the end.

    python -m tests.benchmarks.stopping [--limit 12] [--layers conv1 norm1 ...]

`fast` gives every job the same number of steps, over which its rate falls to 0. Here
each job's trace is read backwards: from which step on does its data term stay within
MARGIN of what it ends with? A rule that stopped each job just there, which none can
know beforehand, would save the steps after it: the bound of what any rule could.
"""

import argparse
from collections.abc import Iterator

import torch
from torch import Tensor

from stages.execution.device import prepare
from stages.preimage import Options, fast, invert
from tests.benchmarks.harness import (
    SHAPE,
    WIDTH,
    Setting,
    network,
    originals,
    parser,
)
from tests.benchmarks.machine import described, keep

LAYERS = ["conv1", "norm1", "relu2", "relu4", "pool5", "fc8"]
STEPS = 400
# Of the squared code distance: a tenth is 5 % of the code error.
MARGIN = 0.1


def settled(steps: Tensor, data: Tensor) -> Tensor:
    """Return the step from which on each job stays within the margin of its end.

    `steps` holds the recorded ones, `data` (steps, jobs) the data terms there.
    """
    away = data > (1 + MARGIN) * data[-1]
    last_away = away.int().cumsum(dim=0).argmax(dim=0)
    first = torch.where(away.any(dim=0), last_away + 1, 0)
    return steps[first]


def line(layer: str, images: Tensor) -> str:
    """Return a line of the table: a layer's jobs."""
    found = torch.cat(
        [
            _settled(layer, images[i : i + WIDTH], i)
            for i in range(0, len(images), WIDTH)
        ]
    )
    share = found.double() / STEPS
    return (
        f"| {layer} | {len(found)} | {share.min():.2f} | {share.mean():.2f} "
        f"| {share.max():.2f} | {1 - share.mean():.0%} |"
    )


def _settled(layer: str, images: Tensor, first: int) -> Tensor:
    phi, setting = network().cut(layer), Setting("fast", steps=STEPS)
    with torch.no_grad():
        targets = phi(images)
    trace = invert(
        phi,
        targets,
        shape=SHAPE,
        seed=list(range(first, first + len(images))),
        solver=fast(steps=STEPS, rate=setting.rate_at(layer)),
        prior=setting.prior_at(layer),
        options=Options(mean=phi.mean),
    ).trace
    return settled(torch.as_tensor(trace.steps), trace.terms["data"])


HEAD = """

| layer | jobs | settled at least | on average | at most | steps saved at most |
| --- | --- | --- | --- | --- | --- |"""


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report."""
    images = originals(chosen.pictures, chosen.limit)
    yield "# Stopping job by job: the bound of what it could save\n"
    yield described(f"stopping --limit {chosen.limit}")
    yield (
        f"{STEPS} steps of `fast`; settled: the share of the steps after which the "
        f"data term stays within {MARGIN:.0%} of its end." + HEAD
    )
    for layer in chosen.layers:
        yield line(layer, images)


def main() -> None:
    """Print the report and keep it."""
    options = parser(__doc__.splitlines()[0], limit=12)
    options.set_defaults(layers=LAYERS)
    prepare("cpu")
    keep("stopping", report(options.parse_args()))


if __name__ == "__main__":
    main()
