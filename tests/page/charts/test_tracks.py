"""The traces: thinned evenly, coloured by depth."""

from itertools import pairwise

import pandas as pd

from stages.page.charts.plotting import COLOURS
from stages.page.charts.tracks import MOST_STEPS, shades, thinned, trace_chart

TRACES = ["representation", "layer", "solver", "step", "median_relative_error"]
MEANS = ["representation", "layer", "baseline", "relative_error_8bit"]


def test_a_long_line_is_thinned_with_both_ends():
    found = thinned(pd.DataFrame({"step": range(1000)}))["step"].tolist()
    assert len(found) == MOST_STEPS
    assert (found[0], found[-1]) == (0, 999)
    gaps = {b - a for a, b in pairwise(found)}
    assert gaps <= {16, 17}
    assert len(thinned(pd.DataFrame({"step": range(60)}))) == 60


def test_shades_go_from_light_to_dark_around_their_colour():
    light, own, dark = shades("#646464", 3)
    # 100 + 0.45 * 155 = 169.75, and 100 - 0.45 * 100 = 55.
    assert (light, own, dark) == ("#aaaaaa", "#646464", "#373737")
    assert shades("#0072b2", 1) == ["#0072b2"]
    assert len(set(shades("#0072b2", 20))) == 20


def test_a_representation_has_its_own_hue_and_its_lines_their_names():
    rows = [(n, n, "fast", s, 0.5 + s) for n in ("net", "hog") for s in (0, 1)]
    spec, _ = trace_chart(
        pd.DataFrame(rows, columns=TRACES),
        pd.DataFrame(columns=MEANS),
        {"hog": ["hog"], "net": ["net"]},
    )
    for panel, hue, name in zip(spec["concat"], (1, 0), ("net", "hog"), strict=True):
        lines, *_, names = panel["layer"]
        scale = lines["encoding"]["color"]["scale"]
        assert scale["range"] == [COLOURS[hue].lower()]
        assert lines["encoding"]["y"]["scale"]["type"] == "log"
        assert names["mark"]["type"] == "text"
        assert [row["line"] for row in spec["datasets"][names["data"]["name"]]] == [
            name
        ]


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


def test_a_layer_that_is_met_at_once_is_left_out_and_alone_no_chart():
    met = [("hog", "hog", "fast", step, 0.0) for step in (0, 1)]
    going = [("net", "conv1", "fast", step, 0.5) for step in (0, 1)]
    layers, means = {"hog": ["hog"], "net": ["conv1"]}, pd.DataFrame(columns=MEANS)
    spec, shown = trace_chart(
        pd.DataFrame([*met, *going], columns=TRACES), means, layers
    )
    assert [panel["title"] for panel in spec["concat"]] == ["net, fast"]
    assert set(shown["representation"]) == {"net"}
    assert trace_chart(pd.DataFrame(met, columns=TRACES), means, layers) is None
