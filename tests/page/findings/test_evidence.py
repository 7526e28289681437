"""Which jobs count, ranks by hand, pictures that count once."""

import math

import pandas as pd
import pytest

from stages.page.findings.evidence import (
    MOST_DECIBELS,
    evidence,
    of_main_setting,
    paired,
    profiles,
    rank_correlation,
)


def study(rows, layers=None):
    return evidence(pd.DataFrame(rows), layers or {}, {}, {})


def test_rank_correlation_by_hand():
    # Ranks 1 3 2 against 1 2 3: 1 - 6 (0 + 1 + 1) / (3 (9 - 1)) = 1/2.
    assert rank_correlation([10.0, 30.0, 20.0]) == pytest.approx(0.5)
    assert rank_correlation([3.0, 2.0, -9.0]) == pytest.approx(-1.0)
    assert rank_correlation([1.0, math.nan, 9.0]) == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0], [math.nan, 1.0]])
def test_what_has_no_ranks_has_no_correlation(values):
    assert rank_correlation(values) is None


def test_only_done_jobs_count_and_infinities_are_capped(job, floor):
    rows = [job(psnr=math.inf), job(status="failed"), floor(mse=math.inf)]
    found = study(rows)
    assert found.jobs["psnr"].tolist() == [MOST_DECIBELS]
    assert found.baselines["mse"].isna().tolist() == [True]


def test_seeds_of_a_picture_count_once(job):
    rows = [job(seed=s, psnr=p) for s, p in ((0, 10.0), (1, 20.0))]
    rows.append(job("dog", psnr=5.0))
    table = profiles(study(rows).jobs, "psnr", ["conv1", "conv2"])
    assert table["conv1"].tolist() == [15.0, 5.0]
    assert table["conv2"].isna().all()


def test_the_main_setting_is_that_of_most_jobs(job):
    rows = [job(prior="none"), job("dog"), job("owl")]
    assert of_main_setting(study(rows).jobs)["prior"].unique().tolist() == ["default"]


def test_pairs_are_those_that_both_sides_have(job):
    left = pd.DataFrame([job(mse=1.0), job(mse=3.0), job("dog", mse=9.0)])
    right = pd.DataFrame([job(mse=5.0)])
    found = paired(left, right, ["image_id"], ["mse"])
    assert found[["mse_left", "mse_right"]].to_numpy().tolist() == [[2.0, 5.0]]


def test_the_representation_with_most_layers_is_asked_about_depth(job):
    rows = [job(), job(layer="conv2"), job(representation="hog", layer="hog")]
    found = study(rows)
    assert found.layered(found.jobs) == "net"
    assert found.layered(found.jobs[:1]) is None
    # A layer that nobody ordered stands where the table has it.
    assert found.depths(found.jobs, "net") == ["conv1", "conv2"]
