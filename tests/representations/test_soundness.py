"""Networks that cannot be inverted, or say another thing each time, and how."""

import re

import pytest
import torch
from torch import nn
from torch.nn import functional as f

from stages.representations.network import Network
from stages.representations.soundness import ROUNDING, reason_against, stabilities


def images(n=3):
    generator = torch.Generator().manual_seed(0)
    return 255 * torch.rand(n, 3, 8, 8, generator=generator)


def stability(phi, pixels):
    """Return the stability of the only layer."""
    return stabilities(lambda some, take: take("only", phi(some)), pixels)["only"]


def test_a_sound_network_says_the_same_each_time():
    found = stability(nn.Conv2d(3, 4, 3), images())
    assert found.chance == 0
    assert found.company < ROUNDING
    assert found.reason is None


def test_statistics_of_the_batch_are_company():
    def phi(pixels):
        return f.batch_norm(pixels, None, None, training=True)

    found = stability(phi, images())
    assert found.chance == 0
    assert found.company > ROUNDING
    assert "the other pictures of its batch" in found.reason


def test_the_size_of_the_difference_is_relative_to_the_code():
    def phi(pixels):
        return pixels * len(pixels)

    # Three times the code among three: a difference of twice the code.
    assert stability(phi, images()).company == pytest.approx(2)


def test_noise_and_live_dropout_are_chance():
    def phi(pixels):
        return f.dropout(pixels, 0.5, training=True)

    found = stability(phi, images())
    assert found.chance > 0.1
    assert "from run to run" in found.reason


def test_a_code_that_is_not_finite_is_not_stable():
    assert stability(lambda x: x / 0 - x / 0, images()).reason is not None


def test_one_picture_has_no_company():
    with pytest.raises(ValueError, match="at least 2 for company, got 1"):
        stability(nn.Identity(), images(1))


def test_a_sound_code_can_be_inverted():
    assert reason_against(nn.Conv2d(3, 4, 3), images(1)) is None


@pytest.mark.parametrize(
    ("phi", "reason"),
    [
        (lambda x: x.detach() * 2, "no gradient"),
        (lambda x: torch.ones(1, 4, 2, 2, requires_grad=True) * 2, "no gradient"),
        (lambda x: 0 * x, "constant"),
        (lambda x: x / 0, "192 of 192 entries of its code are not finite"),
        (lambda x: (x * 0).sqrt(), "gradient .* is not finite"),
        (lambda x: x.round(), "zero throughout"),
    ],
)
def test_the_reason_against_a_code(phi, reason):
    assert re.search(reason, reason_against(phi, images(1)))


class Careless(nn.Module):
    """Normalises its input in place."""

    def forward(self, x):
        x -= 100
        return x.mul_(0.5)


def test_a_network_that_writes_into_its_input_has_one_of_its_own():
    network = Network(Careless, side=8, mean=(0, 0, 0))
    pixels = images(1)
    before = pixels.clone()
    code = network(pixels)
    assert torch.equal(pixels, before)
    torch.testing.assert_close(code, 0.5 * (before - 100))
    assert reason_against(network, pixels) is None
