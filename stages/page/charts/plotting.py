"""What all charts share: colours, scales, one panel above another.

Colours are those of Okabe and Ito (2008, "Color Universal Design"), which colour-blind
people tell apart; each line has a shape and a dash of its own besides. Text and axes
take the colour of the text around them (`currentColor`), so a chart needs no knowledge
of dark mode. Numbers are inlined in the specification: nothing is loaded.
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from stages.page.charts.chart import Spec

# Without black and yellow, which a page in the dark or in the light swallows.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
GREY = "#8a8a8a"
_SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"]
_SOLID = [[1, 0], [8, 2], [4, 2], [10, 2, 2, 2], [2, 1], [6, 1, 1, 1]]
_DASHES = [[2, 2], [6, 3], [1, 4], [8, 3, 2, 3]]
_INK = "currentColor"
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the table as JSON has it: numbers that are not finite become null."""
    return [
        {
            str(name): None if isinstance(v, float) and not math.isfinite(v) else v
            for name, v in record.items()
        }
        for record in table.to_dict("records")
    ]


def names_of_lines(table: pd.DataFrame, kind: str) -> list[str]:
    """Return the names of the lines of a kind, in order of appearance."""
    return list(dict.fromkeys(table.loc[table["kind"] == kind, "line"]))


def line_encodings(
    table: pd.DataFrame, representations: Sequence[str] = ()
) -> dict[str, Any]:
    """Return colour, dash and shape by line; nulls are grey and dashed.

    The colour is the representation's, by its place among `representations`, so that
    it is the same in all charts; dash and shape tell its settings apart. `table` is
    that of the whole chart: its panels share one legend.
    """
    ours, nulls = (names_of_lines(table, kind) for kind in ("pre-images", "null"))
    m = len(nulls)
    domain = [*ours, *nulls]
    places = _places(table, ours, representations)
    hues = [COLOURS[hue % len(COLOURS)] for hue, _ in places]
    colours = [*hues, *([GREY] * m)]
    # A seventh representation has the first one's colour, but its own shape.
    solid = [_SOLID[(s + hue // len(COLOURS)) % len(_SOLID)] for hue, s in places]
    dashes = [*solid, *_cycled(_DASHES, m)]
    marks = [_SHAPES[(hue + s) % len(_SHAPES)] for hue, s in places]
    shapes = [*marks, *_cycled(_SHAPES, m)]
    legend = alt.Legend(title=None)
    return {
        "color": alt.Color("line:N", legend=legend).scale(domain=domain, range=colours),
        "strokeDash": alt.StrokeDash("line:N", legend=legend).scale(
            domain=domain, range=dashes
        ),
        "shape": alt.Shape("line:N", legend=legend).scale(domain=domain, range=shapes),
    }


def _places(
    table: pd.DataFrame, lines: Sequence[str], representations: Sequence[str]
) -> list[tuple[int, int]]:
    """Return the place of each line's representation, and the line's within it."""
    own = table[table["kind"] == "pre-images"].drop_duplicates("line")
    of = dict(zip(own["line"], own.get("representation", own["line"]), strict=True))
    order = list(dict.fromkeys([*representations, *(of[line] for line in lines)]))
    within = [[one for one in lines if of[one] == of[line]] for line in lines]
    pairs = zip(lines, within, strict=True)
    return [(order.index(of[line]), peers.index(line)) for line, peers in pairs]


def _cycled(values: Sequence[Any], n: int) -> list[Any]:
    return [values[i % len(values)] for i in range(n)]


def chosen() -> alt.Parameter:
    """Return the choice of lines that a click in the legend makes, in all panels."""
    return alt.selection_point(name="chosen", fields=["line"], bind="legend")


def dimmed() -> Any:
    """Return the opacity that follows the choice: faint for lines left out."""
    return alt.when(chosen()).then(alt.value(1.0)).otherwise(alt.value(0.12))


def faint() -> Any:
    """Return the opacity of bands, which follow the choice, too."""
    return alt.when(chosen()).then(alt.value(0.14)).otherwise(alt.value(0.02))


def linked(chart: Any) -> Any:
    """Return the panels with one choice of lines for all of them."""
    with warnings.catch_warnings():
        # Altair adds the choice to each panel, then tells that it made one of them:
        # just what is wanted.
        warnings.filterwarnings("ignore", "Automatically deduplicated", UserWarning)
        return chart.add_params(chosen())


def panel(
    table: pd.DataFrame,
    title: str,
    encoding: Mapping[str, Any],
    layers: Sequence[str],
    *,
    scale: str,
    is_last: bool,
) -> Any:
    """Return one panel of a chart by depth: lines of `value` over the layers.

    `table` has layer, line, kind, value, n and representation; `encoding` is that of
    `line_encodings`, `scale` one of `Series`. A line does not lead from one
    representation to another; behind it is the band from `low` to `high`.
    """
    axis = alt.Axis(title="layer, shallow to deep" if is_last else None, labels=is_last)
    axis.labelAngle = -45
    x = alt.X("layer:N", sort=list(layers), axis=axis).scale(domain=list(layers))
    by = {"type": "log"} if scale == "log" else {"zero": scale == "zero"}
    y = alt.Y("value:Q", title=title).scale(**by)
    told = [
        alt.Tooltip("line:N", title="series"),
        alt.Tooltip("representation:N"),
        alt.Tooltip("layer:N"),
        alt.Tooltip("value:Q", title=title, format=".3~f"),
        alt.Tooltip("n:Q", title="jobs"),
    ]
    data = alt.InlineData(values=rows(table))
    width = min(1080, max(300, 48 * len(layers)))
    base = alt.Chart(data, width=width, height=170).encode(x=x, y=y, opacity=dimmed())
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
    return alt.layer(lines, points, band)


def stacked(panels: Sequence[Any], description: str) -> Spec:
    """Return the panels below each other as one specification."""
    chart = alt.vconcat(*panels, spacing=14).resolve_scale(
        color="shared", shape="shared", strokeDash="shared"
    )
    return specification(linked(chart), description)


def specification(chart: Any, description: str) -> Spec:
    """Return a chart as plain JSON, with the style that all have in common."""
    spec: Spec = chart.properties(
        description=description, background="transparent", padding=6
    ).to_dict()
    plain = _unnamed(json.loads(json.dumps(spec, allow_nan=False)))
    return {**plain, "config": config()}


def _unnamed(part: Any) -> Any:
    """Return a part of a specification whose marks have no roles of their own.

    The page names each chart as a whole; layers do not heed the word in the `config`.
    """
    if isinstance(part, list):
        return [_unnamed(one) for one in part]
    if not isinstance(part, dict):
        return part
    inner = {k: v if k == "datasets" else _unnamed(v) for k, v in part.items()}
    if isinstance(inner.get("mark"), dict):
        inner["mark"] = {**inner["mark"], "aria": False}
    return inner


def config() -> Mapping[str, Any]:
    """Return the style: no frame, faint lines, the text's own colour."""
    text = {"labelColor": _INK, "titleColor": _INK, "titleFontWeight": "normal"}
    faint = {"domainColor": _INK, "tickColor": _INK, "gridColor": _INK}
    thin = {"domainOpacity": 0.35, "tickOpacity": 0.35, "gridOpacity": 0.12}
    legend = {"orient": "bottom", "direction": "vertical", "columns": 2}
    return {
        # The page names each chart and has its table: marks need no names of their own.
        "aria": False,
        "font": _FONT,
        "view": {"stroke": None},
        "axis": {**text, **faint, **thin, "labelFontSize": 11, "titleFontSize": 12},
        "axisX": {"grid": False},
        "legend": {**text, **legend, "labelLimit": 0, "labelFontSize": 12},
        "title": {"color": _INK, "fontWeight": "normal", "anchor": "start"},
        "rule": {"color": GREY},
    }
