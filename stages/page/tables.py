"""The tables of the page: errors and codes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.metrics.metric import Metric
from stages.metrics.table import METRICS
from stages.page.summary import SELECTION, has_layers, summaries
from stages.page.wording import (
    MISSING,
    mean_and_deviation,
    number,
    sides,
)

# How the page writes the units of the scores.
_UNITS = {"decibels": "dB", "grey levels squared": "grey levels\N{SUPERSCRIPT TWO}"}

# The groups of metrics by the module that computes them; all others are perception.
_GROUPS = {
    "code": "code",
    **dict.fromkeys(["pixel", "ssim", "colour", "energy"], "pixels"),
    "diversity": "optimisation",
}


@dataclass(frozen=True)
class Column:
    """A metric as a column: what it is called, its unit, how it is written.

    `better` is "lower" or "higher", empty where neither is. `meaning` and `range` say
    what it is and between which ends, `group` with which others it stands.
    """

    metric: str
    heading: str
    unit: str
    decimals: int
    times: float = 1.0
    better: str = ""
    meaning: str = ""
    range: str = ""
    group: str = "optimisation"


def table_columns() -> list[Column]:
    """Return the metrics of the table of errors."""
    return [_column(metric) for metric in METRICS if metric.place != "details"]


def detail_columns() -> list[Column]:
    """Return the metrics that only the tables of jobs have beside those."""
    return [_column(metric) for metric in METRICS if metric.place == "details"]


def _column(metric: Metric) -> Column:
    times = 100.0 if metric.is_percent else 1.0
    return Column(
        metric=metric.name,
        heading=metric.label,
        unit="%" if metric.is_percent else _UNITS.get(metric.unit, metric.unit),
        decimals=metric.decimals,
        times=times,
        better=metric.better,
        meaning=metric.meaning,
        range=_range(metric, times),
        group=_GROUPS.get(metric.function.partition(":")[0], "perception"),
    )


def _range(metric: Metric, times: float) -> str:
    """Return the ends between which the metric lies, as it is written."""
    decimals = 0 if all(end in (0.0, 1.0, math.inf) for end in metric.span) else 2
    low, high = (number(end, decimals, times=times) for end in metric.span)
    return f"{low} to {high}".replace(".00", "")


@dataclass(frozen=True)
class Line:
    """A cell of the study, or a baseline: the floor."""

    name: str
    n: int
    values: list[str]
    is_floor: bool


@dataclass(frozen=True)
class Block:
    """The lines that share one selection of one code."""

    heading: str
    details: str
    lines: list[Line]


def columns(
    scores: pd.DataFrame, among: Sequence[Column] | None = None
) -> list[Column]:
    """Return the columns that some row has a value in; those of errors by default."""
    among = table_columns() if among is None else among
    known = [column for column in among if column.metric in scores]
    return [column for column in known if scores[column.metric].notna().any()]


def error_blocks(scores: pd.DataFrame) -> list[Block]:
    """Return the table of errors: a block a selection, cells first, then baselines."""
    table, layered, shown = summaries(scores), has_layers(scores), columns(scores)
    blocks = []
    for _, group in table.groupby(SELECTION, sort=False):
        records = group.to_dict("records")
        blocks.append(
            Block(
                heading=records[0]["representation"],
                details=", ".join(_selection(records[0], layered)),
                lines=[_line(record, shown) for record in records],
            )
        )
    return blocks


def _selection(row: Any, layered: bool) -> list[str]:
    """Return the layer, the channels and the region where they need to be told."""
    return [
        *([f"layer {row['layer']}"] if layered else []),
        *([f"channels {row['channels']}"] if row["channels"] != "all" else []),
        *([f"region {row['region']}"] if row["region"] != "all" else []),
    ]


def _line(record: dict[Any, Any], shown: list[Column]) -> Line:
    baseline = record["baseline"]
    values = [
        mean_and_deviation(
            record[f"{column.metric}_mean"],
            record[f"{column.metric}_std"],
            column.decimals,
            times=column.times,
        )
        for column in shown
    ]
    cell = f"prior {record['prior']}, solver {record['solver']}"
    return Line(baseline or cell, record["n"], values, bool(baseline))


def code_lines(statistics: dict[str, Any]) -> list[list[str]]:
    """Return a line a layer: what its code is, and how far apart two pictures' are.

    `statistics` are those of the targets: representation -> layers -> layer.
    """
    return [
        [name, layer, *_code_values(values)]
        for name, representation in statistics.items()
        for layer, values in representation["layers"].items()
    ]


def _code_values(values: dict[str, Any]) -> list[str]:
    channels, rows, columns = values["code_shape"]
    geometry = values["geometry"]
    return [
        sides(channels, rows, columns),
        f"{channels * rows * columns:,}",
        f"{geometry['receptive_field']:,}",
        f"{geometry['stride']:,}",
        number(values["mean_distance"], 3),
        f"{values['n_pictures']:,}" if values["mean_distance"] is not None else MISSING,
    ]
