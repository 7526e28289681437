"""The table by depth: order, names, means."""

from stages.page.depth import error_by_depth

LAYERS = {"hog": ["hog"], "net": ["conv1", "pool5", "fc6"]}


def test_rows_are_in_order_of_depth_and_named_by_it(score, table):
    scores = table(
        score(0.3, representation="net", layer="fc6"),
        score(0.1, representation="net", layer="conv1"),
        score(0.2, representation="net", layer="conv1"),
        score(0.4),
    )
    found = error_by_depth(scores, LAYERS)
    assert found["setting"].tolist() == [
        "hog / 01 hog / fast / default",
        "net / 01 conv1 / fast / default",
        "net / 03 fc6 / fast / default",
    ]
    assert found["depth"].tolist() == [1, 1, 3]
    assert found["n"].tolist() == [1, 2, 1]
    # (0.1 + 0.2) / 2.
    assert found["relative_error_8bit"].round(9).tolist() == [0.4, 0.15, 0.3]


def test_baselines_have_rows_and_parts_of_codes_none(score, table):
    floor = {"kind": "baseline", "baseline": "mean-grey", "solver": "none"}
    scores = table(score(), score(channels="first-half"), score(**floor))
    found = error_by_depth(scores, LAYERS)
    assert found["baseline"].tolist() == ["", "mean-grey"]
    assert found["setting"][1] == "hog / 01 hog / mean-grey"


def test_a_layer_that_nobody_ordered_comes_last(score, table):
    scores = table(
        score(representation="own", layer="b"),
        score(representation="own", layer="a"),
        score(),
    )
    found = error_by_depth(scores, LAYERS)
    assert found[["layer", "depth"]].to_numpy().tolist() == [
        ["hog", 1],
        ["b", 1],
        ["a", 2],
    ]


def test_no_scores_give_no_rows(score, table):
    assert len(error_by_depth(table(score(status="failed")), LAYERS)) == 0
