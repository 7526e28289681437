"""Pixels: the images themselves, free or inside their range."""

import torch

from stages.preimage.parameterisations.pixels import Free, Pixels
from stages.preimage.start import noise

SHAPE = (3, 16, 12)
START = torch.stack([noise(SHAPE, seed) for seed in range(4)])
LOW, HIGH = torch.full((3, 1, 1), -100.0), torch.full((3, 1, 1), 50.0)


def test_pixels_are_the_images_and_stay_in_range():
    pixels = Pixels(LOW, HIGH, SHAPE)
    assert torch.equal(pixels.images(pixels.variables(START)), START)
    inside = pixels.project(START * 10)
    assert (inside.min(), inside.max()) == (-100, 50)


def test_free_pixels_have_no_range():
    assert torch.equal(Free().images(START), START)
    assert torch.equal(Free().project(START * 10), START * 10)
