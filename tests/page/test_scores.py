"""The scores as the report reads them: the same numbers, no lists but fields."""

import numpy as np
import pandas as pd
import pytest

from stages.metrics.schema import scores_schema
from stages.page.scores import read_scores
from stages.process.stage import Refusal
from stages.store import tables


def row(i, **changes):
    names = {"representation": "net", "layer": "fc8", "region": "all", "kind": "job"}
    names |= {"channels": "all", "prior": "default", "solver": "fast", "reason": ""}
    names |= {"image_id": f"id{i}", "image_name": f"{i}", "status": "done"}
    numbers = {"seed": i, "steps": None, "psnr": 20.0 + i, "ssim": None}
    lists = {"channel_indices": [1], "window": [0, 1, 0, 1], "field": [0, 9, 0, i]}
    blank = dict.fromkeys(scores_schema().names)
    return {**blank, **names, **numbers, **lists, "judge_agrees": i == 1, **changes}


@pytest.fixture
def read(tmp_path):
    """Return a function that writes rows and reads them as the report does."""

    def run(*rows):
        tables.write_table(tmp_path / "scores.parquet", rows, scores_schema())
        return read_scores(tmp_path / "scores.parquet")

    return run


def test_all_columns_are_there_but_lists_as_pandas_reads_them(read, tmp_path):
    rows = [row(0), row(1, judge_agrees=None), row(2, psnr=float("inf"), key="k")]
    scores = read(*rows).drop(columns="field")
    plain = pd.read_parquet(tmp_path / "scores.parquet")
    assert set(plain) - set(scores) == {"channel_indices", "window", "tokens", "field"}
    wanted = plain[list(scores)].astype(scores.dtypes.to_dict())
    pd.testing.assert_frame_equal(scores, wanted, check_exact=True)


def test_yes_and_no_are_1_and_0(read):
    agrees = read(row(0), row(1), row(2, judge_agrees=None))["judge_agrees"]
    assert agrees.tolist()[:2] == [0.0, 1.0]
    assert np.isnan(agrees[2])


def test_of_each_layer_and_region_the_first_field_that_is_known_is_kept(
    read, monkeypatch
):
    # Rows are looked at in pairs: what one pair has the next does not have again.
    monkeypatch.setattr("stages.page.scores._AT_ONCE", 2)
    rows = [row(1, field=None), row(2), row(3), row(4, layer="fc7"), row(5)]
    fields = read(*rows)["field"].tolist()
    assert fields == [None, [0, 9, 0, 2], None, [0, 9, 0, 4], None]


def test_scores_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(Refusal, match="scores"):
        read_scores(tmp_path / "scores.parquet")
