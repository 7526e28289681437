"""Panels by depth: lines over the layers, one below another, each with its name."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import pandas as pd

from stages.page.charts.chart import Spec
from stages.page.charts.labels import domain, line_ends, names, place, width_of
from stages.page.charts.plotting import dimmed, faint, linked, rows
from stages.page.charts.style import specification

# Pixels of a panel: its height, and the width of a column; our choice.
_HEIGHT, _COLUMN = 170, 44


@dataclass(frozen=True)
class Columns:
    """The layers along an axis, shallow to deep, and where names stand beside them.

    Descriptors come first, each a column of its own; behind them, and behind the last
    layer, is room for `names`, so that none stands on a line.
    """

    layers: Sequence[str]
    n_descriptors: int
    names: Sequence[str]

    @property
    def domain(self) -> list[str]:
        """The columns: layers, and blank ones that make room behind the descriptors."""
        n, room = self.n_descriptors, math.ceil(width_of(self.names) / _COLUMN)
        blanks = [" " * (i + 1) for i in range(room)] if self._is_mixed else []
        return [*self.layers[:n], *blanks, *self.layers[n:]]

    @property
    def stations(self) -> list[str]:
        """The columns beside which names stand."""
        first = [self.layers[self.n_descriptors - 1]] if self._is_mixed else []
        return [*first, self.layers[-1]]

    @property
    def width(self) -> float:
        """How wide the columns are, in pixels, without the names behind the last."""
        return max(300, _COLUMN * len(self.domain))

    @property
    def _is_mixed(self) -> bool:
        return 0 < self.n_descriptors < len(self.layers)


def columns(table: pd.DataFrame, layers: Sequence[str]) -> Columns:
    """Return the columns of a chart; `table` is that of all its panels."""
    ours = table[table["kind"] == "pre-images"]
    own = ours.groupby("representation", sort=False)["layer"].agg(set)
    alone = {name for found in own if len(found) == 1 for name in found}
    shared = {name for found in own if len(found) > 1 for name in found}
    n = next((i for i, name in enumerate(layers) if name not in alone - shared), None)
    n = len(layers) if n is None else n
    first = set(ours.loc[ours["layer"].isin(layers[:n]), "line"])
    return Columns(layers, n, sorted(first))


def panel(
    table: pd.DataFrame,
    title: str,
    encoding: Mapping[str, Any],
    along: Columns,
    *,
    scale: str,
    is_last: bool,
) -> Any:
    """Return one panel of a chart by depth: lines of `value` over the layers.

    `table` has layer, line, kind, value, n and representation; `encoding` is that of
    `line_encodings`, `scale` one of `Series`. A line does not lead from one
    representation to another; behind it is the band from `low` to `high`, at its end
    its name.
    """
    axis = alt.Axis(title="layer, shallow to deep" if is_last else None, labels=is_last)
    axis.labelAngle, axis["values"] = -45, list(along.layers)
    # In the order of the domain: Vega-Lite would sort the columns by name.
    x = alt.X("layer:N", sort=along.domain, axis=axis)
    x = x.scale(domain=along.domain, range=[0, along.width])
    ends = domain(table, scale)
    kind: Literal["log", "linear"] = "log" if scale == "log" else "linear"
    y = alt.Y("value:Q", title=title).scale(type=kind, domain=ends, nice=False)
    told = [
        alt.Tooltip("line:N", title="series"),
        alt.Tooltip("representation:N"),
        alt.Tooltip("layer:N"),
        alt.Tooltip("value:Q", title=title, format=".3~f"),
        alt.Tooltip("n:Q", title="jobs"),
    ]
    data = alt.InlineData(values=rows(table))
    base = alt.Chart(data).encode(x=x, y=y, opacity=dimmed())
    base = base.encode(color=encoding["color"], detail="representation:N")
    band = base.transform_filter("isValid(datum.low)").mark_area(opacity=0.13)
    band = band.encode(y=alt.Y("low:Q"), y2="high:Q", opacity=faint())
    lines = base.mark_line(strokeWidth=1.6).encode(strokeDash=encoding["strokeDash"])
    # What is ours stands out: the points of nulls are small.
    size = (
        alt.when(alt.datum.kind == "null").then(alt.value(14)).otherwise(alt.value(42))
    )
    points = base.mark_point(filled=True)
    points = points.encode(shape=encoding["shape"], size=size, tooltip=told)
    at = [place(value, ends, scale, _HEIGHT) for value in table["value"]]
    last = line_ends(table, along.domain, along.stations, at, _HEIGHT)
    called = names(last, x, "layer:N", encoding["color"], opacity=dimmed())
    marks = alt.layer(lines, points, band, *called)
    width = along.width + width_of(list(last["line"]))
    return marks.properties(width=width, height=_HEIGHT)


def stacked(panels: Sequence[Any], description: str) -> Spec:
    """Return the panels below each other as one specification."""
    chart = alt.vconcat(*panels, spacing=14).resolve_scale(
        color="shared", shape="shared", strokeDash="shared"
    )
    return specification(linked(chart), description)
