"""The trade-off: a point a job, or a cell where there are many."""

import math

import pytest

from stages.page.charts import points
from stages.page.depth import error_by_depth


def chart(scores):
    return points.trade_off(scores, error_by_depth(scores, {}))


def test_a_point_is_a_job_in_per_cent_and_decibels(score, table):
    floor = score(1.0, kind="baseline", baseline="mean-grey", psnr=12.0)
    spec, found, words = chart(table(score(0.2, psnr=20.0), score(0.4), floor))
    assert words == "a pre-image"
    assert found["relative_error_8bit"].tolist() == pytest.approx([20.0, 40.0, 100.0])
    assert found["kind"].tolist() == ["pre-images", "pre-images", "null"]
    assert [panel["encoding"]["y"]["field"] for panel in spec["hconcat"]] == [
        "psnr",
        "lpips_vgg",
    ]


def test_many_jobs_are_shown_as_cells(score, table, monkeypatch):
    monkeypatch.setattr(points, "MOST_POINTS", 2)
    scores = table(score(0.1), score(0.2), score(0.6))
    _, found, words = chart(scores)
    assert words.startswith("a cell")
    assert found["relative_error_8bit"].tolist() == pytest.approx([30.0])
    assert found["n"].tolist() == [3]


def test_failed_jobs_and_parts_of_codes_are_no_points(score, table):
    scores = table(score(0.1), score(status="failed"), score(channels="first-half"))
    assert len(chart(scores)[1]) == 1


def test_an_infinite_psnr_is_not_drawn(score, table):
    spec, _, _ = chart(table(score(psnr=math.inf), score(psnr=9.0)))
    values = spec["datasets"][spec["hconcat"][0]["data"]["name"]]
    assert [row["psnr"] for row in values] == [None, 9.0]


def test_nothing_to_show_is_no_chart(score, table):
    assert chart(table(score(status="failed"))) is None
    assert chart(table(score(relative_error_8bit=None))) is None
