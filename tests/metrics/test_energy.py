"""Energy in and out of a field, by hand, by loops, and where it is not defined."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.energy import inside_energy, outside_energy

MEAN = torch.tensor([100.0, 50.0, 20.0])[:, None, None]


def field_energy(*arguments):
    return inside_energy(*arguments), outside_energy(*arguments)


def random_images(seed, shape=(2, 3, 6, 8)):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator) * 255


def shares(*arguments):
    return [part.tolist() for part in field_energy(*arguments)]


def test_energy_by_hand():
    # One row of four grey pixels, mean 10, field: the first column.
    preimages = torch.tensor([[[[14.0, 10.0, 12.0, 10.0]]]])
    starts = torch.tensor([[[[18.0, 10.0, 10.0, 16.0]]]])
    mean = torch.full((1, 1, 1), 10.0)
    # Inside 4^2 / 8^2 = 0.25; outside (0 + 2^2 + 0) / (0 + 0 + 6^2) = 1 / 9.
    assert shares(preimages, starts, mean, (0, 1, 0, 1)) == [[0.25], [1 / 9]]


def test_energy_agrees_with_loops_over_a_field_that_is_not_square():
    preimages, starts, field = random_images(0), random_images(1), (1, 3, 2, 7)
    for index in range(2):
        totals = {True: [0.0, 0.0], False: [0.0, 0.0]}
        for row in range(6):
            for col in range(8):
                side = totals[1 <= row < 3 and 2 <= col < 7]
                for which, images in enumerate((preimages, starts)):
                    for channel, centre in enumerate((100.0, 50.0, 20.0)):
                        level = float(images[index, channel, row, col])
                        side[which] += (level - centre) ** 2
        inside, outside = shares(preimages, starts, MEAN, field)
        assert inside[index] == pytest.approx(totals[True][0] / totals[True][1])
        assert outside[index] == pytest.approx(totals[False][0] / totals[False][1])


def test_the_start_has_all_of_its_energy_and_the_mean_colour_none():
    starts, field = random_images(2), (0, 2, 0, 2)
    assert shares(starts, starts, MEAN, field) == [[1.0, 1.0]] * 2
    flat = MEAN.expand_as(starts)
    assert shares(flat, starts, MEAN, field) == [[0.0, 0.0]] * 2


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 4), st.floats(0, 4))
def test_energy_goes_with_the_square_of_the_amplitude_on_each_side(inner, outer):
    starts, field = random_images(3).double(), (2, 5, 1, 4)
    gain = torch.full((6, 8), outer, dtype=torch.float64)
    gain[2:5, 1:4] = inner
    found = shares(MEAN + gain * (starts - MEAN), starts, MEAN, field)
    assert found[0] == pytest.approx([inner**2] * 2, abs=1e-9)
    assert found[1] == pytest.approx([outer**2] * 2, abs=1e-9)


def test_there_is_no_outside_of_the_whole_image_and_no_inside_of_nothing():
    images = random_images(4)
    inside, outside = shares(images, images, MEAN, (0, 6, 0, 8))
    assert inside == [1.0, 1.0]
    assert all(math.isnan(share) for share in outside)
    inside, outside = shares(images, images, MEAN, (3, 3, 0, 8))
    assert all(math.isnan(share) for share in inside)
    assert outside == [1.0, 1.0]


def test_a_start_without_energy_makes_the_share_infinite():
    images = random_images(5)
    found = shares(images, MEAN.expand_as(images), MEAN, (0, 2, 0, 2))
    assert found == [[math.inf, math.inf]] * 2


@pytest.mark.parametrize("field", [(0, 7, 0, 8), (-1, 2, 0, 8), (0, 6, 5, 4)])
def test_a_field_that_is_not_in_the_image_is_refused(field):
    images = random_images(6)
    with pytest.raises(ValueError, match=r"`field` must lie in the image of 6 x 8"):
        field_energy(images, images, MEAN, field)
