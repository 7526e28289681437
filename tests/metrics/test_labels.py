"""Ranks of labels by hand and against sorting."""

import pytest
import torch

from stages.metrics.labels import among_the_first, rank_of_label


def random_scores(seed, n=4, classes=50):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, classes, generator=generator)


def test_ranks_by_hand():
    originals = torch.tensor([[0.0, 9.0, 1.0]] * 3)
    # The label is the second class: first, second and last of the pre-images'.
    scores = torch.tensor([[1.0, 2.0, 0.0], [5.0, 4.0, 3.0], [2.0, -1.0, 2.0]])
    assert rank_of_label(scores, originals).tolist() == [1.0, 2.0, 3.0]


def test_ranks_agree_with_sorting():
    scores, originals = random_scores(0), random_scores(1)
    orders = scores.argsort(dim=1, descending=True).tolist()
    labels = originals.argmax(dim=1).tolist()
    expected = [
        1 + order.index(label) for order, label in zip(orders, labels, strict=True)
    ]
    assert rank_of_label(scores, originals).tolist() == expected


def test_equal_scores_share_the_better_rank():
    assert rank_of_label(torch.ones(1, 7), random_scores(2, 1, 7)).tolist() == [1.0]


def test_scores_that_are_no_numbers_have_no_rank():
    broken = torch.tensor([[1.0, torch.nan, 0.0], [1.0, 2.0, 0.0]])
    originals = torch.tensor([[0.0, 0.0, 1.0]] * 2)
    ranks = rank_of_label(broken, originals).tolist()
    assert ranks == pytest.approx([torch.nan, 3.0], nan_ok=True)


@pytest.mark.parametrize(("n_first", "expected"), [(1, False), (2, False), (3, True)])
def test_the_third_is_among_the_first_three(n_first, expected):
    scores = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
    original = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    assert among_the_first(scores, original, n_first).tolist() == [expected]
