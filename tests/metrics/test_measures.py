"""A batch's metrics under the names of the table's columns."""

import math

import pytest
import torch

from stages.metrics.code import PairwiseStatistics
from stages.metrics.measures import code_measures, pixel_measures
from stages.store import schemas


def test_code_measures_by_hand():
    pairs = PairwiseStatistics(8.0, 100.0, 5)
    first, second = code_measures("float", [2.0, None], [4.0, 4.0], pairs)
    assert first == {
        "relative_error_float": 0.5,
        "normalised_error_float": 0.25,
        "squared_normalised_error_float": 0.04,
    }
    assert set(second.values()) == {None}


def test_pixel_measures_belong_to_their_own_image():
    originals = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    preimages = originals * 255
    originals = preimages.clone()
    preimages[1] += 10
    same, brighter = pixel_measures(preimages, originals)
    assert (same["mse"], same["psnr"]) == (0.0, math.inf)
    assert brighter["mse"] == pytest.approx(100.0)
    assert brighter["mse_fitted"] == pytest.approx(0.0, abs=1e-9)


def test_what_is_not_defined_is_null():
    (small,) = pixel_measures(torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4))
    assert small["ssim"] is small["ssim_fitted"] is None


# Columns of `stages.yardsticks` and `stages.perception`.
ELSEWHERE = ("mismatched_", "inside_", "outside_", "judge_", "patch_", "lpips_")


def test_all_names_are_columns_of_the_scores():
    pairs = PairwiseStatistics(None, None, 1)
    names = {
        *pixel_measures(torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4))[0],
        *code_measures("float", [1.0], [1.0], pairs)[0],
        *code_measures("8bit", [1.0], [1.0], pairs)[0],
    }
    assert names <= set(schemas.SCORES.names)
    others = {name for name in schemas.SCORES.names if name.startswith(ELSEWHERE)}
    of_jobs = {*schemas.PREIMAGES.names, "kind", "baseline", "diversity", "field"}
    assert names == set(schemas.SCORES.names) - of_jobs - others
