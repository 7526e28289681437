"""Coarse waves: what is left of an image without them."""

import pytest
import torch

from stages.preimage.coarse_waves import coarse, without_coarse


def drawn(n=2, height=40, width=56):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, height, width, generator=generator)


def wave(number, height=40, width=64):
    """Return the `number`th cosine along the rows, `2 width / number` pixels long."""
    places = (torch.arange(width) + 0.5) / width
    return torch.cos(torch.pi * number * places).expand(1, 1, height, width)


def test_a_constant_is_coarse():
    assert without_coarse(torch.full((1, 3, 20, 30), 80.0), 8).abs().max() < 1e-4


@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_a_wave_as_long_as_the_width_goes(number):
    assert without_coarse(wave(number), 32).abs().max() < 1e-5


@pytest.mark.parametrize("number", [5, 8, 63])
def test_a_shorter_wave_stays(number):
    torch.testing.assert_close(without_coarse(wave(number), 32), wave(number))


def test_a_wave_is_fine_if_it_is_fine_along_either_axis():
    both = wave(1) * wave(9, 64, 40).mT
    torch.testing.assert_close(without_coarse(both, 32), both)


def test_it_is_an_orthogonal_projection():
    x = drawn()
    fine = without_coarse(x, 16)
    torch.testing.assert_close(without_coarse(fine, 16), fine, atol=1e-5, rtol=0)
    assert abs(float((fine * (x - fine)).sum())) < 1e-3 * float(x.square().sum())
    assert float(fine.norm()) < float(x.norm())


def test_both_parts_make_the_image():
    x = drawn()
    torch.testing.assert_close(coarse(x, 16) + without_coarse(x, 16), x)
    torch.testing.assert_close(coarse(wave(3), 32), wave(3))


def test_at_a_width_of_nothing_nothing_is_left():
    assert without_coarse(drawn(), 1).abs().max() < 1e-5


def test_company_changes_no_byte():
    x = drawn(5)
    alone = torch.cat([without_coarse(one[None], 16) for one in x])
    assert torch.equal(without_coarse(x, 16), alone)


def test_precision_stays():
    assert without_coarse(drawn().double(), 16).dtype == torch.float64
