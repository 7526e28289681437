"""The trade-off: how well the code is matched against how alike the pictures are."""

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from stages.page.charts.chart import Spec
from stages.page.charts.plotting import (
    dimmed,
    line_encodings,
    linked,
    rows,
)
from stages.page.charts.series import first_of_layer, lines
from stages.page.charts.style import specification
from stages.page.summary import is_full

# Points that a browser draws and a reader tells apart, our choice; beyond, a cell each.
MOST_POINTS = 1000
_ERROR, _ERROR_TITLE = "relative_error_8bit", "relative error of the code, %"
_QUALITIES = {
    "psnr": "PSNR, dB",
    "lpips_vgg": "LPIPS, vgg",
    "lpips_squeeze": "LPIPS, squeeze",
    "judge_distance": "judge's distance",
}
_MOST_PANELS = 2
_LABELS = ["representation", "layer", "prior", "solver", "baseline"]


def trade_off(
    scores: pd.DataFrame, table: pd.DataFrame, order: Sequence[str] = ()
) -> tuple[Spec, pd.DataFrame, str] | None:
    """Return the specification, its points, and what a point is in words.

    A point is a job, or from 1,000 jobs on a cell (a mean over its pictures, from
    `table`, the means by depth). `order` is that of the representations, for their
    colours. None if there is none.
    """
    done = (scores["kind"] == "preimage") & (scores["status"] == "done")
    chosen = done & is_full(scores)
    by_job = chosen.sum() <= MOST_POINTS
    cells = table[table["baseline"] == ""].assign(image_name="")
    ours = scores[chosen].assign(baseline="", n=1) if by_job else cells
    floors = first_of_layer(table[table["baseline"] != ""], by="baseline")
    points = pd.concat(
        [ours.assign(kind="pre-images"), floors.assign(kind="null", image_name="")],
        ignore_index=True,
    ).dropna(subset=[_ERROR])
    shown = [name for name in _QUALITIES if points[name].notna().any()][:_MOST_PANELS]
    if points.empty or not shown or not (points["kind"] == "pre-images").any():
        return None
    points["line"] = lines(points)
    points[_ERROR] *= 100
    told = ["line", "kind", *_LABELS[:2], "image_name", "n", _ERROR, *shown]
    columns = [*told, "key"] if by_job else told
    points = points[columns].reset_index(drop=True)
    encoding = line_encodings(points, order)
    panels = [_panel(points, name, encoding) for name in shown]
    chart = alt.hconcat(*panels, spacing=28).resolve_scale(
        color="shared", shape="shared"
    )
    spec = specification(linked(chart), "Code error against quality")
    return spec, points, "a pre-image" if by_job else "a cell, the mean of its pictures"


def _panel(points: pd.DataFrame, quality: str, encoding: dict[str, Any]) -> Any:
    # A logarithm opens up the small errors, a square root knows zero besides.
    kind: Literal["log", "sqrt"] = "log" if (points[_ERROR] > 0).all() else "sqrt"
    x = alt.X(_ERROR, type="quantitative", title=_ERROR_TITLE)
    y = alt.Y(quality, type="quantitative", title=_QUALITIES[quality])
    tooltip = [
        alt.Tooltip("line", type="nominal", title="series"),
        alt.Tooltip("layer", type="nominal"),
        alt.Tooltip("image_name", type="nominal", title="picture"),
        alt.Tooltip(_ERROR, type="quantitative", title=_ERROR_TITLE, format=".3~f"),
        alt.Tooltip(
            quality, type="quantitative", title=_QUALITIES[quality], format=".3~f"
        ),
    ]
    data = alt.InlineData(values=rows(points[points[quality].notna()]))
    return (
        alt.Chart(data, width=500, height=320)
        .mark_point(size=42, strokeWidth=1.4)
        .encode(
            x=x.scale(type=kind, nice=False, padding=8),
            y=y.scale(zero=False),
            color=encoding["color"],
            shape=encoding["shape"],
            tooltip=tooltip,
            opacity=dimmed(),
        )
    )
