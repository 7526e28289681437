"""The traces: thinned evenly, coloured by depth."""

from itertools import pairwise

import pandas as pd

from stages.page.charts.tracks import MOST_STEPS, colours_by_depth, thinned, trace_chart

TRACES = ["representation", "layer", "solver", "step", "median_relative_error"]
MEANS = ["representation", "layer", "baseline", "relative_error_8bit"]


def test_a_long_line_is_thinned_with_both_ends():
    found = thinned(pd.DataFrame({"step": range(1000)}))["step"].tolist()
    assert len(found) == MOST_STEPS
    assert (found[0], found[-1]) == (0, 999)
    gaps = {b - a for a, b in pairwise(found)}
    assert gaps <= {16, 17}
    assert len(thinned(pd.DataFrame({"step": range(60)}))) == 60


def test_colours_go_from_blue_to_orange():
    assert colours_by_depth(3) == ["#0072b2", "#cc79a7", "#e69f00"]
    assert colours_by_depth(1) == ["#0072b2"]
    assert len(set(colours_by_depth(20))) == 20


def test_the_thumbnails_error_stands_beside_the_traces():
    traces = pd.DataFrame([("net", "conv1", "fast", s, 0.5) for s in (0, 1)])
    traces.columns = TRACES
    floors = pd.DataFrame([("net", "conv1", "thumbnail-4x4", 0.7)], columns=MEANS)
    spec, table = trace_chart(traces, floors, {"net": ["conv1"]})
    assert table["thumbnail_relative_error"].tolist() == [0.7, 0.7]
    (panel,) = spec["concat"]
    names = [layer["data"]["name"] for layer in panel["layer"]]
    drawn = [spec["datasets"][name][-1] for name in names]
    assert drawn[0]["error"] == 50.0
    assert drawn[2]["floor"] == 70.0


def test_no_traces_are_no_chart():
    nothing = pd.DataFrame(columns=TRACES)
    assert trace_chart(nothing, pd.DataFrame(columns=MEANS), {}) is None
