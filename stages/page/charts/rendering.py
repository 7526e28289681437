"""Chart -> SVG, PNG and CSV without a browser, and the script that draws it in one.

vl-convert carries Vega, Vega-Lite, Vega-Embed and its own fonts, so that nothing is
loaded and the same chart has the same bytes on every machine.
"""

import base64
import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import vl_convert
from markupsafe import Markup

from stages.page.charts.chart import Chart, Drawing
from stages.page.spreadsheet import csv

# What a chart on paper is drawn with; in the page it takes the page's own colours.
_INK, _PAPER = "#333333", "white"
# Text in the script that would end it, or hide what follows, in an HTML page.
_UNSAFE = re.compile(r"<(?=/script|!--)", re.IGNORECASE)
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


def drawings(charts: Sequence[Chart]) -> list[Drawing]:
    """Return the charts drawn; what is drawn is escaped by Vega."""
    return [
        Drawing(
            chart=chart,
            svg=Markup(svg(chart)),
            svg_uri=_uri("image/svg+xml", file_svg(chart)),
            csv_uri=_uri("text/csv;charset=utf-8", csv(chart.table)),
        )
        for chart in charts
    ]


def _uri(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def svg(chart: Chart) -> str:
    """Return the chart as SVG, to stand inside a page: colours follow the text's.

    Its identifiers carry the chart's name, so that several can stand in one page.
    """
    drawn = vl_convert.vegalite_to_svg(chart.spec, allowed_base_urls=[])
    named = re.sub(r'\bid="([^"]+)"', rf'id="{chart.name}-\1"', drawn)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{chart.name}-\1)", named)


def file_svg(chart: Chart) -> str:
    """Return the chart as an SVG file: dark on white, for papers and slides."""
    return vl_convert.vegalite_to_svg(_on_paper(chart.spec), allowed_base_urls=[])


def png(chart: Chart, *, scale: float = 2.0) -> bytes:
    """Return the chart as PNG, dark on white, `scale` pixels to a CSS pixel."""
    return vl_convert.vegalite_to_png(
        _on_paper(chart.spec), scale=scale, allowed_base_urls=[]
    )


def _on_paper(spec: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(spec).replace('"currentColor"', json.dumps(_INK))
    return {**json.loads(text), "background": _PAPER}


@cache
def bundle() -> str:
    """Return the script that sets `window.vegaEmbed`, some 0.9 MB, loading nothing.

    In a scope of its own: the bundle's many short names would become the page's.
    """
    text = vl_convert.javascript_bundle(_SNIPPET)
    return "(() => {" + _UNSAFE.sub(r"\\x3c", text) + "})();"
