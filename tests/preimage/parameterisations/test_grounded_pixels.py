"""Pixels over a ground: what each part shows, moves and may do."""

import torch

from stages.preimage import Prior, fast, invert
from stages.preimage.coarse_waves import coarse, without_coarse
from stages.preimage.parameterisations.grounded_pixels import (
    LONGEST,
    SHARE,
    GroundedPixels,
)
from stages.preimage.parameterisations.pixels import Pixels
from stages.preimage.start import noise

SHAPE = (3, 40, 36)
LOW, HIGH = torch.full((3, 1, 1), -100.0), torch.full((3, 1, 1), 50.0)
START = torch.stack([noise(SHAPE, seed) for seed in range(3)])


def made():
    return GroundedPixels(LOW, HIGH, SHAPE)


def moved(start=START):
    """Return variables whose ground is noise, too."""
    return torch.stack([start, start.flip(0)], dim=1)


def test_start_is_the_image_that_was_given():
    one = made()
    assert torch.equal(one.images(one.variables(START)), START)


def test_long_waves_alone_of_the_ground_are_seen():
    change = made().images(moved()) - START
    torch.testing.assert_close(change, SHARE * coarse(START.flip(0), LONGEST))
    assert change.norm() > 1
    fine = torch.stack([START, without_coarse(START, LONGEST)], dim=1)
    torch.testing.assert_close(made().images(fine), START, atol=1e-3, rtol=0)


def test_images_are_inside_the_range_and_the_ground_stays():
    one, far = made(), moved(10 * START)
    inside = one.project(far)
    assert torch.equal(inside[:, 1], far[:, 1])
    expected = Pixels(LOW, HIGH, SHAPE).project(one.images(far))
    torch.testing.assert_close(one.images(inside), expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(one.project(inside), inside, atol=1e-3, rtol=0)


def test_gradient_of_the_ground_is_that_of_its_long_waves():
    variables = moved().requires_grad_()
    gradient = 7 * START + 3
    (found,) = torch.autograd.grad(made().images(variables), variables, gradient)
    torch.testing.assert_close(found[:, 0], gradient)
    expected = SHARE * coarse(gradient, LONGEST)
    torch.testing.assert_close(found[:, 1], expected, atol=1e-3, rtol=1e-4)


def test_light_that_a_code_hardly_asks_for_is_found():
    """The code has a twentieth of long waves, and all of the others."""
    picture = 128 + 60 * torch.sin(torch.arange(36) / 9.0).expand(1, *SHAPE)
    picture = picture + START[:1] / 4

    def edges(images):
        return images - 0.95 * coarse(images, LONGEST)

    apart = {}
    for name in ("pixels", "grounded-pixels"):
        solver = fast(steps=60, parameterisation=name, smoothing=0)
        found = invert(edges, edges(picture), shape=SHAPE, solver=solver, prior=Prior())
        difference = found.preimage - picture
        apart[name] = float(coarse(difference, LONGEST).square().mean().sqrt())
    assert apart["grounded-pixels"] < 0.5 * apart["pixels"]
