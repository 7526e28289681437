"""A chart as plain JSON, with the style that all of them have in common.

Text and axes take the colour of the text around them (`currentColor`), so a chart needs
no knowledge of dark mode.
"""

import json
from collections.abc import Mapping
from typing import Any

from stages.page.charts.chart import Spec

GREY = "#8a8a8a"
_INK = "currentColor"
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


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
    # The reader's font may be wider than the one that the columns were measured in.
    legend["columnPadding"] = 40
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
        "text": {"color": _INK, "fontSize": 11},
    }
