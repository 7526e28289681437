"""Seconds until the final code error of `paper` is reached.

    python -m tests.benchmarks.time_to_error [--limit 6] [--layers conv1 relu2 ...]

`paper` runs once, batched as the study does. `fast` runs to its end with 25, 50, 100,
... steps until its mean code error is that of `paper` or lower: a whole run each time,
as its rate falls over the steps it is given. Twice: with `paper`'s own prior (the
solver's merit alone) and with the study's lighter one. The one-image loop is
`paper`'s descent as public code runs it, with gradients of the weights; it is timed
over LOOP_STEPS steps and scaled to all of them.
"""

import argparse
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from stages.execution.device import prepare
from stages.images import reference_norm
from stages.params.representations import CaffenetSettings
from stages.plan.representations import definition
from stages.preimage.data_term import data_term
from stages.preimage.objective import objective
from stages.preimage.solvers import paper
from stages.preimage.start import noise
from stages.representations.loading import built
from tests.benchmarks.harness import (
    PAPER,
    SHAPE,
    STUDY_TV,
    Setting,
    measured,
    originals,
    parser,
)
from tests.benchmarks.machine import described, keep

STEPS = (10, 15, 25, 35, 50, 70, 100, 140, 200, 280, 400)
LOOP_STEPS = 40
LAYERS = ["conv1", "norm1", "relu2", "relu4", "pool5", "fc6", "fc8"]
BATCHED_BOUND, LOOP_BOUND = 5.0, 15.0


def loop_seconds(layer: str, image: Tensor) -> float:
    """Return the seconds that `paper` takes for one image with gradients of weights."""
    phi = built(definition(CaffenetSettings(kind="caffenet"))).cut(layer)
    for weight in phi.parameters():
        weight.requires_grad_()
    target = phi(image).detach()
    prior = PAPER.prior_at(layer)
    mean = torch.tensor(phi.mean)[:, None, None]
    data, norm = data_term(phi, target), reference_norm(SHAPE)
    aim = objective(data, [prior], mean=mean, norm=norm)
    solver = paper().solver(mean, SHAPE)
    x = noise(SHAPE, 0)[None].requires_grad_()
    slots = solver.slots(x.detach())
    begun = time.perf_counter()
    for step in range(LOOP_STEPS):
        x.grad = None
        aim.terms(x).total.sum().backward()
        assert x.grad is not None
        x = solver.update(x.detach(), x.grad, slots, step).requires_grad_()
    return (time.perf_counter() - begun) / LOOP_STEPS * solver.n_steps


def reached(
    layer: str,
    name: str,
    lambda_tv: float | tuple[float, float, float],
    images: Tensor,
    bound: float,
) -> tuple[int, float, float]:
    """Return the steps, the seconds an image and the error of the first run below."""
    for steps in STEPS:
        setting = Setting(name, steps=steps, lambda_tv=lambda_tv)
        rows = measured(layer, setting, images)
        error = rows["relative_error"].mean()
        if error <= bound:
            return steps, rows["seconds"].mean(), error
    return STEPS[-1], float("nan"), error


HEAD = """\
| layer | paper: error | paper, s | one-image loop, s | prior of fast | fast: steps \
| fast: error | fast, s | times faster than paper | than the loop |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    images = originals(chosen.pictures, chosen.limit)
    yield "# Time to the code error of `paper`: seconds an image\n"
    yield described(f"time_to_error --limit {chosen.limit}")
    yield (
        f"Embedded CaffeNet, {len(images)} pictures in batches of 6; mean relative "
        f"error in float32. Bounds: {BATCHED_BOUND:g} times as fast as `paper` batched "
        f"the same way, {LOOP_BOUND:g} times as the loop.\n"
    )
    yield HEAD
    for layer in chosen.layers:
        base = measured(layer, PAPER, images)
        error, seconds = base["relative_error"].mean(), base["seconds"].mean()
        alone = loop_seconds(layer, images[:1])
        for name, lambda_tv in (("paper's", PAPER.lambda_tv), ("study's", STUDY_TV)):
            found = reached(layer, name, lambda_tv, images, error)
            yield (
                f"| {layer} | {error:.4f} | {seconds:.2f} | {alone:.2f} | {name} "
                f"| {found[0]} | {found[2]:.4f} | {found[1]:.3f} "
                f"| {seconds / found[1]:.1f} | {alone / found[1]:.1f} |"
            )


def main() -> None:
    """Print the report and keep it."""
    options = parser(__doc__.splitlines()[0], limit=6)
    options.set_defaults(layers=LAYERS)
    prepare("cpu")
    keep("time_to_error", report(options.parse_args()))


if __name__ == "__main__":
    main()
