"""What each method buys: code error against likeness, a point a method, layer by layer.

A method is a prior and a solver. Drawn where a study compares several at a layer; named
are those on the lower left edge, which no other beats in both (the Pareto front).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from stages.page.charts.chart import Spec
from stages.page.charts.labels import CHARACTER, domain, place, spread
from stages.page.charts.plotting import COLOURS, SHAPES, rows
from stages.page.charts.series import layer_order, telling
from stages.page.charts.style import GREY, specification
from stages.page.depth import Layers
from stages.page.summary import is_full

# Methods at a layer that are a comparison.
FEWEST = 2
# Pixels of a panel, and between a point and its name.
_WIDTH, _HEIGHT, _BESIDE = 300, 230, 8
_COLUMNS = 3
_ERROR = "relative_error_8bit"
_DISTANCES = {
    "lpips_vgg": "LPIPS, vgg",
    "lpips_squeeze": "LPIPS, squeeze",
    "lpips_alex": "LPIPS, alex",
    "judge_distance": "judge's distance",
}
_METHOD = ["prior", "solver"]
_PLACE = ["representation", "layer"]


def edge_chart(
    scores: pd.DataFrame, layers: Layers
) -> tuple[Spec, pd.DataFrame, str] | None:
    """Return the specification, its points, and the distance on the upright axis.

    A point is the mean over the pictures that all methods of its layer have, and over
    their seeds. None if no layer has two methods.
    """
    done = (scores["kind"] == "preimage") & (scores["status"] == "done")
    columns = [*_PLACE, *_METHOD, "image_id", _ERROR, *_DISTANCES]
    jobs = scores.loc[done & is_full(scores) & (scores[_ERROR] > 0), columns]
    known = [name for name in _DISTANCES if jobs[name].notna().any()]
    if not known:
        return None
    compared = jobs.dropna(subset=[known[0]]).groupby(_PLACE, sort=False)
    parts = [means(part, known[0]) for _, part in compared]
    parts = [part for part in parts if len(part) >= FEWEST]
    if not parts:
        return None
    points = pd.concat(parts, ignore_index=True)
    return _drawn(points, known[0], layers), points, _DISTANCES[known[0]]


def means(jobs: pd.DataFrame, distance: str) -> pd.DataFrame:
    """Return a row a method: its means, in per cent, and whether it is on the edge.

    `jobs` are those of one layer. Empty if no picture has been inverted by all.
    """
    by_method = jobs.groupby(_METHOD, sort=False)["image_id"].agg(set)
    shared = set.intersection(*by_method)
    common = jobs[jobs["image_id"].isin(shared)]
    keys = [*_PLACE, *_METHOD]
    grouped = common.groupby(keys, sort=False)
    found = grouped[[_ERROR, distance]].mean().reset_index()
    found[_ERROR] *= 100
    told = telling(found) or ["solver"]
    found["method"] = found[told].agg(" · ".join, axis=1)
    found["pictures"] = len(shared)
    found["on_edge"] = on_edge(found[[_ERROR, distance]].to_numpy(dtype="float64"))
    return found


def on_edge(points: "np.ndarray[Any, np.dtype[np.float64]]") -> list[bool]:
    """Return which points `n 2` no other is below in both, or equals and is below."""
    none_above = [(points <= one).all(axis=1) for one in points]
    some_below = [(points < one).any(axis=1) for one in points]
    pairs = zip(none_above, some_below, strict=True)
    return [not bool((first & second).any()) for first, second in pairs]


def _drawn(points: pd.DataFrame, distance: str, layers: Layers) -> Spec:
    domains = {column: list(dict.fromkeys(points[column])) for column in _METHOD}
    panels = [
        _panel(part[part["layer"] == layer], distance, f"{name}, {layer}", domains)
        for name, part in points.groupby("representation", sort=False)
        for layer in layer_order(part, {f"{name}": layers.get(f"{name}", [])})
    ]
    chart = alt.concat(*panels, columns=_COLUMNS, spacing=24)
    chart = chart.resolve_scale(color="shared", shape="shared")
    return specification(chart, "Code error against likeness, by method")


def _panel(
    part: pd.DataFrame, distance: str, title: str, domains: Mapping[str, list[str]]
) -> Any:
    ends = domain(part.assign(value=part[distance], low=np.nan, high=np.nan), "free")
    edge = _named(part[part["on_edge"]].sort_values(_ERROR), distance, ends)
    axis = alt.Axis(labelOverlap="greedy", labelSeparation=4)
    x = alt.X(f"{_ERROR}:Q", title="relative error of the code, %", axis=axis)
    x = x.scale(type="log", domain=_across(part, edge), nice=False)
    y = alt.Y(f"{distance}:Q", title=_DISTANCES[distance])
    y = y.scale(domain=ends, nice=False)
    along = alt.Chart(alt.InlineData(values=rows(edge))).encode(x=x)
    marks = [
        along.mark_line(interpolate="step-after", color=GREY, strokeWidth=1).encode(
            y=y
        ),
        _points(part, distance, domains).encode(x=x, y=y),
        along.mark_text(align="right", baseline="middle", dx=-_BESIDE).encode(
            text="method:N", y=alt.Y("label:Q", scale=None, axis=None)
        ),
    ]
    return alt.layer(*marks).properties(width=_WIDTH, height=_HEIGHT, title=title)


def _points(part: pd.DataFrame, distance: str, domains: Mapping[str, list[str]]) -> Any:
    """Return a point a method: what is on the edge filled, the others hollow.

    The colour is the solver's, the shape the prior's.
    """
    solvers, priors = domains["solver"], domains["prior"]
    hues = [COLOURS[i % len(COLOURS)] for i in range(len(solvers))]
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(priors))]
    colour = alt.Color("solver:N").scale(domain=solvers, range=hues)
    told = [
        alt.Tooltip("method:N"),
        alt.Tooltip(f"{_ERROR}:Q", title="relative error, %", format=".3~f"),
        alt.Tooltip(f"{distance}:Q", title=_DISTANCES[distance], format=".3~f"),
        alt.Tooltip("pictures:Q"),
    ]
    base = alt.Chart(alt.InlineData(values=rows(part))).mark_point(size=58)
    filled = alt.when(alt.datum.on_edge).then(alt.value(1.0)).otherwise(alt.value(0.0))
    return base.encode(
        color=colour,
        fill=alt.Fill("solver:N", legend=None).scale(domain=solvers, range=hues),
        shape=alt.Shape("prior:N").scale(domain=priors, range=shapes),
        fillOpacity=filled,
        tooltip=told,
    )


def _named(edge: pd.DataFrame, distance: str, ends: Sequence[float]) -> pd.DataFrame:
    """Return the rows with where their names stand, in pixels below the top.

    Left of the points: nothing lies there, or it would be on the edge.
    """
    at = [place(value, ends, "free", _HEIGHT) for value in edge[distance]]
    return edge.assign(label=spread(at, _HEIGHT))


def _across(part: pd.DataFrame, edge: pd.DataFrame) -> list[float]:
    """Return the ends of the level axis: room for the names left of their points."""
    low, high = float(part[_ERROR].min()) / 1.05, float(part[_ERROR].max()) * 1.1
    names = zip(edge["method"], edge[_ERROR], strict=True)
    for name, error in names:
        # The share of the width that the name takes left of its point.
        taken = min((_BESIDE + CHARACTER * len(name)) / _WIDTH, 0.8)
        low = min(low, float(error) * (float(error) / high) ** (taken / (1 - taken)))
    return [low, high]
