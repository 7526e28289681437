"""Diversity by hand and its edges."""

import pytest
import torch

from stages.metrics.diversity import diversity


def flat(*levels):
    return torch.tensor(levels).float().reshape(-1, 1, 1, 1).expand(-1, 3, 2, 2)


def test_diversity_by_hand():
    # Flat images 0, 10 and 40 are 10, 40 and 30 apart in each value: 80 / 3.
    assert diversity(flat(0, 10, 40)) == pytest.approx(80 / 3)


def test_diversity_is_root_mean_square_and_not_mean_absolute():
    images = torch.zeros(2, 1, 2, 2)
    images[1, 0, 0, 0] = 8
    # sqrt(8^2 / 4) = 4, where the mean absolute difference is 2.
    assert diversity(images) == pytest.approx(4.0)


def test_diversity_does_not_depend_on_the_order_of_seeds():
    images = torch.rand(4, 3, 5, 5, generator=torch.Generator().manual_seed(0)) * 255
    assert diversity(images) == pytest.approx(diversity(images.flip(0)))


def test_equal_preimages_have_no_diversity():
    assert diversity(flat(7, 7)) == 0.0


@pytest.mark.parametrize("n", [0, 1])
def test_diversity_of_fewer_than_two_seeds_is_null(n):
    assert diversity(torch.zeros(n, 3, 4, 4)) is None
