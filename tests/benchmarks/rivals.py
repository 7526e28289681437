"""`fast` against living alternatives, on the same pictures of the embedded CaffeNet.

    python -m tests.benchmarks.rivals [--limit 6] [--layers relu2 relu4 ...]

- metamer: plenoptic's `Metamer`, 1,000 steps of its own optimiser, no prior; needs
  `pip install plenoptic`, else it is left out and the report says so. Batched as ours,
  which it would not do by itself;
- deep image prior: the image as the output of an untrained network, 1,500 steps;
- fast: ours with the study's prior, and a long run of it.

Errors are those of the stored 8-bit pre-images. A verdict a layer and rival: which of
our runs is the first to have its error or less, in what share of the time?
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.metadata import PackageNotFoundError, version
from io import StringIO

import pandas as pd
import torch
from torch import Tensor, nn

from stages.execution.device import prepare
from stages.representations.representation import Representation
from tests.benchmarks.harness import (
    WIDTH,
    Setting,
    judged_rows,
    measured,
    network,
    originals,
    parser,
)
from tests.benchmarks.machine import described, keep

LAYERS = ["relu2", "relu4", "pool5", "fc8"]
METAMER_STEPS = 1000
RIVAL = Setting("deep image prior", steps=1500, parameterisation="deep-image-prior")
# Longer, and with the lightest prior, as the rivals have none.
LONG = Setting("fast, light prior", steps=1000, lambda_tv=0.02)
OURS = [Setting("fast", steps=steps) for steps in (50, 100, 200, 400)]


class Unit(nn.Module):
    """A representation of images in 0..1, as plenoptic has them."""

    def __init__(self, phi: Representation) -> None:
        super().__init__()
        self.phi = phi

    def forward(self, images: Tensor) -> Tensor:
        """Return the code."""
        code: Tensor = self.phi(255 * images)
        return code


def metamers(layer: str, images: Tensor) -> pd.DataFrame:
    """Return a row a metamer: errors, quality, and its share of the time."""
    phi = network().cut(layer)
    rows = [_metamers(phi, images[i : i + WIDTH]) for i in range(0, len(images), WIDTH)]
    return pd.concat(rows, ignore_index=True)


def _metamers(phi: Representation, images: Tensor) -> pd.DataFrame:
    import plenoptic

    torch.manual_seed(0)
    begun = time.perf_counter()
    found = plenoptic.Metamer(images / 255, Unit(phi).eval())
    with redirect_stderr(StringIO()):  # its progress
        found.synthesize(METAMER_STEPS, stop_criterion=0)
    seconds = (time.perf_counter() - begun) / len(images)
    return judged_rows(phi, 255 * found.metamer.detach(), images, seconds)


HEAD = """\
| layer | run | seconds | error, 8 bits | PSNR | SSIM | judge's distance |
| --- | --- | --- | --- | --- | --- | --- |"""


def line(layer: str, name: str, one: pd.Series) -> str:
    """Return a line of the table."""
    return (
        f"| {layer} | {name} | {one['seconds']:.2f} | {one['relative_error_8bit']:.4f} "
        f"| {one['psnr']:.2f} | {one['ssim']:.3f} | {one['judge_distance']:.3f} |"
    )


def runs(layer: str, images: Tensor) -> Iterator[tuple[str, pd.Series]]:
    """Yield the name and the means of each run at the layer, rivals first."""
    if installed():
        yield "metamer", metamers(layer, images).mean(numeric_only=True)
    for setting in (RIVAL, *OURS, LONG):
        name = f"{setting.name}, {setting.steps} steps"
        yield name, measured(layer, setting, images).mean(numeric_only=True)


def verdicts(layer: str, means: dict[str, pd.Series]) -> Iterator[str]:
    """Yield which of our runs is the first to reach each rival's error at the layer."""
    ours = {name: one for name, one in means.items() if name.startswith("fast")}
    for rival, theirs in means.items():
        if rival in ours:
            continue
        reached = [
            (one["seconds"], name)
            for name, one in ours.items()
            if one["relative_error_8bit"] <= theirs["relative_error_8bit"]
        ]
        told = "NOT MET"
        if reached:
            seconds, name = min(reached)
            share, gain = (
                theirs["seconds"] / seconds,
                ours[name]["psnr"] - theirs["psnr"],
            )
            told = f"{name}, in 1/{share:.1f} of the time, PSNR {gain:+.2f} dB"
        yield f"- {layer}, {rival}: its error or less by {told}"


def installed() -> str:
    """Return plenoptic's version, empty if it is not there."""
    try:
        return version("plenoptic")
    except PackageNotFoundError:
        return ""


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    images = originals(chosen.pictures, chosen.limit)
    yield "# `fast` against living alternatives\n"
    yield described(f"rivals --limit {chosen.limit}")
    found = installed()
    yield f"plenoptic {found}." if found else "plenoptic is not installed: left out."
    yield f"{len(images)} pictures in batches of {WIDTH}; means. Seconds a pre-image.\n"
    yield HEAD
    told = []
    for layer in chosen.layers:
        means = {}
        for name, one in runs(layer, images):
            means[name] = one
            yield line(layer, name, one)
        told += list(verdicts(layer, means))
    yield "\n" + "\n".join(told)


def main() -> None:
    """Print the report and keep it."""
    options = parser(__doc__.splitlines()[0], limit=6)
    options.set_defaults(layers=LAYERS)
    prepare("cpu")
    keep("rivals", report(options.parse_args()))


if __name__ == "__main__":
    main()
