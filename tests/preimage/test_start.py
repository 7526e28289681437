"""The start: the right energy, from image and seed alone."""

import pytest
import torch

from stages.images import reference_norm
from stages.preimage.start import noise


def test_noise_has_the_norm_of_a_natural_image():
    # s = 68.92 * sqrt(3 * 64 * 64) = 7640 at 64x64x3 (the paper's constant, rescaled)
    assert noise((3, 64, 64), 0).norm().item() == pytest.approx(7640, rel=1e-3)
    assert reference_norm((3, 227, 227)) == pytest.approx(27098.1, rel=1e-4)


def test_seed_and_name_decide_alone():
    first = noise((1, 8, 8), 3, "cat")
    torch.manual_seed(1234)
    assert torch.equal(noise((1, 8, 8), 3, "cat"), first)
    assert not torch.equal(noise((1, 8, 8), 4, "cat"), first)
    assert not torch.equal(noise((1, 8, 8), 3, "dog"), first)
