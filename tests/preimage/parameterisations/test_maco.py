"""Phases: every image has the magnitudes of a natural one, whatever is done to it."""

import pytest
import torch

from stages.images import reference_norm
from stages.preimage import Prior, fast, invert
from stages.preimage.parameterisations.fourier import _spectrum
from stages.preimage.parameterisations.maco import Maco
from stages.preimage.start import noise

WIDE = torch.full((3, 1, 1), 1e6)


def made(shape):
    return Maco(-WIDE[: shape[0]], WIDE[: shape[0]], shape)


def starts(shape, n=3):
    return torch.stack([noise(shape, seed) for seed in range(n)])


@pytest.mark.parametrize("factor", [1e-3, 1.0, 50.0])
def test_magnitudes_are_those_of_one_over_the_frequency_whatever_the_variables(factor):
    shape = (1, 16, 16)
    one = made(shape)
    images = one.images(factor * torch.randn(3, 1, 16, 9, 2))
    magnitudes = torch.fft.rfft2(images, norm="ortho").abs()
    expected = 68.92 * _spectrum(16, 16, 1.0)
    # The first and last column hold pairs of waves that are each other's conjugates.
    inner = (slice(None), 0, slice(None), slice(1, 8))
    torch.testing.assert_close(
        magnitudes[inner], expected[None, :, 1:8].expand(3, -1, -1), rtol=1e-3, atol=0
    )


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 33, 40)])
def test_the_start_has_about_the_energy_of_a_natural_image(shape):
    one = made(shape)
    norms = one.images(one.variables(starts(shape))).flatten(1).norm(dim=1)
    expected = torch.full((3,), reference_norm(shape))
    torch.testing.assert_close(norms, expected, rtol=0.25, atol=0)


def test_the_start_has_the_phases_of_the_noise():
    shape = (1, 8, 8)
    one, start = made(shape), starts((1, 8, 8))
    angles = torch.fft.rfft2(one.images(one.variables(start))).angle()
    expected = torch.fft.rfft2(start).angle()
    torch.testing.assert_close(angles[..., 1:4], expected[..., 1:4], atol=1e-3, rtol=0)


def test_projection_changes_no_image_and_gives_numbers_of_modulus_one():
    shape = (3, 8, 6)
    generator = torch.Generator().manual_seed(0)
    one, variables = made(shape), 5 * torch.randn(2, 3, 8, 4, 2, generator=generator)
    projected = one.project(variables)
    torch.testing.assert_close(projected.norm(dim=-1), torch.ones(2, 3, 8, 4))
    images = one.images(projected), one.images(variables)
    torch.testing.assert_close(*images, atol=1e-3, rtol=0)  # grey levels


def test_a_phase_of_nothing_is_a_number():
    one = made((1, 8, 8))
    variables = torch.zeros(1, 1, 8, 5, 2, requires_grad=True)
    images = one.images(variables)
    (gradient,) = torch.autograd.grad(images.sum(), variables)
    assert images.isfinite().all()
    assert gradient.isfinite().all()


def test_gradient_is_that_of_finite_differences():
    low, high = -WIDE[:1].double(), WIDE[:1].double()
    one = Maco(low, high, (1, 4, 6))
    variables = torch.randn(1, 1, 4, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(one.images, (variables,))


def test_phases_of_an_image_with_such_magnitudes_are_found():
    shape = (1, 16, 16)
    one = made(shape)
    torch.manual_seed(0)
    image = one.images(torch.randn(1, 1, 16, 9, 2))
    within = image.clamp(-127.5, 127.5) + 127.5
    found = invert(
        lambda x: x,
        within,
        shape=shape,
        solver=fast(steps=200, parameterisation="maco"),
        prior=Prior(),
    )
    assert found.outcomes[0].status == "done"
    apart = (found.preimage - within).norm() / (within - 127.5).norm()
    assert apart < 0.35
