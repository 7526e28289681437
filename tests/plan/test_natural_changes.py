"""Natural changes: the power of each wave, known answers of single waves."""

import pytest
import torch

from stages.plan.natural_changes import natural_power

SIDE, LONGEST = 32, 16.0


def wave(number, dim=-1):
    places = torch.arange(SIDE, dtype=torch.float64)
    values = torch.cos(2 * torch.pi * number * places / SIDE)
    return values.expand(1, 1, SIDE, SIDE).transpose(dim, -1)


def power(number, dim=-1):
    return natural_power(wave(number, dim), LONGEST)[0, 0, 0, 0].item()


def test_the_power_falls_with_the_square_of_the_frequency():
    assert power(4) == pytest.approx(4 * power(8))
    assert power(4, -2) == pytest.approx(power(4))


def test_single_waves_keep_their_form():
    torch.testing.assert_close(natural_power(wave(5), LONGEST), power(5) * wave(5))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_waves_that_are_not_heard_have_none(number):
    assert abs(power(number)) < 1e-9


def test_it_is_1_on_average_over_all_waves():
    pixel = torch.zeros(1, 1, SIDE, 20)
    pixel[0, 0, 7, 3] = 1
    assert natural_power(pixel, LONGEST)[0, 0, 7, 3].item() == pytest.approx(1)


def test_an_image_of_one_pixel_has_no_waves():
    assert natural_power(torch.ones(1, 3, 1, 1), LONGEST).abs().max() == 0


def test_channels_and_images_are_apart():
    both = torch.cat([wave(4), torch.zeros(1, 1, SIDE, SIDE)], dim=1).float()
    found = natural_power(both, LONGEST)
    assert found[:, 1].abs().max() == 0
    assert found.dtype == torch.float32
