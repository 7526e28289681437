"""Flat waves: the scale of each, and what that does to a start."""

import pytest
import torch

from stages.preimage.parameterisations.flat_fourier import FlatFourier
from stages.preimage.parameterisations.fourier import Fourier
from stages.preimage.start import noise

WIDE = torch.full((1, 1, 1), 1e6)
SHAPE = (1, 64, 64)


def height(kind, number):
    """Return how high the wave of this number along the rows is, of amplitude 1."""
    variables = torch.zeros(1, 1, 64, 33, 2)
    variables[0, 0, number, 0, 0] = 1.0
    return float(kind(-WIDE, WIDE, SHAPE).images(variables).amax())


@pytest.mark.parametrize(("number", "other"), [(1, 8), (2, 16)])
def test_an_eighth_of_the_wavelength_is_half_as_high(number, other):
    assert height(FlatFourier, number) / height(FlatFourier, other) == pytest.approx(2)
    assert height(Fourier, number) / height(Fourier, other) == pytest.approx(8)


def test_a_grey_level_of_flat_waves_is_a_grey_level_of_pixels():
    generator = torch.Generator().manual_seed(0)
    variables = torch.randn(64, 1, 64, 33, 2, generator=generator)
    images = FlatFourier(-WIDE, WIDE, SHAPE).images(variables)
    assert images.square().mean().sqrt().item() == pytest.approx(1.4, abs=0.2)


def test_the_start_is_flatter_than_a_natural_image_and_as_strong():
    start = torch.stack([noise(SHAPE, seed) for seed in range(32)])
    made = FlatFourier(-WIDE, WIDE, SHAPE)
    images = made.images(made.natural(start))
    norms = images.flatten(1).norm(dim=1)
    torch.testing.assert_close(norms, start.flatten(1).norm(dim=1))
    power = torch.fft.rfft2(images).abs().square().mean(dim=(0, 1))
    slow, fast = power[2:4, 2:4].mean(), power[16:32, 16:32].mean()
    # An eighth of the wavelength: half the amplitude, a quarter of the power.
    assert slow / fast == pytest.approx(4, rel=0.4)
