"""`fast` against `paper` at every layer of the embedded CaffeNet.

    python -m tests.benchmarks.network [--limit 20] [--seeds 2] [--layers ...]
        [--name network] [--rows network.csv]

Four runs a layer, same pictures, same starts: `paper` (its solver, schedule and
prior), `fast` of pixels with a weak TV in as much time, and in half of it, and the
default of AlexNet's plates: pixels, then waves, with the learned prior, in as much
time. Photographs are of the claiming half, the even places by name, which neither the
denoiser nor the rule of its weight has seen. Errors are those of the stored 8-bit
pre-images; PSNR and SSIM to the photograph; distance and labels are the
judge's, which is another network. A pre-image is *accepted* if the inverted network
gives it the photograph's label and its code correlates more with its target than any
two photographs' codes do with each other: the seconds of all pre-images are shared
among those.

Rows are kept in a file as they come, and what is there is not computed again.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from stages.execution.device import prepare
from stages.params.methods import FastSettings, PriorSettings
from stages.plan.resolution import prior_numbers, solver_numbers
from stages.preimage.priors import Prior
from stages.preimage.solver import SolverSettings
from stages.representations.selection import Selection
from tests.benchmarks import natural_prior_settings as study
from tests.benchmarks.harness import (
    DEFINED,
    PAPER,
    Setting,
    correlations,
    measured,
    network,
    originals,
    parser,
)
from tests.benchmarks.machine import described, keep


@dataclass(frozen=True, kw_only=True)
class Studied(Setting):
    """A solver and a prior that follow the layer as in a study."""

    fast: FastSettings
    natural: PriorSettings

    def solver_at(self, layer: str) -> SolverSettings:
        """Return the solver's settings for a layer."""
        return solver_numbers(self.fast, DEFINED, layer, Selection())

    def prior_at(self, layer: str) -> Prior:
        """Return the prior for a layer."""
        return prior_numbers(self.natural, DEFINED, layer)


# `paper` has 400 steps; these take as long and half as long (seconds are told).
FAST, HALF, LEARNED = "fast", "fast, half", "learned"
WEAK_TV = study.PLAIN.prior
SETTINGS = [
    PAPER,
    Studied(FAST, fast=FastSettings(kind="fast", steps=360), natural=WEAK_TV),
    Studied(HALF, fast=FastSettings(kind="fast", steps=180), natural=WEAK_TV),
    Studied(
        LEARNED,
        fast=FastSettings(kind="fast", steps=240, parameterisation="by-depth"),
        natural=study.LEARNED.prior,
    ),
]
# Code error over that of `paper`: mean over layers at most, and at any layer.
BOUNDS = {FAST: (0.25, 0.55), HALF: (0.30, 0.60), LEARNED: (0.25, 0.55)}
SHALLOW = ["conv1", "relu1", "pool1", "norm1", "conv2", "relu2", "pool2", "norm2"]


def rows(chosen: argparse.Namespace, images: Tensor) -> pd.DataFrame:
    """Return a row a pre-image; what the file has is not computed again."""
    columns = ["layer", "setting"]
    known = pd.DataFrame(columns=columns)
    if chosen.rows.exists():
        known = pd.read_csv(chosen.rows)
    done = set(known[columns].itertuples(index=False, name=None))
    for layer, setting in product(chosen.layers, SETTINGS):
        if (layer, setting.name) not in done:
            fresh = measured(layer, setting, images, range(chosen.seeds))
            fresh["mismatch"] = highest_mismatch(layer, images)
            known = pd.concat([known, fresh], ignore_index=True) if done else fresh
            done.add((layer, setting.name))
            known.to_csv(chosen.rows, index=False)
            print(layer, setting.name, "measured", flush=True)
    known = known[known["layer"].isin(chosen.layers)]
    order = {layer: i for i, layer in enumerate(chosen.layers)}
    return known.sort_values("layer", key=lambda name: name.map(order), kind="stable")


