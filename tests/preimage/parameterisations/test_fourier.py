"""Waves: what the images are, their energy, their spectrum and their range."""

import pytest
import torch

from stages.preimage import fast, invert
from stages.preimage.parameterisations.fourier import COLOUR_AXES, START, Fourier
from stages.preimage.start import noise
from stages.representations.hog import HogDefinition

SHAPE = (3, 16, 12)
WIDE = torch.full((3, 1, 1), 1e6)


def starts(shape=SHAPE, n=4):
    return torch.stack([noise(shape, seed) for seed in range(n)])


def waves(shape=SHAPE, wide=WIDE):
    return Fourier(-wide, wide, shape)


@pytest.mark.parametrize("shape", [(3, 16, 12), (1, 9, 7)])
def test_the_start_as_waves_keeps_its_norm_and_a_descent_begins_with_a_share(shape):
    start = starts(shape)
    made = waves(shape, WIDE[: shape[0]])
    for variables, share in [(made.natural(start), 1), (made.variables(start), START)]:
        images = made.images(variables)
        assert images.shape == start.shape
        torch.testing.assert_close(
            images.flatten(1).norm(dim=1), share * start.flatten(1).norm(dim=1)
        )


def test_the_start_of_waves_has_the_spectrum_of_a_natural_image():
    shape = (3, 64, 64)
    made = waves(shape)
    images = made.images(made.variables(starts(shape, 16)))
    power = torch.fft.rfft2(images).abs().square().mean(dim=(0, 1))
    # Amplitudes fall with the frequency: four times the frequency, a 16th of the power.
    assert power[4, 0] / power[16, 0] == pytest.approx(16, rel=0.8)


@pytest.mark.parametrize(("given", "exponent"), [({}, 1.1), ({"exponent": 1.0}, 1.0)])
def test_a_wave_four_times_as_short_moves_as_little_as_the_exponent_says(
    given, exponent
):
    made = Fourier(-WIDE[:1], WIDE[:1], (1, 64, 64), **given)
    variables = torch.zeros(2, 1, 64, 33, 2)
    variables[0, 0, 4, 0, 0] = variables[1, 0, 16, 0, 0] = 1.0
    long, short = made.images(variables).flatten(1).norm(dim=1)
    assert (long / short).item() == pytest.approx(4**exponent, rel=1e-4)


def test_one_wave_by_hand():
    # The longest horizontal wave, alone: a cosine along the columns.
    made = Fourier(-WIDE[:1], WIDE[:1], (1, 8, 8))
    variables = torch.zeros(1, 1, 8, 5, 2)
    variables[0, 0, 0, 1, 0] = 1.0
    row = made.images(variables)[0, 0, 0]
    expected = torch.cos(2 * torch.pi * torch.arange(8) / 8)
    torch.testing.assert_close(row / row[0], expected)
    assert (made.images(variables)[0, 0] == row).all()


def test_waves_are_clipped_to_the_range():
    low, high = torch.full((3, 1, 1), -30.0), torch.full((3, 1, 1), 20.0)
    made = Fourier(low, high, SHAPE)
    images = made.images(made.natural(starts()))
    assert (images.min(), images.max()) == (-30, 20)


def test_the_gradient_passes_where_waves_are_clipped():
    low, high = torch.full((3, 1, 1), -1.0), torch.full((3, 1, 1), 1.0)
    variables = waves().natural(starts())
    gradients = []
    for made in (waves(), Fourier(low, high, SHAPE)):
        at = variables.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(made.images(at).sum(), at)
        gradients.append(gradient)
    assert torch.equal(*gradients)


def test_a_grey_level_of_waves_is_a_grey_level_of_pixels():
    # Random variables of root mean square 1 make images of root mean square about 1.
    made = waves((3, 64, 64))
    generator = torch.Generator().manual_seed(0)
    images = made.images(torch.randn(64, 3, 64, 33, 2, generator=generator))
    assert images.square().mean().sqrt().item() == pytest.approx(1.4, abs=0.2)


def test_colour_axes_are_orthogonal_and_of_unit_mean_square():
    axes = torch.tensor(COLOUR_AXES)
    gram = axes.T @ axes
    assert (gram - gram.diag().diag()).abs().max() < 1e-3
    assert axes.square().sum().item() == pytest.approx(3, abs=1e-3)


def test_waves_make_light_of_what_lies_beyond_an_edge_and_pixels_leave_it_grey():
    # HOG sees the one edge of this picture, and which side of it is the lighter one.
    image = torch.full((1, 1, 64, 64), 60.0)
    image[..., 32:] = 190
    phi = HogDefinition(side=64, assignment="bilinear").build()
    apart = {}
    for name in ("pixels", "fourier", "grounded-pixels"):
        solver = fast(steps=100, rate=6.0, parameterisation=name)
        made = invert(phi, phi(image), shape=(1, 64, 64), solver=solver).preimage
        apart[name] = float(made[..., 48:].mean() - made[..., :16].mean())
    assert abs(apart["pixels"]) < apart["grounded-pixels"] / 1.5
    assert abs(apart["pixels"]) < 30
    assert apart["fourier"] > 90
