"""TV against sums by hand, loops from the formula, autograd and gradcheck."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from stages.preimage.coarse_waves import coarse, without_coarse
from stages.preimage.prior_term import Jobs
from stages.preimage.total_variation import (
    TotalVariation,
    tv_beta,
    tv_beta_and_gradient,
)


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def loop_tv(image: torch.Tensor, beta: float) -> float:
    """Sum over pixels of (dx^2 + dy^2)^(beta/2), replicated edge."""
    total = 0.0
    for channel in image.tolist():
        height, width = len(channel), len(channel[0])
        for row in range(height):
            for col in range(width):
                here = channel[row][col]
                dx = channel[row][min(col + 1, width - 1)] - here
                dy = channel[min(row + 1, height - 1)][col] - here
                total += (dx * dx + dy * dy) ** (beta / 2)
    return total


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 3.0])
def test_tv_equals_the_double_loop(beta):
    x = images(2, 3, 5, 4)
    expected = torch.tensor([loop_tv(one, beta) for one in x], dtype=torch.float64)
    torch.testing.assert_close(tv_beta(x, beta=beta), expected)


def test_tv_of_a_step_edge():
    # Two columns 0 and 10, four rows: dx = 10 in each row, all else 0.
    x = torch.tensor([[[[0.0, 10.0]] * 4]])
    assert tv_beta(x, beta=2).tolist() == [4 * 100.0]
    assert tv_beta(x, beta=1).tolist() == [4 * 10.0]


@given(st.floats(-100, 100), st.sampled_from([1.0, 2.0]))
def test_tv_ignores_a_constant_offset(offset, beta):
    x = images(1, 2, 4, 4)
    torch.testing.assert_close(tv_beta(x + offset, beta=beta), tv_beta(x, beta=beta))


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0, 3.0])
def test_tv_gradient(beta):
    x = images(2, 1, 4, 3).requires_grad_()
    assert gradcheck(lambda x: tv_beta(x, beta=beta), (x,))


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_tv_gradient_on_a_flat_image_is_zero_not_nan(beta):
    x = torch.full((1, 1, 4, 4), 7.0, requires_grad=True)
    tv_beta(x, beta=beta).sum().backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


def test_tv_gradient_keeps_the_authors_floor():
    # One step of 1e-6 at beta 1: norm 1e-6 is below 1e-5, so the slope is d / 1e-5.
    x = torch.tensor([[[[0.0, 1e-6]]]], dtype=torch.float64, requires_grad=True)
    tv_beta(x, beta=1).sum().backward()
    torch.testing.assert_close(x.grad.flatten().tolist(), [-0.1, 0.1])


def test_tv_refuses_a_beta_of_zero():
    with pytest.raises(ValueError, match=r"`beta` must be positive, got 0"):
        tv_beta(images(1, 1, 2, 2), beta=0)


def by_autograd(prior, x):
    x = x.clone().requires_grad_()
    value = prior(x)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), gradient


@pytest.mark.parametrize("shape", [(3, 2, 4, 5), (2, 1, 1, 3), (2, 1, 3, 1)])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 3.0])
def test_the_gradient_of_tv_is_that_of_autograd(beta, shape):
    x = images(*shape)
    expected = by_autograd(lambda x: tv_beta(x, beta=beta), x)
    torch.testing.assert_close(tv_beta_and_gradient(x, beta=beta), expected)


@pytest.mark.parametrize("side", range(27, 33))
@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0, 3.0, 4.5, 6.0])
def test_bits_do_not_depend_on_the_place_in_the_batch(exponent, side):
    generator = torch.Generator().manual_seed(0)
    x = 255 * torch.rand(5, 1, side, side, generator=generator) - 110
    forwards = tv_beta_and_gradient(x, beta=exponent)
    backwards = tv_beta_and_gradient(x.flip(0), beta=exponent)
    for left, right in zip(forwards, backwards, strict=True):
        assert torch.equal(left, right.flip(0))


def test_a_gradient_of_known_values():
    # Columns 0, 1, 3 have the differences 1 and 2: -2 * 1, 2 * (1 - 2), 2 * 2.
    x = torch.tensor([[[[0.0, 1.0, 3.0]]]])
    assert tv_beta_and_gradient(x, beta=2)[1].tolist() == [[[[-2.0, -2.0, 4.0]]]]


def test_the_gradient_leaves_the_image_as_it_is():
    x = images(2, 3, 4, 4)
    before = x.clone()
    tv_beta_and_gradient(x, beta=2)
    assert torch.equal(x, before)


def test_the_gradient_refuses_what_tv_refuses():
    with pytest.raises(ValueError, match=r"`beta` must be positive, got 0"):
        tv_beta_and_gradient(images(1, 1, 2, 2), beta=0)


def term(longest_wave: float = 0.0, beta: float = 2.0) -> TotalVariation:
    jobs = Jobs(norm=10.0, mean=torch.zeros(2, 1, 1))
    return TotalVariation(torch.tensor([0.5, 3.0]), jobs, beta, longest_wave)


def test_beside_a_denoiser_tv_is_that_of_the_long_waves():
    x = images(2, 2, 16, 20)
    long, short = coarse(x, 8.0), without_coarse(x, 8.0)
    torch.testing.assert_close(term(8.0).value(x), term().value(long))
    torch.testing.assert_close(term(8.0).value(x + short), term(8.0).value(x))
    assert bool((term(8.0).value(x) < 0.5 * term().value(x)).all())


@pytest.mark.parametrize("beta", [1.0, 2.0])
@pytest.mark.parametrize("longest_wave", [0.0, 8.0])
def test_the_gradient_of_the_term_is_that_of_autograd(beta, longest_wave):
    x, tv = images(2, 2, 16, 20), term(longest_wave, beta)
    value, gradient, factor = tv.value_and_gradient(x, {})
    torch.testing.assert_close((value, gradient * factor), by_autograd(tv.value, x))


def test_only_tv_of_all_waves_sees_detail():
    assert term().sees_detail
    assert not term(8.0).sees_detail
