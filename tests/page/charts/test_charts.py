"""The charts: specifications that are valid, with their nulls, tables and order."""

import json
from itertools import pairwise

import altair as alt
import pandas as pd
import pytest

from stages.page.charts.chart import MOST_ROWS
from stages.page.charts.charts import charts
from stages.page.charts.labels import GAP
from stages.page.depth import error_by_depth

LAYERS = {"hog": ["hog"], "net": ["conv1", "pool5", "fc6"]}
TRACES = ["representation", "layer", "solver", "step", "median_relative_error"]


@pytest.fixture
def study(score, table):
    """Return the scores of a small study with everything that charts show."""
    pairs = [("net", name) for name in ("fc6", "conv1", "pool5")] + [("hog", "hog")]
    floor = {"kind": "baseline", "prior": "none", "solver": "none", "key": None}
    return table(
        *(
            row
            for i, (name, layer) in enumerate(pairs)
            for row in (
                score(0.1 * (i + 1), representation=name, layer=layer),
                score(
                    1.0,
                    representation=name,
                    layer=layer,
                    baseline="thumbnail-4x4",
                    **floor,
                ),
            )
        )
    )


@pytest.fixture
def traces():
    """Return the traces of one layer."""
    lines = [("net", "conv1", "fast", step, 0.9**step) for step in range(5)]
    return pd.DataFrame(lines, columns=TRACES)


def test_every_chart_is_there_and_altair_takes_its_specification(study, traces):
    found = charts(study, error_by_depth(study, LAYERS), traces, LAYERS)
    assert [chart.name for chart in found] == [
        "error-by-depth",
        "trade-off",
        "quality-by-depth",
        "diversity-by-depth",
        "traces",
    ]
    for chart in found:
        alt.Chart.from_dict(chart.spec, validate=True)
        assert chart.title
        assert chart.caption.endswith(".")
        json.dumps(chart.spec, allow_nan=False)


def test_every_chart_draws_a_null(study, traces):
    for chart in charts(study, error_by_depth(study, LAYERS), traces, LAYERS):
        drawn = json.dumps(chart.spec)
        assert '"kind": "null"' in drawn or '"floor": 100' in drawn, chart.name


def test_layers_stand_in_order_of_depth(study, traces):
    (first, *_) = charts(study, error_by_depth(study, LAYERS), traces, LAYERS)
    x = first.spec["vconcat"][0]["layer"][0]["encoding"]["x"]
    assert x["sort"] == x["scale"]["domain"]
    named = [name for name in x["sort"] if name.strip()]
    assert named == x["axis"]["values"] == ["hog", "conv1", "pool5", "fc6"]


def test_each_line_of_a_panel_has_its_name_once_and_no_two_overlap(study, traces):
    found = charts(study, error_by_depth(study, LAYERS), traces, LAYERS)
    by_depth = [chart for chart in found if "vconcat" in chart.spec]
    assert len(by_depth) == 3
    for chart in by_depth:
        for panel in chart.spec["vconcat"]:
            lines, *_, texts = panel["layer"]
            drawn, named = (
                chart.spec["datasets"][layer["data"]["name"]]
                for layer in (lines, texts)
            )
            assert sorted(row["line"] for row in named) == sorted(
                {row["line"] for row in drawn}
            )
            for station in {row["station"] for row in named}:
                at = sorted(r["label"] for r in named if r["station"] == station)
                assert all(b - a > GAP - 1e-6 for a, b in pairwise(at))


def test_all_panels_share_one_scale_of_lines(study, traces):
    (first, *_) = charts(study, error_by_depth(study, LAYERS), traces, LAYERS)
    scales = [
        panel["layer"][0]["encoding"]["color"]["scale"]
        for panel in first.spec["vconcat"]
    ]
    assert len(scales) == 3
    assert all(one == scales[0] for one in scales)
    assert "nearest code of another picture" in scales[0]["domain"]


def test_a_study_without_numbers_has_no_charts(score, table):
    scores = table(score(status="failed"))
    assert (
        charts(
            scores, error_by_depth(scores, LAYERS), pd.DataFrame(columns=TRACES), LAYERS
        )
        == []
    )


def test_a_chart_lacks_where_its_metric_does(score, table, traces):
    scores = table(score(diversity=None, ssim=None))
    found = {
        chart.name: chart
        for chart in charts(scores, error_by_depth(scores, LAYERS), traces, LAYERS)
    }
    assert "diversity-by-depth" not in found
    assert "SSIM" not in set(found["quality-by-depth"].table["metric"])


def test_the_same_scores_give_the_same_charts(study, traces):
    once, twice = (
        charts(study, error_by_depth(study, LAYERS), traces, LAYERS) for _ in range(2)
    )
    assert [chart.spec for chart in once] == [chart.spec for chart in twice]


def test_tables_are_written_for_readers_and_cut_short(study, traces):
    long = pd.concat([traces] * 60, ignore_index=True)
    *_, chart = charts(study, error_by_depth(study, LAYERS), long, LAYERS)
    assert len(chart.table) == 300
    assert len(chart.rows) == MOST_ROWS
    assert chart.headings[-2:] == ["median relative error", "thumbnail relative error"]
    assert chart.rows[1][-2:] == ["0.9", "1"]
