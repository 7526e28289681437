"""Scores -> means and standard deviations, over done jobs and over baselines.

Deviations are those of a sample (n - 1); null for a single value.
"""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from stages.metrics.table import METRICS

Value = TypeVar("Value")
SELECTION = ["representation", "layer", "channels", "region"]
CELL = [*SELECTION, "solver", "prior"]

# (representation, layer, solver) and step -> squared relative errors of jobs.
_Traces = dict[tuple[str, str, str], dict[int, "array[float]"]]


def are_learned(jobs: pd.DataFrame) -> "pd.Series[bool]":
    """Return which jobs were pulled by a denoiser."""
    if "denoiser_term" not in jobs:
        return pd.Series(False, index=jobs.index)
    return jobs["denoiser_term"].astype("float64").fillna(0) > 0


def metric_names() -> list[str]:
    """Return the columns of the scores that hold metrics."""
    return [metric.name for metric in METRICS]


def summaries(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row a cell and a row a baseline: n, and each metric's mean and std.

    Only done jobs count. Rows are in the order of the scores, the baselines of a
    selection after its cells.
    """
    done, keys = scores["status"] == "done", [*CELL, "baseline"]
    labels = scores.loc[done, keys]
    groups = labels.assign(baseline=labels["baseline"].fillna("")).groupby(
        keys, sort=False, dropna=False
    )
    table, number = groups.size().rename("n").to_frame(), groups.ngroup()
    # A column at a time: all rows of all columns would be held twice.
    for name in metric_names():
        values = scores.loc[done, name].groupby(number)
        table[f"{name}_mean"] = values.mean().to_numpy()
        # The deviation of infinities (the PSNR of equal images) is none.
        table[f"{name}_std"] = values.agg(_deviation).to_numpy()
    return table.reset_index()


def _deviation(values: "pd.Series[float]") -> float:
    return math.nan if np.isinf(values.astype("float64")).any() else float(values.std())


def is_full(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each row is about the whole code: all channels, all cells."""
    return (table["channels"] == "all") & (table["region"] == "all")


def by_layer(
    jobs: pd.DataFrame, values: Mapping[tuple[str, str], Value]
) -> list[Value]:
    """Return of each job the value of its representation and layer.

    Looked up once a layer: jobs may be a million.
    """
    groups = jobs.groupby(["representation", "layer"], sort=False)
    known = [values[name, layer] for name, layer in groups.size().index]
    return [known[i] for i in groups.ngroup()]


def depths(jobs: pd.DataFrame, layers: Sequence[tuple[str, str]]) -> list[int]:
    """Return how deep the layer of each job lies, from 0; others lie below all.

    `layers` are pairs of representation and layer, the first layer first.
    """
    places = {pair: i for i, pair in enumerate(layers)}
    return by_layer(jobs, defaultdict(lambda: len(layers), places))


def has_layers(scores: pd.DataFrame) -> bool:
    """Return whether some representation is cut at more than one layer."""
    return bool((scores.groupby("representation")["layer"].nunique() > 1).any())


def metrics(scores: pd.DataFrame) -> dict[str, Any]:
    """Return counts and means by representation, layer, solver and prior.

    Of whole codes alone. Means are over done jobs; null where there is none.
    """
    cell = ["representation", "layer", "solver", "prior"]
    mine = (scores["kind"] == "preimage") & is_full(scores)
    jobs = scores.loc[mine, [*cell, "status"]]
    nested: dict[str, Any] = {}
    for key, group in jobs.groupby(cell, sort=False):
        representation, layer, solver, prior = map(str, key)
        place = nested.setdefault(representation, {}).setdefault(layer, {})
        place.setdefault(solver, {})[prior] = _counts(group) | _means(scores, group)
    return nested


def _counts(jobs: pd.DataFrame) -> dict[str, int]:
    status = jobs["status"]
    return {
        "n_jobs": len(jobs),
        "n_failed": int((status == "failed").sum()),
        "n_diverged": int((status == "diverged").sum()),
        "n_dead_gradient": int((status == "dead-gradient").sum()),
    }


def _means(scores: pd.DataFrame, jobs: pd.DataFrame) -> dict[str, float | None]:
    rows = jobs.index[jobs["status"] == "done"]
    values = {name: float(scores[name].loc[rows].mean()) for name in metric_names()}
    return {name: v if math.isfinite(v) else None for name, v in values.items()}


def traces(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return the median relative error of done jobs at each step of their traces.

    `rows` are pre-images: representation, layer, solver, status and trace of each.
    """
    # What Parquet stores: 4 bytes a point, of which there may be many millions.
    errors: _Traces = defaultdict(lambda: defaultdict(lambda: array("f")))
    for row in rows:
        if row["status"] == "done":
            steps = errors[row["representation"], row["layer"], row["solver"]]
            for point in row["trace"]:
                steps[point["step"]].append(point["data_term"])
    columns = ["representation", "layer", "solver", "step", "median_relative_error"]
    lines = [
        (*key, step, _median_root(values))
        for key, steps in errors.items()
        for step, values in sorted(steps.items())
    ]
    return pd.DataFrame(lines, columns=columns)


def _median_root(values: "array[float]") -> float:
    """Return the median of the roots: roots are in the order of their squares."""
    ordered = np.sort(np.frombuffer(values, np.float32))
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return median(map(math.sqrt, middle.tolist()))
