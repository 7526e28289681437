"""Three tables about solvers on the embedded CaffeNet, one layer of each depth.

    python -m tests.benchmarks.solvers [--limit 6] [--layers norm1 relu2 ...]

- Equal objective: the paper's weights of the priors for all. Who reaches the lower
  objective, in what time?
- Trade-off: the weight of TV is swept. Which code error comes with which naturalness?
  A better solver moves the curve, a weaker prior moves along it.
- Ablation: `fast` with one ingredient changed at a time, on the study's prior.

Naturalness is told by the judge's distance to the photograph and by PSNR.
"""

import argparse
from collections.abc import Iterator, Sequence

import pandas as pd
from torch import Tensor

from stages.execution.device import prepare
from stages.preimage import ijcv_prior
from tests.benchmarks.harness import (
    PAPER,
    SHAPE,
    Setting,
    measured,
    originals,
    parser,
)
from tests.benchmarks.machine import described, keep

LAYERS = ["conv1", "norm1", "relu2", "relu4", "pool5", "fc8"]
STEPS = 400

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
ABLATION = [
    Setting("fast", steps=STEPS),
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
            yield line(layer, setting, measured(layer, setting, images))


def line(layer: str, setting: Setting, rows: pd.DataFrame) -> str:
    """Return the means of a layer and setting."""
    one = rows.mean(numeric_only=True)
    return (
        f"| {layer} | {setting.name} | {one['seconds']:.2f} | {one['objective']:.4f} "
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
