"""The study as JSON for the page's scripts: by column, short, and safe inside HTML.

Words are stored once and pointed at; numbers have 6 significant digits; what is missing
is null, and infinity (the PSNR of equal pictures) is 1e999, which JavaScript reads as
such. No `<` occurs: nothing in it can end the element that holds it.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from stages.page.summary import SELECTION
from stages.page.tables import Column, columns, detail_columns, table_columns

# What the job tables of the page have beside the metrics.
OUTCOMES = [
    Column("data_term", "data term", "1", 4, 1, "lower", "||d||^2 / ||Phi0||^2"),
    Column("alpha_term", "alpha-norm term", "1", 4, 1, "lower", "its part of the sum"),
    Column("tv_term", "TV term", "1", 4, 1, "lower", "total variation's part of it"),
    Column(
        *("denoiser_term", "pull of the denoiser", "1", 6, 1, "lower"),
        "how far the denoiser would move it, weighed: in the sum, but no function",
    ),
    Column("objective", "objective", "1", 4, 1, "lower", "what was minimised: the sum"),
    Column("code_distance", "code distance", "1", 3, 1, "lower", "||d||, at the end"),
    Column("steps", "steps", "steps", 0, meaning="steps of the solver"),
    Column("seconds", "time", "s", 1, 1, "lower", "its share of the batch's time"),
]
LABELS = [*SELECTION, "prior", "solver"]


def words(values: Iterable[Any]) -> str:
    """Return strings as JSON: each once, and for every value its place, or null."""
    places: dict[str, int] = {}
    at = [
        None if pd.isna(value) else places.setdefault(value, len(places))
        for value in values
    ]
    return escaped({"words": list(places), "at": at})


def numbers(values: Iterable[float | None]) -> str:
    """Return numbers as a JSON list, with 6 significant digits."""
    return f"[{','.join(_number(value) for value in values)}]"


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "null"
    if math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return f"{value:.6g}"


def escaped(value: Any) -> str:
    """Return the value as JSON without any `<`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def metric_columns(scores: pd.DataFrame) -> list[Column]:
    """Return all columns of numbers that some row has a value in."""
    return columns(scores, [*table_columns(), *detail_columns(), *OUTCOMES])


def study_json(
    scores: pd.DataFrame,
    pictures: Sequence[Mapping[str, str]],
    layers: Sequence[tuple[str, str]],
    extra: Mapping[str, Any],
) -> str:
    """Return the study: its pictures, its layers by depth, jobs, baselines, metrics.

    `pictures` have `id`, `name` and `about`; `extra` is added as it is.
    """
    shown = metric_columns(scores)
    is_job = scores["kind"] == "preimage"
    parts = {
        "pictures": escaped(list(pictures)),
        "layers": escaped([list(layer) for layer in layers]),
        "metrics": escaped([_description(column) for column in shown]),
        "jobs": _table(scores[is_job], ["key", "status", "reason"], shown),
        "baselines": _table(scores[~is_job], ["baseline"], shown),
        **{name: escaped(value) for name, value in extra.items()},
    }
    return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"


def _description(column: Column) -> dict[str, Any]:
    return {
        "name": column.metric,
        "heading": column.heading,
        "unit": column.unit,
        "decimals": column.decimals,
        "times": column.times,
        "better": column.better,
        "meaning": column.meaning,
        "range": column.range,
        "group": column.group,
    }


def _table(rows: pd.DataFrame, names: list[str], shown: list[Column]) -> str:
    texts = {name: words(rows[name]) for name in [*names, *LABELS, "image_id"]}
    texts["seed"] = numbers(rows["seed"].astype("float64"))
    for column in shown:
        texts[column.metric] = numbers(rows[column.metric].astype("float64"))
    return "{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}"
