"""Four tables about solvers on the embedded CaffeNet, one layer of each depth.

    python -m tests.benchmarks.solvers [--limit 6] [--layers norm1 relu2 ...]

- Equal objective: the paper's weights of the priors for all. Who reaches the lower
  objective, in what time?
- Trade-off: the weight of TV is swept. Which code error comes with which naturalness?
  A better solver moves the curve, a weaker prior moves along it.
- Step rules: L-BFGS and Gauss-Newton (`second_order`) for about as long as `fast`.
- Ablation: `fast` with one ingredient changed at a time, on the study's prior.

Naturalness is told by the judge's distance to the photograph and by PSNR.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from stages.execution.device import prepare
from stages.images import reference_norm
from stages.params.representations import CaffenetSettings
from stages.plan.representations import definition
from stages.preimage import ijcv_prior
from stages.preimage.data_term import data_term
from stages.preimage.objective import objective
from stages.preimage.start import noise
from stages.representations.loading import built
from tests.benchmarks.harness import (
    PAPER,
    SHAPE,
    Setting,
    judged_rows,
    measured,
    originals,
    parser,
)
from tests.benchmarks.machine import described, keep
from tests.benchmarks.second_order import gauss_newton, lbfgs

LAYERS = ["conv1", "norm1", "relu2", "relu4", "pool5", "fc8"]
STEPS = 400


BF16 = torch.bfloat16


class Rule(NamedTuple):
    """A step rule and how many of its steps; None: that of `fast`."""

    name: str
    steps: Callable[..., Tensor] | None
    n: int


EQUAL = [
    PAPER,
    Setting("fast", steps=STEPS, lambda_tv=PAPER.lambda_tv),
    Setting("fast, half", steps=STEPS // 2, lambda_tv=PAPER.lambda_tv),
    Setting(
        "fourier", steps=STEPS, lambda_tv=PAPER.lambda_tv, parameterisation="fourier"
    ),
]
SWEEP = (0.02, 0.1, 0.5, 2.5, 12.5)
TRADE_OFF = [
    Setting(f"{solver}, {weight:g}", solver, steps, weight)
    for solver, steps in (("paper", None), ("fast", STEPS))
    for weight in SWEEP
]
STEP_RULES = [
    Rule("fast, 50 steps", None, 50),
    Rule("L-BFGS, 50 evaluations", lbfgs, 50),
    Rule("Gauss-Newton, 3 steps", gauss_newton, 3),
    Rule("fast, 200 steps", None, 200),
    Rule("L-BFGS, 200 evaluations", lbfgs, 200),
    Rule("Gauss-Newton, 12 steps", gauss_newton, 12),
]
ABLATION = [
    Setting("fast", steps=STEPS),
    Setting("long memory from the start", steps=STEPS, memory=(20, 20)),
    Setting("short memory to the end", steps=STEPS, memory=(2.5, 5)),
    Setting("fast, 50 steps", steps=50),
    Setting("the same, bfloat16 but for the last tenth", steps=50, precision=BF16),
    Setting("50 steps, long memory", steps=50, memory=(20, 20)),
    Setting("without smoothing", steps=STEPS, smoothing=0.0),
    Setting("more smoothing (50)", steps=STEPS, smoothing=50.0),
    Setting("short steps (8)", steps=STEPS, rate=8.0),
    Setting("long steps (128)", steps=STEPS, rate=128.0),
    Setting("fourier", steps=STEPS, parameterisation="fourier"),
    Setting("deep image prior", steps=STEPS, parameterisation="deep-image-prior"),
    Setting("priors of IJCV 2016", steps=STEPS, prior=ijcv_prior(SHAPE)),
    Setting("the same, jitter 1", steps=STEPS, prior=ijcv_prior(SHAPE, jitter=1)),
]

HEAD = """
| layer | setting | seconds | objective | error | error, 8 bits | PSNR \
| judge's distance |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def table(
    settings: Sequence[Setting], layers: Sequence[str], images: Tensor
) -> Iterator[str]:
    """Yield the lines of a table: a line a layer and setting."""
    yield HEAD
    for layer in layers:
        for setting in settings:
            yield line(layer, setting.name, measured(layer, setting, images))


def by_rule(layer: str, rule: Rule, images: Tensor) -> pd.DataFrame:
    """Return a row a pre-image by the step rule; the images are one batch."""
    if rule.steps is None:
        return measured(layer, Setting(rule.name, steps=rule.n), images)
    # Without the stem, whose gradient has no forward mode.
    phi = built(definition(CaffenetSettings(kind="caffenet"))).cut(layer)
    mean = torch.tensor(phi.mean)[:, None, None]
    with torch.no_grad():
        targets = phi(images)
    priors = [Setting(rule.name).prior_at(layer)] * len(images)
    data, norm = data_term(phi, targets), reference_norm(SHAPE)
    aim = objective(data, priors, mean=mean, norm=norm)
    start = torch.stack([noise(SHAPE, seed) for seed in range(len(images))])
    begun = time.perf_counter()
    found = rule.steps(aim, start, (-mean, 255 - mean), rule.n)
    seconds = (time.perf_counter() - begun) / len(images)
    with torch.no_grad():
        ended = aim.terms(found).total
    return judged_rows(phi, found + mean, images, seconds, ended)


def line(layer: str, name: str, rows: pd.DataFrame) -> str:
    """Return the means of a layer and setting."""
    one = rows.mean(numeric_only=True)
    return (
        f"| {layer} | {name} | {one['seconds']:.2f} | {one['objective']:.4f} "
        f"| {one['relative_error']:.4f} | {one['relative_error_8bit']:.4f} "
        f"| {one['psnr']:.2f} | {one['judge_distance']:.3f} |"
    )


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    images = originals(chosen.pictures, chosen.limit)
    yield "# Solvers on the embedded CaffeNet\n"
    yield described(f"solvers --limit {chosen.limit}")
    yield f"{len(images)} pictures in batches of 6; means. Seconds are a pre-image's."
    yield "\n## Equal objective: the paper's priors by depth"
    yield from table(EQUAL, chosen.layers, images)
    yield "\n## Trade-off: solver, weight of TV"
    yield from table(TRADE_OFF, chosen.layers, images)
    yield "\n## Step rules: the study's prior"
    yield HEAD
    for layer, rule in product(chosen.layers, STEP_RULES):
        yield line(layer, rule.name, by_rule(layer, rule, images))
    yield f"\n## Ablation: the study's prior, {STEPS} steps"
    yield from table(ABLATION, chosen.layers, images)


def main() -> None:
    """Print the report and keep it."""
    options = parser(__doc__.splitlines()[0], limit=6)
    options.set_defaults(layers=LAYERS)
    prepare("cpu")
    keep("solvers", report(options.parse_args()))


if __name__ == "__main__":
    main()
