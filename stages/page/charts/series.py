"""The table by depth -> long tables for the panels of a chart, with their nulls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from stages.page.depth import Layers

# How a metric that stands in as a null is called.
_NULLS = {
    "mismatched_error_8bit": "nearest code of another picture",
    "patch_other": "best match in another picture",
    "distance_to_original": "distance to the photograph",
}
_COLUMNS = [
    *("metric", "representation", "layer", "line", "kind", "value", "low", "high", "n"),
]
# How far below its mean a band reaches on a logarithmic axis, at most, as a factor.
_WIDEST = 5.0


@dataclass(frozen=True)
class Series:
    """A metric as a panel: its heading, a factor, and the metric that is its null.

    `scale` is that of the axis: "log", "zero" (from zero on), or "free" where zero is
    no end of the metric.
    """

    metric: str
    heading: str
    times: float = 1.0
    null: str | None = None
    scale: Literal["log", "zero", "free"] = "zero"


def by_depth(table: pd.DataFrame, series: Sequence[Series]) -> dict[str, pd.DataFrame]:
    """Return a long table a metric that has values, by its heading.

    Columns: metric, representation, layer, line, kind (pre-images or null), value, low
    and high (a standard deviation below and above, of pre-images), n.
    """
    parts = {one.heading: _panel(table, one) for one in series}
    return {
        heading: part
        for heading, part in parts.items()
        if (part["kind"] == "pre-images").any()
    }


def _panel(table: pd.DataFrame, series: Series) -> pd.DataFrame:
    named = table.assign(metric=series.heading, line=lines(table))
    ours = named[named["baseline"] == ""]
    floors = named[named["baseline"] != ""]
    parts = [
        _with_band(ours, series.metric),
        first_of_layer(floors, by="baseline").assign(
            kind="null", value=lambda rows: rows[series.metric]
        ),
    ]
    if series.null:
        null = {"kind": "null", "line": _NULLS[series.null]}
        # The first that has one: not every setting has several seeds.
        other = first_of_layer(ours.dropna(subset=[series.null]))
        parts.append(other.assign(**null, value=other[series.null]))
    long = pd.concat(parts, ignore_index=True).reindex(columns=_COLUMNS)
    ends = ["value", "low", "high"]
    long[ends] = long[ends].astype("float64") * series.times
    known = long["value"].abs() < float("inf")
    if series.scale == "log":
        # A logarithm has no place for zero, nor for a band that reaches below it.
        known &= long["value"] > 0
        long["low"] = long["low"].clip(lower=long["value"] / _WIDEST)
    return long[known].reset_index(drop=True)


def _with_band(ours: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows with the mean and a standard deviation to both sides."""
    value = ours[metric]
    if (spread := f"{metric}_std") not in ours:
        return ours.assign(kind="pre-images", value=value)
    low, high = value - ours[spread], value + ours[spread]
    return ours.assign(kind="pre-images", value=value, low=low, high=high)


def lines(table: pd.DataFrame) -> list[str]:
    """Return each row's line: the baseline, or what tells its setting from others'.

    A representation is named with its prior or its solver, if one of them tells its
    settings apart, else with both.
    """
    ours = table[table["baseline"] == ""]
    told = {name: telling(part) for name, part in ours.groupby("representation")}
    return [
        row["baseline"]
        or " · ".join(
            [row["representation"], *(row[n] for n in told[row["representation"]])]
        )
        for row in table.to_dict("records")
    ]


def telling(part: pd.DataFrame) -> list[str]:
    """Return the fewest of prior and solver that tell a representation's settings."""
    settings = part[["prior", "solver"]].drop_duplicates()
    for told in ([], ["prior"], ["solver"]):
        known = len(settings[told].drop_duplicates()) if told else 1
        if len(settings) == known:
            return told
    return ["prior", "solver"]


def first_of_layer(table: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Return the rows of the first representation that has each layer's name.

    Of each layer (and value of `by`) a single row: nulls are drawn once.
    """
    columns = ["layer", by] if by else ["layer"]
    return table.drop_duplicates(columns)


def layer_order(table: pd.DataFrame, layers: Layers) -> list[str]:
    """Return the names of the layers in the table, shallow to deep.

    Representations of a single layer stand first; a layer of several has one place.
    """
    there = set(table["layer"])
    orders = [list(order) for order in layers.values()]
    known = [
        name for order in sorted(orders, key=lambda o: len(o) > 1) for name in order
    ]
    return [n for n in dict.fromkeys([*known, *table["layer"]]) if n in there]
