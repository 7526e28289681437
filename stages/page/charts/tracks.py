"""The traces: how the code error falls from step to step, a line a layer."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from stages.page.charts.chart import Spec
from stages.page.charts.plotting import rows, specification
from stages.page.charts.series import layer_order
from stages.page.depth import Layers
from stages.page.pictures.thumbnails import evenly_spaced

# Steps of a line that are drawn, our choice: more than the eye can tell apart.
MOST_STEPS = 60
_ENDS = [(0x00, 0x72, 0xB2), (0xCC, 0x79, 0xA7), (0xE6, 0x9F, 0x00)]
_BASELINE = "thumbnail-4x4"
_ERROR = "median_relative_error"


def trace_chart(
    traces: pd.DataFrame, table: pd.DataFrame, layers: Layers
) -> tuple[Spec, pd.DataFrame] | None:
    """Return the specification and the traces with the thumbnail's error beside.

    `table` has the means by depth. A panel a representation and solver.
    """
    if traces.empty:
        return None
    floors = table.loc[table["baseline"] == _BASELINE]
    floors = floors[["representation", "layer", "relative_error_8bit"]]
    floors = floors.rename(columns={"relative_error_8bit": "thumbnail_relative_error"})
    shown = traces.merge(floors, "left", on=["representation", "layer"])
    groups = shown.groupby(["representation", "solver"], sort=False)
    panels = [
        _panel(
            _named(part, name, layers),
            f"{name}, {solver}",
            layer_order(_named(part, name, layers), {"": layers.get(name, [])}),
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


def colours_by_depth(n: int) -> list[str]:
    """Return so many colours from blue over pink to orange, for layers by depth."""
    return [_mixed(i / max(1, n - 1)) for i in range(n)]


def _mixed(share: float) -> str:
    place = share * (len(_ENDS) - 1)
    i = min(int(place), len(_ENDS) - 2)
    channels = zip(_ENDS[i], _ENDS[i + 1], strict=True)
    mixed = (round(a + (place - i) * (b - a)) for a, b in channels)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _panel(part: pd.DataFrame, title: str, order: Sequence[str]) -> Any:
    pieces = [thinned(line) for _, line in part.groupby("layer", sort=False)]
    drawn = pd.concat(pieces, ignore_index=True)
    drawn[["error", "floor"]] = drawn[[_ERROR, "thumbnail_relative_error"]] * 100
    columns = ["layer", "step", "error", "floor"]
    color = alt.Color("layer:N", sort=list(order), legend=alt.Legend(title=None))
    color = color.scale(domain=list(order), range=colours_by_depth(len(order)))
    base = alt.Chart(width=290, height=220).encode(x=alt.X("step:Q", title="step"))
    y = alt.Y("error:Q", title="relative error, %")
    told = _told("error", "relative error, %", alt.Tooltip("step:Q"))
    lines = base.mark_line(strokeWidth=1.6).encode(y=y, color=color, tooltip=told)
    zeros = base.mark_rule(strokeDash=[4, 3]).encode(y=alt.datum(100), x=alt.value(0))
    zeros = zeros.encode(x2=alt.value(290))
    ends = drawn[drawn["floor"].notna()].drop_duplicates("layer", keep="last")
    layers = [_with(lines, drawn[columns]), _with(zeros, drawn[columns].head(1))]
    if len(ends):
        floors = base.mark_point(
            shape="triangle-left", filled=True, size=60, xOffset=-6
        )
        floors = floors.encode(
            y=alt.Y("floor:Q"),
            color=color,
            tooltip=_told("floor", "the thumbnail's error, %"),
        )
        layers.append(_with(floors, ends[columns]))
    return alt.layer(*layers, title=title)


def _with(chart: alt.Chart, table: pd.DataFrame) -> alt.Chart:
    return chart.properties(data=alt.InlineData(values=rows(table)))


def _told(name: str, title: str, *more: alt.Tooltip) -> list[alt.Tooltip]:
    number = alt.Tooltip(f"{name}:Q", title=title, format=".3~f")
    return [alt.Tooltip("layer:N"), *more, number]
