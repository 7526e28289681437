"""Charts drawn without a browser: safe inside a page, the same bytes every time."""

import base64
import io
import re

import pandas as pd
import pytest
from PIL import Image

from stages.page.charts import rendering
from stages.page.charts.charts import charts
from stages.page.depth import error_by_depth

LAYERS = {"net": ["conv1", "fc6"]}
TRACES = ["representation", "layer", "solver", "step", "median_relative_error"]


@pytest.fixture
def chart(score, table):
    """Return a chart with a name that would like to be a script."""
    name = "</script><img src=x onerror=alert(1)>"
    scores = table(
        score(0.2, representation=name, layer="conv1"),
        score(0.3, representation=name, layer="fc6"),
    )
    return charts(
        scores, error_by_depth(scores, LAYERS), pd.DataFrame(columns=TRACES), LAYERS
    )[0]


def test_a_drawing_takes_the_colours_of_the_text_around_it(chart):
    drawn = rendering.svg(chart)
    assert drawn.startswith("<svg")
    assert 'fill="currentColor"' in drawn
    # The page's policy allows no styles but its own, and loads nothing.
    for forbidden in ("style=", "<style", "<script", "<img", "href=", "NaN"):
        assert forbidden not in drawn, forbidden
    assert "onerror=alert(1)&gt;" in drawn


def test_identifiers_carry_the_charts_name(chart):
    drawn = rendering.svg(chart)
    assert all(
        name.startswith("error-by-depth-")
        for name in re.findall(r'\bid="([^"]+)"', drawn)
    )
    used = set(re.findall(r"url\(#([^)]+)\)", drawn))
    assert used <= set(re.findall(r'\bid="([^"]+)"', drawn))


def test_files_are_dark_on_white(chart):
    drawn = rendering.file_svg(chart)
    assert "currentColor" not in drawn
    assert 'fill="white"' in drawn
    picture = Image.open(io.BytesIO(rendering.png(chart, scale=1.0))).convert("RGB")
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.convert("L").getextrema()[0] < 100


def test_the_same_chart_has_the_same_bytes(chart):
    assert rendering.svg(chart) == rendering.svg(chart)
    assert rendering.png(chart) == rendering.png(chart)


def test_files_to_save_are_inside_the_page(chart):
    (drawing,) = rendering.drawings([chart])
    kind, data = drawing.csv_uri.split(",", 1)
    assert kind == "data:text/csv;charset=utf-8;base64"
    table = pd.read_csv(io.BytesIO(base64.b64decode(data)))
    assert list(table.columns) == list(chart.table.columns)
    assert len(table) == len(chart.table)
    assert base64.b64decode(drawing.svg_uri.split(",", 1)[1]).startswith(b"<svg")


def test_the_bundle_is_small_and_cannot_end_its_script():
    bundle = rendering.bundle()
    assert 700_000 < len(bundle) < 1_200_000
    assert "</script" not in bundle.lower()
    assert "<!--" not in bundle
    assert "window.vegaEmbed" in bundle
    assert bundle == rendering.bundle.__wrapped__()