def highest_mismatch(layer: str, images: Tensor) -> float:
    """Return the highest correlation of two different photographs' codes."""
    with torch.no_grad():
        codes = network().cut(layer)(images)
    found = correlations(codes, codes)
    return float(found.fill_diagonal_(-1).max())


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return means by layer and setting, with the seconds per accepted pre-image."""
    right, correlated = table["own_label"] > 0, table["correlation"] > table["mismatch"]
    table = table.assign(accepted=(right & correlated).astype(float))
    groups = table.groupby(["layer", "setting"], sort=False)
    found = groups.mean(numeric_only=True)
    found["seconds_accepted"] = found["seconds"] / found["accepted"]
    return found


HEAD = """\
| layer | setting | seconds | error, 8 bits | over paper's | PSNR | SSIM \
| judge's distance | judge's label | accepted | seconds an accepted one |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def line(layer: str, setting: str, means: pd.DataFrame) -> str:
    """Return a line of the table."""
    one = means.loc[(layer, setting)]
    error = one["relative_error_8bit"]
    share = error / means.loc[(layer, PAPER.name), "relative_error_8bit"]
    return (
        f"| {layer} | {setting} | {one['seconds']:.2f} | {error:.4f} | {share:.3f} "
        f"| {one['psnr']:.2f} | {one['ssim']:.3f} | {one['judge_distance']:.3f} "
        f"| {one['judge_agrees']:.0%} | {one['accepted']:.0%} "
        f"| {one['seconds_accepted']:.2f} |"
    )


def verdicts(table: pd.DataFrame, means: pd.DataFrame) -> Iterator[str]:
    """Yield each target with what was found."""
    paper = means.xs(PAPER.name, level="setting")
    for setting, (mean_bound, worst_bound) in BOUNDS.items():
        ours = means.xs(setting, level="setting")
        share = ours["relative_error_8bit"] / paper["relative_error_8bit"]
        time = (ours["seconds"] / paper["seconds"]).mean()
        # The average has a bound where all layers count.
        whole = len(share) == len(network().layers)
        bounded = f"(bound {mean_bound})" if whole else "(of these layers)"
        met = share.max() <= worst_bound and (not whole or share.mean() <= mean_bound)
        yield (
            f"- {setting}, in {time:.2f} of the time: error {share.mean():.3f} of "
            f"`paper`'s on average {bounded}, {share.max():.3f} at "
            f"{share.idxmax()} (bound {worst_bound}): {_word(met)}"
        )
    shallow = [layer for layer in SHALLOW if layer in paper.index]
    for setting in (FAST, LEARNED):
        yield from _compared(table, setting, shallow)


def _compared(table: pd.DataFrame, setting: str, shallow: list[str]) -> Iterator[str]:
    """Yield in what it is better at every layer, with the doubt where it is not."""
    every = list(table["layer"].unique())
    for column, layers, sign in (
        ("psnr", shallow, 1),
        ("ssim", shallow, 1),
        ("judge_distance", every, -1),
        ("judge_agrees", every, 1),
    ):
        gain = sign * _gains(table, setting, column).loc[layers]
        least = 0 if column == "judge_agrees" else 1e-9
        worse = [
            f"{layer} ({one['mean']:+.3f}, standard error {abs(one['sem']):.3f})"
            for layer, one in gain.iterrows()
            if one["mean"] < least
        ]
        told = f"not at {', '.join(worse)}" if worse else f"at all {len(layers)} layers"
        mean = f"{gain['mean'].mean():+.3f} on average"
        yield (
            f"- {setting}: {column} better than `paper`'s ({mean}): {told}: "
            f"{_word(not worse)}"
        )


def _gains(table: pd.DataFrame, setting: str, column: str) -> pd.DataFrame:
    """Return mean and standard error by layer of how much more it has, in pairs."""
    pair = table.groupby(["layer", "setting"]).cumcount()
    values = table.assign(pair=pair, value=table[column].astype(float)).pivot(
        index=["layer", "pair"], columns="setting", values="value"
    )
    differences = values[setting] - values[PAPER.name]
    return differences.groupby("layer").agg(["mean", "sem"])


def _word(met: bool) -> str:
    return "met" if met else "NOT MET"


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report."""
    images = originals(chosen.pictures, 2 * chosen.limit)[1::2]
    table = rows(chosen, images)
    means = summary(table)
    yield "# The embedded CaffeNet: `paper` against `fast`\n"
    yield described(
        f"network --limit {chosen.limit} --seeds {chosen.seeds} "
        f"--name {chosen.name} --layers {' '.join(chosen.layers)}"
    )
    yield (
        f"{len(images)} pictures, {chosen.seeds} seed(s) each, batches of 6; means. "
        "Seconds are those of a pre-image.\n"
    )
    yield from verdicts(table, means)
    yield "\n" + HEAD
    for layer, setting in means.index:
        yield line(layer, setting, means)


def main() -> None:
    """Print the report and keep it."""
    options = parser(__doc__.splitlines()[0], limit=20, seeds=2)
    options.add_argument("--rows", type=Path, default=Path("network.csv"))
    options.add_argument("--name", default="network", help="of the file of results")
    prepare("cpu")
    chosen = options.parse_args()
    keep(chosen.name, report(chosen))


if __name__ == "__main__":
    main()
