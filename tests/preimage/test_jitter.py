"""Jitter: known shifts, drawn from the step alone, none at the end."""

import torch

from stages.preimage.data_term import data_term
from stages.preimage.jitter import offsets, shift
from stages.preimage.objective import objective
from stages.preimage.priors import Prior

IMAGE = torch.arange(12.0).view(1, 1, 3, 4)


def test_known_shifts():
    down = shift(IMAGE, 1, 0)[0, 0]
    assert down.tolist() == [[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, 7]]
    left = shift(IMAGE, 0, -2)[0, 0]
    assert left.tolist() == [[2, 3, 3, 3], [6, 7, 7, 7], [10, 11, 11, 11]]


def test_back_and_forth_leaves_the_inside():
    there = shift(IMAGE, 1, 1)
    assert torch.equal(shift(there, -1, -1)[..., :2, :3], IMAGE[..., :2, :3])


def test_offsets_stay_in_bounds_and_reach_them():
    drawn = [offsets(2, step, 700) for step in range(600)]
    assert {row for row, _ in drawn} == {column for _, column in drawn}
    assert {row for row, _ in drawn} == {-2, -1, 0, 1, 2}
    assert drawn[17] == offsets(2, 17, 700)


def test_there_is_none_at_the_end_and_without_jitter():
    assert {offsets(4, step, 70) for step in range(60, 70)} == {(0, 0)}
    assert {offsets(0, step, 70) for step in range(70)} == {(0, 0)}


def test_a_shifted_objective_sees_shifted_images():
    aim = objective(
        data_term(lambda images: images, shift(IMAGE, 1, 1)),
        [Prior(jitter=2)],
        mean=torch.zeros(1, 1, 1),
        norm=1.0,
    )
    assert aim.jitter == 2
    assert aim.shifted(1, 1).data_term(IMAGE).item() == 0
    assert aim.data_term(IMAGE).item() > 0
