"""What the prior's weight buys: the code's error against LPIPS, method by method.

    python -m tests.benchmarks.pareto --store FOLDER [--limit 10] [--device cuda]
    python -m tests.benchmarks.pareto --chart .github/pareto.png

The first, where `natural_prior` runs, sweeps the weight of the prior of AlexNet's
layers: `paper` and `fast` by depth with TV so many times as heavy, the same with the
learned prior besides; MACO and Deep Image Prior, which have no weight, and longer runs
of the learned prior are a point each. Means over photographs of the claiming half, one
start each, of the stored 8-bit pre-images. The second draws the chart from
results/pareto.csv.

On the edge is what nothing else beats in both.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch

from stages.execution.device import prepare
from stages.page.charts import edge
from tests.benchmarks.machine import RESULTS, described, keep
from tests.benchmarks.natural_prior import LAYERS
from tests.benchmarks.natural_prior_jobs import Bench, bench_of, bench_options
from tests.benchmarks.natural_prior_settings import RIVAL, Setting

ROWS = RESULTS / "pareto.csv"
SCALES = (0.1, 0.3, 1.0, 3.0, 10.0)
MEASURED = ["error", "ssim", "lpips_alex", "lpips_vgg", "judge_distance", "seconds"]
# What suits a long run at a deep layer: noise that falls to 15 grey levels alone, and
# more of it than the denoiser is told, so that texture stays.
LONG_RUN = (("sigma", (60.0, 15.0)), ("renoise", 1.15))
METHODS: dict[str, list[Setting]] = {
    "paper": [Setting("paper", "paper", scale=scale) for scale in SCALES],
    "fast, TV": [Setting("by depth", "by depth", scale=scale) for scale in SCALES],
    "fast, learned": [
        Setting("learned", "by depth", "embedded", scale) for scale in SCALES
    ],
    "fast, learned, 2,000 steps": [Setting("learned, long", "long", "embedded")],
    "fast, learned, 4,000 steps, to 15": [
        Setting("learned, to 15", "longer still", "embedded", further=LONG_RUN)
    ],
    # By trials on four fitting photographs of conv5 (code error, SSIM, LPIPS alex and
    # vgg): as heavy a denoiser .027 .441 .057 .447, half .017 .448 .042 .437. It pays
    # where bfloat16 is native.
    "fast, learned, 8,000 steps, to 15, bfloat16": [
        Setting(
            "learned, to 15, bfloat16",
            "longest",
            "embedded",
            scale=0.5,
            further=LONG_RUN,
            precision=torch.bfloat16,
        )
    ],
    "MACO": [Setting("maco", "maco")],
    "Deep Image Prior": [Setting(RIVAL, RIVAL)],
}


def swept(bench: Bench, layers: list[str], methods: list[str]) -> pd.DataFrame:
    """Return a row a layer, method and weight: the means over photographs."""
    rows = []
    for layer in layers:
        for method in methods:
            for setting in METHODS[method]:
                found = bench.rows(layer, setting, 1)
                means = found[MEASURED].mean().to_dict()
                rows.append(
                    {"layer": layer, "method": method, "scale": setting.scale, **means}
                )
    return pd.DataFrame(rows)


def on_edge(rows: pd.DataFrame, column: str = "lpips_vgg") -> pd.Series:
    """Return which rows no other beats in the code's error and in this column."""
    pairs = rows[["error", column]].to_numpy(dtype="float64")
    return pd.Series(edge.on_edge(pairs), index=rows.index)


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report."""
    bench = bench_of(chosen)
    yield "# Code error against LPIPS, as the prior weighs more\n"
    yield described(f"pareto --limit {chosen.limit} --device {chosen.device}")
    yield f"{len(bench.names)} photographs of the claiming half, one start each.\n"
    rows = swept(bench, chosen.layers, chosen.methods)
    if not chosen.trial:
        rows.to_csv(ROWS, index=False, float_format="%.5f")
    names = ["layer", "method", "weight", "code error", "SSIM"]
    names += ["LPIPS alex", "LPIPS vgg", "seconds", "edge"]
    yield f"| {' | '.join(names)} |\n|{' --- |' * len(names)}"
    for _, part in rows.groupby("layer", sort=False):
        for (_, row), unbeaten in zip(part.iterrows(), on_edge(part), strict=True):
            yield (
                f"| {row.layer} | {row.method} | {row.scale:g} | {row.error:.3f} "
                f"| {row.ssim:.3f} | {row.lpips_alex:.3f} | {row.lpips_vgg:.3f} "
                f"| {row.seconds:.1f} | {'*' * unbeaten} |"
            )


def chart(target: Path) -> None:
    """Draw the sweep, a panel a layer, and write it as PNG."""
    import altair as alt

    rows = pd.read_csv(ROWS)
    base = alt.Chart(rows).encode(
        alt.X(
            "error:Q",
            title="code error",
            scale=alt.Scale(type="log", nice=False, padding=9),
            axis=alt.Axis(labelOverlap="greedy", labelSeparation=4, grid=False),
        ),
        alt.Y("lpips_vgg:Q", title="LPIPS vgg", scale=alt.Scale(zero=False)),
        alt.Color("method:N", title=None, sort=list(METHODS)),
        alt.Shape("method:N", sort=list(METHODS), legend=None),
        alt.Order("scale:Q"),
    )
    layers = list(rows["layer"].unique())
    drawn = base.mark_line(opacity=0.5) + base.mark_point(filled=True, size=50)
    each = drawn.properties(width=220, height=170)
    panels = each.facet(alt.Facet("layer:N", title=None, sort=layers), columns=4)
    apart = panels.resolve_scale(x="independent", y="independent")
    apart.configure_legend(orient="bottom").save(target, scale_factor=1.5)


def main() -> None:
    """Print the report and, unless it is a trial, keep it; or draw the chart."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    bench_options(options, limit=10, store=False)
    options.add_argument("--layers", nargs="+", default=LAYERS)
    names = list(METHODS)
    options.add_argument("--methods", nargs="+", default=names, choices=names)
    options.add_argument("--chart", type=Path, help="draw what is kept")
    chosen = options.parse_args()
    if chosen.chart:
        return chart(chosen.chart)
    if chosen.store is None:
        options.error("--store is needed, a folder for the pre-images")
    prepare(chosen.device, chosen.threads)
    keep("pareto", report(chosen), trial=chosen.trial)


if __name__ == "__main__":
    main()
