"""Long tables for panels: which lines there are, and which nulls."""

import math

from stages.page.charts.series import Series, by_depth, layer_order, lines
from stages.page.depth import error_by_depth

LAYERS = {"net": ["conv1", "fc6"], "random": ["conv1", "fc6"], "hog": ["hog"]}
ERROR = Series("relative_error_8bit", "relative, %", 100, "mismatched_error_8bit")


def floor(score, **changes):
    labels = {"kind": "baseline", "baseline": "mean-grey", "prior": "none"}
    return score(1.0, **{**labels, "solver": "none", **changes})


def test_lines_and_nulls_of_a_panel_by_hand(score, table):
    scores = table(
        score(0.2, representation="net", layer="conv1", mismatched_error_8bit=0.8),
        score(0.3, representation="random", layer="conv1", mismatched_error_8bit=0.7),
        floor(score, representation="net", layer="conv1"),
        floor(score, representation="random", layer="conv1"),
    )
    parts = by_depth(error_by_depth(scores, LAYERS), [ERROR])
    found = parts["relative, %"][["line", "kind", "value"]].to_numpy().tolist()
    # The nulls of the first representation that has the layer, once.
    assert found == [
        ["net", "pre-images", 20.0],
        ["random", "pre-images", 30.0],
        ["mean-grey", "null", 100.0],
        ["nearest code of another picture", "null", 80.0],
    ]


def test_the_null_is_of_the_first_setting_that_has_one(score, table):
    scores = table(
        score(0.2, prior="learned", mismatched_error_8bit=None),
        score(0.3, prior="classical", mismatched_error_8bit=0.7),
    )
    found = by_depth(error_by_depth(scores, LAYERS), [ERROR])["relative, %"]
    nulls = found[found["kind"] == "null"]
    assert nulls["value"].tolist() == [70.0]


def test_settings_are_told_where_there_are_several(score, table):
    scores = table(score(), score(prior="none"))
    found = by_depth(error_by_depth(scores, LAYERS), [ERROR])["relative, %"]
    assert found["line"].tolist()[:2] == ["hog · default", "hog · none"]


def test_a_representation_of_one_setting_is_called_by_its_name_alone(score, table):
    paper = {"prior": "paper", "solver": "paper"}
    scores = table(score(), score(**paper), score(representation="dsift"))
    # A prior of its own tells the solver's as well; both are told where it does not.
    assert lines(scores.assign(baseline="")) == [
        "hog · default",
        "hog · paper",
        "dsift",
    ]
    more = table(score(), score(solver="paper"), score(prior="none"))
    assert lines(more.assign(baseline="")) == [
        "hog · default · fast",
        "hog · default · paper",
        "hog · none · fast",
    ]


def test_a_metric_without_values_has_no_panel(score, table):
    scores = table(score(relative_error_8bit=math.nan, mse=math.inf))
    series = [ERROR, Series("mse", "error")]
    assert by_depth(error_by_depth(scores, LAYERS), series) == {}


def test_layers_are_in_order_those_of_descriptors_first(score, table):
    pairs = [("net", "fc6"), ("hog", "hog"), ("net", "conv1"), ("own", "mine")]
    scores = table(*(score(representation=n, layer=layer) for n, layer in pairs))
    found = by_depth(error_by_depth(scores, LAYERS), [ERROR])["relative, %"]
    assert layer_order(found, LAYERS) == ["hog", "conv1", "fc6", "mine"]
