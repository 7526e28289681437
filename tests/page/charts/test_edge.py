"""What each method buys: means over shared pictures, and the lower left edge."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.page.charts import edge
from stages.page.charts.charts import charts
from stages.page.depth import error_by_depth

LAYERS = {"net": ["relu1", "relu2"]}


def job(score, prior, error, distance, picture="cat", layer="relu2", **more):
    place = {"representation": "net", "layer": layer, "prior": prior}
    shown = {"image_id": picture, "lpips_vgg": distance}
    return score(error, **place, **shown, **more)


def three(score, **more):
    """Return jobs of three methods: near the code, near the picture, and neither."""
    return [
        job(score, "none", 0.1, 0.8, **more),
        job(score, "learned", 0.2, 0.3, **more),
        job(score, "paper", 0.4, 0.5, **more),
    ]


def test_a_method_is_on_the_edge_if_no_other_beats_it_in_both(score, table):
    _, points, told = edge.edge_chart(table(*three(score)), LAYERS)
    assert told == "LPIPS, vgg"
    assert points["method"].tolist() == ["none", "learned", "paper"]
    assert points["on_edge"].tolist() == [True, True, False]
    assert points["relative_error_8bit"].tolist() == pytest.approx([10, 20, 40])


def test_means_are_over_the_pictures_that_all_methods_have(score, table):
    lone = job(score, "none", 0.9, 0.9, picture="dog")
    both = [*three(score), *three(score, picture="owl"), lone]
    _, points, _ = edge.edge_chart(table(*both), LAYERS)
    assert points["relative_error_8bit"].tolist() == pytest.approx([10, 20, 40])
    assert set(points["pictures"]) == {2}


def test_seeds_of_a_picture_are_averaged(score, table):
    again = job(score, "none", 0.3, 0.8, seed=1)
    _, points, _ = edge.edge_chart(table(*three(score), again), LAYERS)
    assert points["relative_error_8bit"].tolist()[0] == pytest.approx(20)


def test_layers_come_shallow_to_deep_and_only_where_methods_are_compared(score, table):
    deep, shallow = three(score), three(score, layer="relu1")
    other = job(score, "none", 0.1, 0.1, layer="relu3")
    spec, points, _ = edge.edge_chart(table(*deep, *shallow, other), LAYERS)
    assert [panel["title"] for panel in spec["concat"]] == ["net, relu1", "net, relu2"]
    assert set(points["layer"]) == {"relu1", "relu2"}


def test_solvers_have_colours_priors_shapes_and_the_edge_names(score, table):
    methods = [*three(score), job(score, "none", 0.05, 0.9, solver="paper")]
    spec, _, _ = edge.edge_chart(table(*methods), LAYERS)
    line, dots, names = spec["concat"][0]["layer"]
    assert dots["encoding"]["color"]["scale"]["domain"] == ["fast", "paper"]
    priors = dots["encoding"]["shape"]["scale"]["domain"]
    assert priors == list(dict.fromkeys(row["prior"] for row in methods))
    named = spec["datasets"][names["data"]["name"]]
    assert line["data"] == names["data"]
    assert [row["method"] for row in named] == [
        "none \N{MIDDLE DOT} paper",
        "none \N{MIDDLE DOT} fast",
        "learned \N{MIDDLE DOT} fast",
    ]
    low, high = dots["encoding"]["x"]["scale"]["domain"]
    assert low < 5 < 40 < high


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"},
        {"channels": "first-half"},
        {"kind": "baseline", "baseline": "mean-grey"},
        {"relative_error_8bit": 0.0},
    ],
)
def test_what_is_no_whole_pre_image_with_an_error_is_no_point(score, table, changes):
    assert edge.edge_chart(table(*three(score, **changes)), LAYERS) is None


def test_one_method_or_no_shared_picture_is_no_chart(score, table):
    assert edge.edge_chart(table(*three(score)[:1]), LAYERS) is None
    assert edge.edge_chart(table(*three(score)[:2]), LAYERS) is not None
    apart = [
        job(score, prior, 0.1, 0.1, picture=prior) for prior in ("none", "paper", "tv")
    ]
    assert edge.edge_chart(table(*apart), LAYERS) is None


def test_without_lpips_the_judge_tells(score, table):
    rows = table(*(row | {"judge_distance": 0.4} for row in three(score)))
    rows[["lpips_vgg", "lpips_squeeze", "lpips_alex"]] = np.nan
    assert edge.edge_chart(rows, LAYERS)[2] == "judge's distance"


def test_it_is_among_the_charts_with_words_and_a_table(score, table):
    scores = table(*three(score))
    found = charts(scores, error_by_depth(scores, LAYERS), pd.DataFrame(), LAYERS)
    (own,) = (one for one in found if one.name == "methods")
    assert "LPIPS, vgg, over the pictures that all methods of the layer" in own.caption
    assert len(own.rows) == 3


PAIRS = st.lists(st.tuples(*[st.integers(0, 9)] * 2), min_size=1, max_size=12)


@given(PAIRS)
def test_the_edge_is_what_a_search_of_all_pairs_finds(pairs):
    points = np.array(pairs, dtype="float64")
    expected = [
        not any(a <= x and b <= y and (a, b) != (x, y) for a, b in pairs)
        for x, y in pairs
    ]
    assert edge.on_edge(points) == expected
    assert any(expected)
