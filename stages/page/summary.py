"""Scores -> means and standard deviations, over done jobs and over baselines.

Deviations are those of a sample (n - 1); null for a single value.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Any

import pandas as pd

from stages.metrics.table import METRICS

SELECTION = ["representation", "layer", "channels", "region"]
CELL = [*SELECTION, "solver", "prior"]

# (representation, layer, solver) and step -> relative errors of jobs.
_Traces = dict[tuple[str, str, str], dict[int, list[float]]]


def metric_names() -> list[str]:
    """Return the columns of the scores that hold metrics."""
    return [metric.name for metric in METRICS]


def summaries(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row a cell and a row a baseline: n, and each metric's mean and std.

    Only done jobs count. Rows are in the order of the scores, the baselines of a
    selection after its cells.
    """
    done = scores[scores["status"] == "done"]
    keys = [*CELL, "baseline"]
    groups = done.assign(baseline=done["baseline"].fillna("")).groupby(
        keys, sort=False, dropna=False
    )
    table = groups.size().rename("n").to_frame()
    for name in metric_names():
        table[f"{name}_mean"] = groups[name].mean()
        # The deviation of infinities (the PSNR of equal images) is none.
        table[f"{name}_std"] = groups[name].agg(_deviation)
    return table.reset_index()


def _deviation(values: "pd.Series[float]") -> float:
    finite = values.map(math.isfinite) | values.isna()
    return float(values.std()) if finite.all() else math.nan


def is_full(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each row is about the whole code: all channels, all cells."""
    return (table["channels"] == "all") & (table["region"] == "all")


def has_layers(scores: pd.DataFrame) -> bool:
    """Return whether some representation is cut at more than one layer."""
    return bool((scores.groupby("representation")["layer"].nunique() > 1).any())


def metrics(scores: pd.DataFrame) -> dict[str, Any]:
    """Return counts and means by representation, layer, solver and prior.

    Of whole codes alone. Means are over done jobs; null where there is none.
    """
    jobs = scores[(scores["kind"] == "preimage") & is_full(scores)]
    nested: dict[str, Any] = {}
    for key, group in jobs.groupby(
        ["representation", "layer", "solver", "prior"], sort=False
    ):
        representation, layer, solver, prior = map(str, key)
        place = nested.setdefault(representation, {}).setdefault(layer, {})
        place.setdefault(solver, {})[prior] = _counts(group) | _means(group)
    return nested


def _counts(jobs: pd.DataFrame) -> dict[str, int]:
    status = jobs["status"]
    return {
        "n_jobs": len(jobs),
        "n_failed": int((status == "failed").sum()),
        "n_diverged": int((status == "diverged").sum()),
        "n_dead_gradient": int((status == "dead-gradient").sum()),
    }


def _means(jobs: pd.DataFrame) -> dict[str, float | None]:
    means = jobs.loc[jobs["status"] == "done", metric_names()].mean()
    values = {f"{name}": float(mean) for name, mean in means.items()}
    return {name: v if math.isfinite(v) else None for name, v in values.items()}


def traces(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return the median relative error of done jobs at each step of their traces.

    `rows` are pre-images: representation, layer, solver, status and trace of each.
    """
    errors: _Traces = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["status"] == "done":
            steps = errors[row["representation"], row["layer"], row["solver"]]
            for point in row["trace"]:
                steps[point["step"]].append(math.sqrt(point["data_term"]))
    columns = ["representation", "layer", "solver", "step", "median_relative_error"]
    lines = [
        (*key, step, median(values))
        for key, steps in errors.items()
        for step, values in sorted(steps.items())
    ]
    return pd.DataFrame(lines, columns=columns)
