"""What the learned prior adds on the real AlexNet, and what it makes up.

    python -m tests.benchmarks.natural_prior --store FOLDER [--limit 20] [--seeds 2]

In a folder where `python -m stages.fetch` has run with stages/presets/alexnet.yaml.
Every pre-image is kept in the store, under a name that covers all that determines it:
a run that is stopped goes on where it was. Photographs are of the claiming half, the
even places by name; the denoiser and the rule of its weight saw the odd ones alone.

The settings: `paper` as published; `fast` in pixels, and, `by depth`, in pixels over a
ground of long waves up to conv2 and in waves from there, with a weak TV; `learned` with
the denoiser in its place, in 250 steps, in 300, which at pool5 take a CPU about as long
as `paper` does, and in 500 (`longer`).

The comparison: a line a layer and setting, measured on the stored 8-bit pre-images, the
means over pictures. Below each layer, paired differences from `paper` with twice their
standard errors. The rank is that of the photograph's label, by EfficientNet-Lite0,
among its 1,000 classes: the median. What diverged is counted, and is in the means as it
is stored.

Three questions about invention: what becomes of the code of white noise, of photographs
in an untrained network, and of a code without structure (the mean of each channel
everywhere)? And how much of a pre-image is the prior's: how far apart are those of one
code by denoisers of different training (`--other`), beside those from different starts?
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from stages.execution.device import prepare
from stages.store import paths
from tests.benchmarks.machine import described, keep
from tests.benchmarks.natural_prior_codes import TARGETS
from tests.benchmarks.natural_prior_jobs import Bench, bench_of, bench_options
from tests.benchmarks.natural_prior_settings import LEARNED, PLAIN, SETTINGS, Setting

LAYERS = ["conv1", "pool1", "relu2", "relu3", "relu5", "pool5"]
INVENTED_AT = ["relu3", "relu5", "pool5"]
# Column, heading, decimals, and whether less is better.
COLUMNS = [
    ("error", "code error", 3, True),
    ("psnr", "PSNR", 2, False),
    ("ssim", "SSIM", 3, False),
    ("lpips_alex", "LPIPS alex", 3, True),
    ("lpips_vgg", "LPIPS vgg", 3, True),
    ("judge_distance", "judge's distance", 3, True),
]


def head(first: Sequence[str], last: Sequence[str]) -> str:
    """Return the head of a table with the columns between these."""
    names = [*first, *(heading for _, heading, _, _ in COLUMNS), *last]
    return f"\n| {' | '.join(names)} |\n|{' --- |' * len(names)}"


def means(rows: pd.DataFrame) -> str:
    """Return the means of the columns, as cells of a table."""
    cells = (f"{rows[name].mean():.{digits}f}" for name, _, digits, _ in COLUMNS)
    return " | ".join(cells)


def compared(
    bench: Bench, layers: Sequence[str], chosen: Sequence[str], seeds: int
) -> Iterator[str]:
    """Yield a table a layer, of these settings, and the differences from `paper`."""
    for layer in layers:
        settings = [one for one in SETTINGS if one.name in chosen]
        found = {one.name: bench.rows(layer, one, seeds) for one in settings}
        last = ["median rank", "top 5", "diverged", "weight", "seconds"]
        yield head(["layer", "setting"], last)
        for name, rows in found.items():
            rank, first = rows["rank"].median(), (rows["rank"] <= 5).mean()
            yield (
                f"| {layer} | {name} | {means(rows)} | {rank:.0f} | {first:.2f} "
                f"| {(rows['status'] == 'diverged').sum()} "
                f"| {rows['weight'].iloc[0]:g} | {rows['seconds'].mean():.1f} |"
            )
        if "paper" in found:
            yield "\nDifferences from `paper`, with twice their standard errors:\n"
            base = found.pop("paper")
            yield from (
                f"- {name}: {differences(rows, base)}" for name, rows in found.items()
            )


def differences(rows: pd.DataFrame, base: pd.DataFrame) -> str:
    """Return the mean differences over pictures, seeds averaged, and their doubts."""
    one, other = (
        rows.groupby("picture").mean(numeric_only=True) for rows in (rows, base)
    )
    apart = one - other
    told = []
    for column, heading, digits, less in COLUMNS:
        mean = apart[column].mean()
        doubt = 2 * apart[column].std() / np.sqrt(len(apart))
        worse = mean > doubt if less else mean < -doubt
        mark = " (worse)" if worse else ""
        told.append(f"{heading} {mean:+.{digits}f} ± {doubt:.{digits}f}{mark}")
    return ", ".join(told)


def invented(bench: Bench, layers: Sequence[str]) -> Iterator[str]:
    """Yield what becomes of codes that no photograph has."""
    yield (
        "\n| layer | target | setting | code error | roughness | pull "
        "| surest class | apart from classical |\n|" + " --- |" * 8
    )
    for layer, target in product(layers, TARGETS):
        classical = bench.request(layer, PLAIN, target=target)
        for setting in (PLAIN, LEARNED):
            one = bench.request(layer, setting, target=target)
            rows = bench.measured(one)
            apart = bench.apart(one, classical)
            yield (
                f"| {layer} | {target} | {setting.name} | {rows['error'].mean():.3f} "
                f"| {rows['roughness'].mean():.1f} | {rows['pull'].mean():.1f} "
                f"| {rows['surest'].mean():.2f} | {apart:.1f} |"
            )


def shared(bench: Bench, layers: Sequence[str], other: Path | None) -> Iterator[str]:
    """Yield how far apart pre-images of one code are, by what differs."""
    yield "\n| layer | what differs | grey levels | LPIPS vgg |\n|" + " --- |" * 4
    for layer in layers:
        one = bench.request(layer, LEARNED)
        pairs = {"the start": bench.request(layer, LEARNED, seed=1)}
        if other is not None:
            setting = Setting("another denoiser", PLAIN.solver, f"{other}")
            pairs["the denoiser"] = bench.request(layer, setting)
        pairs["the prior"] = bench.request(layer, PLAIN)
        for name, two in pairs.items():
            grey, seen = bench.apart(one, two), bench.seen_apart(one, two)
            yield f"| {layer} | {name} | {grey:.1f} | {seen:.3f} |"


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    bench = bench_of(chosen)
    n, seeds = len(bench.names), chosen.seeds
    yield "# The learned prior on AlexNet\n"
    yield described(f"natural_prior --limit {chosen.limit} --seeds {seeds}")
    yield f"{n} photographs of the claiming half, seeds: {seeds}; seconds a pre-image."
    yield "\n## Beside the classical priors"
    yield from compared(bench, chosen.layers, chosen.settings, seeds)
    if chosen.invented_at:
        yield from invention(bench, chosen.invented_at, chosen.other)


def invention(bench: Bench, layers: Sequence[str], other: Path | None) -> Iterator[str]:
    """Yield what the prior makes up, and how much of a pre-image is its own."""
    yield "\n## What it invents\n"
    yield (
        "Codes of no photograph. Roughness: root mean square of the slopes, in grey "
        "levels; pull: how far the denoiser would still move the picture at its last "
        "level, root mean square in grey levels; surest class: EfficientNet-Lite0's "
        "highest probability; apart: root mean square in grey levels."
    )
    yield from invented(bench, layers)
    yield "\n## What the prior decides\n"
    yield "How far apart pre-images of the same photographs' codes are."
    yield from shared(bench, layers, other)


def main() -> None:
    """Print the report and, unless it is a trial, keep it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    bench_options(options, limit=20)
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--layers", nargs="+", default=LAYERS)
    names = [one.name for one in SETTINGS]
    options.add_argument("--settings", nargs="+", default=names, choices=names)
    options.add_argument("--invented-at", nargs="*", default=INVENTED_AT)
    default = paths.embedded("denoiser_b")
    default = default if default.is_file() else None
    options.add_argument("--other", type=Path, default=default)
    chosen = options.parse_args()
    prepare(chosen.device, chosen.threads)
    keep("natural_prior", report(chosen), trial=chosen.trial)


if __name__ == "__main__":
    main()
