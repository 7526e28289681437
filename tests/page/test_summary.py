"""Means and deviations by hand; what counts and what does not."""

import json
import math

import pytest

from stages.page import summary
from stages.page.depth import error_by_depth


def test_mean_and_sample_deviation_by_hand(score, table):
    # Mean of 1, 2 and 6 is 3; squares 4 + 1 + 9 over n - 1 = 2: sqrt 7.
    found = summary.summaries(table(score(1.0), score(2.0), score(6.0)))
    assert len(found) == 1
    assert found["n"][0] == 3
    assert found["psnr_mean"][0] == pytest.approx(3.0)
    assert found["psnr_std"][0] == pytest.approx(math.sqrt(7))


def test_jobs_that_are_not_done_count_in_no_mean(score, table):
    bad = [score(9.0, status=name) for name in ("failed", "diverged", "dead-gradient")]
    scores = table(score(1.0), *bad)
    assert summary.summaries(scores)["mse_mean"].tolist() == [1.0]
    cell = summary.metrics(scores)["hog"]["hog"]["fast"]["default"]
    assert cell["mse"] == 1.0
    assert cell["n_jobs"] == 4
    assert (cell["n_failed"], cell["n_diverged"], cell["n_dead_gradient"]) == (1, 1, 1)


def test_a_single_job_has_no_deviation(score, table):
    assert summary.summaries(table(score(1.0)))["mse_std"].isna().all()


def test_an_infinite_psnr_has_no_deviation_and_no_place_in_json(score, table):
    scores = table(score(1.0), score(1.0, psnr=math.inf))
    found = summary.summaries(scores)
    assert found["psnr_mean"][0] == math.inf
    assert math.isnan(found["psnr_std"][0])
    metrics = summary.metrics(scores)
    assert metrics["hog"]["hog"]["fast"]["default"]["psnr"] is None
    json.dumps(metrics, allow_nan=False)


def test_a_metric_that_no_job_has_is_null(score, table):
    scores = table(score(diversity=None), score(diversity=None))
    metrics = summary.metrics(scores)["hog"]["hog"]["fast"]["default"]
    assert metrics["diversity"] is None
    assert metrics["mse"] == 0.5


def test_cells_and_baselines_have_rows_of_their_own(score, table):
    floor = {"kind": "baseline", "prior": "none", "solver": "none", "seed": None}
    scores = table(
        score(1.0),
        score(2.0, prior="none"),
        score(3.0, region="centre 5"),
        score(4.0, **floor, baseline="mean-grey"),
        score(5.0, **floor, baseline="mean-colour"),
    )
    found = summary.summaries(scores)
    assert found["mse_mean"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    plot = error_by_depth(scores, {})
    assert plot["setting"].tolist() == [
        "hog / 01 hog / fast / default",
        "hog / 01 hog / fast / none",
        "hog / 01 hog / mean-grey",
        "hog / 01 hog / mean-colour",
    ]
    assert list(summary.metrics(scores)["hog"]["hog"]["fast"]) == ["default", "none"]


def test_parts_of_codes_are_not_in_the_metrics(score, table):
    assert summary.metrics(table(score(channels="first-half"))) == {}


def trace(*errors, status="done", layer="hog"):
    points = [{"step": 10 * i, "data_term": e**2} for i, e in enumerate(errors)]
    row = {"representation": "hog", "layer": layer, "solver": "fast"}
    return {**row, "status": status, "trace": points}


def test_traces_are_medians_of_relative_errors_at_each_step():
    rows = [
        trace(1.0, 0.8),
        trace(1.0, 0.2),
        trace(1.0),
        trace(9.0, 9.0, status="diverged"),
        {**trace(), "status": "failed", "trace": None},
        trace(0.5, layer="other"),
    ]
    found = summary.traces(rows)
    # At step 10 two jobs are left: (0.8 + 0.2) / 2, not sqrt((0.64 + 0.04) / 2).
    assert found["layer"].tolist() == ["hog", "hog", "other"]
    assert found["step"].tolist() == [0, 10, 0]
    assert found["median_relative_error"].tolist() == pytest.approx([1.0, 0.5, 0.5])


def test_a_study_without_a_done_job_has_empty_plots(score, table):
    scores = table(score(None, status="failed"))
    assert len(summary.summaries(scores)) == 0
    assert len(error_by_depth(scores, {})) == 0
    assert len(summary.traces([])) == 0


def test_layers_are_told_where_a_representation_has_several(score, table):
    two = [score(), score(representation="dsift", layer="dsift")]
    assert not summary.has_layers(table(*two))
    assert summary.has_layers(table(*two, score(layer="conv1")))
