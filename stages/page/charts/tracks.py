"""The traces: how the code error falls from step to step, a line a layer."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from stages.page.charts.chart import Spec
from stages.page.charts.labels import GAP, domain, line_ends, names, place, width_of
from stages.page.charts.plotting import COLOURS, rows
from stages.page.charts.series import layer_order
from stages.page.charts.style import specification
from stages.page.depth import Layers
from stages.page.pictures.thumbnails import evenly_spaced

# Steps of a line that are drawn, our choice: more than the eye can tell apart.
MOST_STEPS = 60
# How far the lightest and the darkest shade are from their colour, our choice.
_MOST_SHADE = 0.45
# Pixels of a panel, without the names at its right; our choice.
_WIDTH, _HEIGHT = 390, 220
_BASELINE = "thumbnail-4x4"
_ERROR = "median_relative_error"


def trace_chart(
    traces: pd.DataFrame, table: pd.DataFrame, layers: Layers
) -> tuple[Spec, pd.DataFrame] | None:
    """Return the specification and the traces with the thumbnail's error beside.

    `table` has the means by depth. A panel a representation and solver. None if there
    is no error above 0: a logarithm has no place for it.
    """
    if traces.empty or not (traces[_ERROR] > 0).any():
        return None
    traces = traces[traces[_ERROR] > 0]
    floors = table.loc[table["baseline"] == _BASELINE]
    floors = floors[["representation", "layer", "relative_error_8bit"]]
    floors = floors.rename(columns={"relative_error_8bit": "thumbnail_relative_error"})
    shown = traces.merge(floors, "left", on=["representation", "layer"])
    groups = shown.groupby(["representation", "solver"], sort=False)
    known = list(dict.fromkeys([*layers, *shown["representation"]]))
    panels = [
        _panel(
            _named(part, name, layers),
            f"{name}, {solver}",
            layer_order(_named(part, name, layers), {"": layers.get(name, [])}),
            COLOURS[known.index(name) % len(COLOURS)],
        )
        for name, solver, part in ((f"{n}", f"{s}", part) for (n, s), part in groups)
    ]
    chart = alt.concat(*panels, columns=2, spacing=24).resolve_scale(
        color="independent"
    )
    return specification(chart, "Error by step"), shown


def _named(part: pd.DataFrame, name: str, layers: Layers) -> pd.DataFrame:
    """Return the rows with the only layer of HOG or SIFT called as the study does."""
    return part if len(layers.get(name, [])) > 1 else part.assign(layer=name)


def thinned(part: pd.DataFrame) -> pd.DataFrame:
    """Return a line's rows at up to 60 evenly spaced steps, both ends among them."""
    return part.iloc[evenly_spaced(range(len(part)), MOST_STEPS)]


def shades(hue: str, n: int) -> list[str]:
    """Return so many shades of a colour from light to dark, for layers by depth.

    `hue` is written as `#rrggbb`; a single one is the colour itself.
    """
    shares = [2 * i / (n - 1) - 1 for i in range(n)] if n > 1 else [0.0]
    return [_shaded(hue, _MOST_SHADE * share) for share in shares]


def _shaded(hue: str, share: float) -> str:
    """Return the colour mixed with white (a negative share) or with black."""
    end = 0 if share > 0 else 255
    channels = (int(hue[i : i + 2], 16) for i in (1, 3, 5))
    mixed = (round(c + abs(share) * (end - c)) for c in channels)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _panel(part: pd.DataFrame, title: str, order: Sequence[str], hue: str) -> Any:
    pieces = [thinned(line) for _, line in part.groupby("layer", sort=False)]
    drawn = pd.concat(pieces, ignore_index=True)
    drawn[["error", "floor"]] = drawn[[_ERROR, "thumbnail_relative_error"]] * 100
    drawn = drawn.assign(line=drawn["layer"])
    color = alt.Color("layer:N", sort=list(order), legend=None)
    color = color.scale(domain=list(order), range=shades(hue, len(order)))
    last = int(drawn["step"].max())
    x = alt.X("step:Q", title="step")
    x = x.scale(domain=[0, max(last, 1)], range=[0, _WIDTH], nice=False)
    height = max(_HEIGHT, GAP * (len(order) - 1))
    ends = _axis(drawn)
    y = alt.Y("error:Q", title="relative error, %")
    y = y.scale(type="log", domain=ends, nice=False)
    base = alt.Chart().encode(x=x, y=y)
    marks = [*_marks(base, drawn, color), *_names(drawn, x, color, ends, height)]
    width = _WIDTH + width_of(list(order))
    return alt.layer(*marks, title=title).properties(width=width, height=height)


def _axis(drawn: pd.DataFrame) -> list[float]:
    """Return the ends of an axis that holds traces, floors, and a code of zeros."""
    floor = drawn["floor"].where(drawn["floor"] > 0).fillna(100.0)
    error = drawn["error"]
    table = pd.DataFrame({"value": error, "low": floor, "high": 100.0})
    return domain(table, "log")


def _marks(base: alt.Chart, drawn: pd.DataFrame, color: Any) -> list[Any]:
    """Return the lines, the rule of a code of zeros, and the thumbnails' errors."""
    columns = ["layer", "step", "error", "floor"]
    told = _told("error", "relative error, %", alt.Tooltip("step:Q"))
    lines = base.mark_line(strokeWidth=1.6).encode(color=color, tooltip=told)
    zeros = base.mark_rule(strokeDash=[4, 3]).encode(y=alt.datum(100), x=alt.value(0))
    zeros = zeros.encode(x2=alt.value(_WIDTH))
    marks = [_with(lines, drawn[columns]), _with(zeros, drawn[columns].head(1))]
    floors = drawn[drawn["floor"] > 0].drop_duplicates("layer", keep="last")
    if len(floors):
        points = base.mark_point(
            shape="triangle-left", filled=True, size=60, xOffset=-6
        )
        told = _told("floor", "the thumbnail's error, %")
        points = points.encode(y=alt.Y("floor:Q"), color=color, tooltip=told)
        marks.append(_with(points, floors[columns]))
    return marks


def _names(
    drawn: pd.DataFrame, x: Any, color: Any, ends: Sequence[float], height: float
) -> list[Any]:
    """Return the layers' names, all of them at the right."""
    steps = sorted(set(drawn["step"]))
    at = [place(error, ends, "log", height) for error in drawn["error"]]
    last = line_ends(drawn, steps, steps[-1:], at, height, column="step")
    return names(last, x, "step:Q", color)


def _with(chart: alt.Chart, table: pd.DataFrame) -> alt.Chart:
    return chart.properties(data=alt.InlineData(values=rows(table)))


def _told(name: str, title: str, *more: alt.Tooltip) -> list[alt.Tooltip]:
    number = alt.Tooltip(f"{name}:Q", title=title, format=".3~f")
    return [alt.Tooltip("layer:N"), *more, number]
