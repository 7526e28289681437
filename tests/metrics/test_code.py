"""Code errors by hand, and pairwise statistics against a plain double loop."""

import math

import pytest
import torch

from stages.metrics import code
from stages.metrics.code import PairwiseStatistics, pairwise_statistics


def full_mask(codes):
    return torch.ones(codes.shape[1:], dtype=torch.bool)


def random_codes(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, 4, 5, generator=generator)


def distances_one_by_one(codes, mask):
    found = []
    for first in range(len(codes)):
        for second in range(first):
            difference = (codes[first] - codes[second])[mask].double()
            found.append(math.sqrt(sum(value**2 for value in difference.tolist())))
    return found


def test_distance_counts_the_selected_entries_alone():
    target = torch.zeros(1, 1, 1, 3)
    codes = torch.tensor([3.0, 4.0, 12.0]).reshape(1, 1, 1, 3)
    mask = torch.tensor([True, True, False]).reshape(1, 1, 3)
    # sqrt(3^2 + 4^2) = 5; with the third entry it would be sqrt(25 + 144) = 13.
    assert code.code_distance(codes, target, mask).tolist() == [5.0]
    assert code.code_distance(codes, target, full_mask(codes)).tolist() == [13.0]


def test_an_excluded_entry_may_be_infinite():
    codes = torch.tensor([3.0, torch.inf]).reshape(1, 1, 1, 2)
    mask = torch.tensor([True, False]).reshape(1, 1, 2)
    assert code.code_norm(codes, mask).tolist() == [3.0]


def test_distance_is_symmetric_and_zero_between_equal_codes():
    one, other = random_codes(2, seed=1), random_codes(2, seed=2)
    mask = full_mask(one)
    assert code.code_distance(one, one, mask).tolist() == [0.0, 0.0]
    forth, back = (
        code.code_distance(a, b, mask) for a, b in [(one, other), (other, one)]
    )
    assert torch.equal(forth, back)


def errors(distance, norm, pairs):
    """Return the three errors of one distance: relative, normalised, squared."""
    distances = torch.tensor([distance], dtype=torch.float64)
    norms = torch.tensor([norm], dtype=torch.float64)
    return [
        *code.relative_error(distances, norms).tolist(),
        *code.normalised_error(distances, pairs).tolist(),
        *code.squared_normalised_error(distances, pairs).tolist(),
    ]


def test_the_three_errors_by_hand():
    pairs = PairwiseStatistics(8.0, 100.0, 5)
    # 2 / 4 = 0.5; 2 / 8 = 0.25; 2^2 / 100 = 0.04.
    assert errors(2.0, 4.0, pairs) == [0.5, 0.25, 0.04]


def test_errors_are_nan_without_a_denominator():
    without = errors(2.0, 0.0, PairwiseStatistics(None, None, 1))
    assert all(math.isnan(value) for value in without)
    equal = errors(2.0, 4.0, PairwiseStatistics(0.0, 0.0, 2))
    assert equal == pytest.approx([0.5, math.nan, math.nan], nan_ok=True)


@pytest.mark.parametrize("distance", [math.nan, math.inf])
def test_errors_are_nan_without_a_finite_distance(distance):
    found = errors(distance, 1.0, PairwiseStatistics(1.0, 1.0, 2))
    assert all(math.isnan(value) for value in found)


def test_the_mismatched_error_is_that_of_the_nearest_other_code():
    codes = torch.tensor([6.0, 2.0]).reshape(2, 1, 1, 1)
    foreign = [
        (torch.full((1, 1, 1), 4.0), torch.tensor([False, False])),
        (torch.full((1, 1, 1), 2.0), torch.tensor([False, True])),
        (torch.zeros(1, 1, 1), torch.tensor([False, False])),
    ]
    # |6 - 4| / 4 is nearer than |6 - 2| / 2; the second one's own code is left out, so
    # that |2 - 4| / 4 is; a code of zeros has no ratio.
    found = code.mismatched_error(codes, foreign, full_mask(codes))
    assert found.tolist() == [0.5, 0.5]
    own = [(torch.full((1, 1, 1), 4.0), torch.tensor([True, True]))]
    assert code.mismatched_error(codes, own, full_mask(codes)).isnan().all()


def test_pairwise_statistics_by_hand():
    # Codes 0, 3 and 7 are 3, 7 and 4 apart: mean 14 / 3, squares 9 + 49 + 16 over 3.
    codes = torch.tensor([0.0, 3.0, 7.0]).reshape(3, 1, 1, 1)
    mean, squared, n_pictures = pairwise_statistics(codes, full_mask(codes))
    assert mean == pytest.approx(14 / 3, rel=1e-12)
    assert squared == pytest.approx(74 / 3, rel=1e-12)
    assert n_pictures == 3


@pytest.mark.parametrize("entries_a_chunk", [1, 50, 2**23])
def test_pairwise_statistics_agree_with_a_double_loop(monkeypatch, entries_a_chunk):
    monkeypatch.setattr(code, "_ENTRIES_A_CHUNK", entries_a_chunk)
    codes = random_codes(7) + 1000
    mask = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(3)) < 0.5
    distances = distances_one_by_one(codes, mask)
    mean, squared, _ = pairwise_statistics(codes, mask)
    assert mean == pytest.approx(sum(distances) / 21, rel=1e-6)
    assert squared == pytest.approx(sum(d**2 for d in distances) / 21, rel=1e-6)


def test_without_a_mask_every_entry_counts():
    codes = random_codes(5)
    assert pairwise_statistics(codes) == pairwise_statistics(codes, full_mask(codes))


def test_many_pictures_are_sampled_evenly_for_the_mean_distance_only(monkeypatch):
    monkeypatch.setattr(code, "MOST_PICTURES", 3)
    codes = random_codes(9)
    mask = full_mask(codes)
    mean, squared, n_pictures = pairwise_statistics(codes, mask)
    # Three of nine, evenly spaced: 0, 4 and 8.
    sampled = distances_one_by_one(codes[[0, 4, 8]], mask)
    everything = distances_one_by_one(codes, mask)
    assert n_pictures == 3
    assert mean == pytest.approx(sum(sampled) / 3, rel=1e-6)
    assert squared == pytest.approx(sum(d**2 for d in everything) / 36, rel=1e-6)


@pytest.mark.parametrize("n", [0, 1])
def test_pairwise_statistics_of_fewer_than_two_pictures_are_null(n):
    codes = random_codes(n)
    assert pairwise_statistics(codes, full_mask(codes)) == (None, None, n)


def test_equal_codes_and_empty_selections_are_nothing_apart():
    codes = random_codes(1).expand(4, -1, -1, -1)
    mask = full_mask(codes)
    assert pairwise_statistics(codes, mask) == (0.0, 0.0, 4)
    assert pairwise_statistics(random_codes(4), ~mask) == (0.0, 0.0, 4)
