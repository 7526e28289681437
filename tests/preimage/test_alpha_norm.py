"""The alpha-norm against sums by hand, autograd and gradcheck."""

import pytest
import torch
from torch.autograd import gradcheck

from stages.preimage.alpha_norm import alpha_norm, alpha_norm_and_gradient


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_alpha_norm_of_known_values():
    # 1^6 + 2^6 + 0 + 3^6 = 1 + 64 + 729 = 794
    x = torch.tensor([[[[1.0, -2.0], [0.0, 3.0]]]])
    assert alpha_norm(x, alpha=6).tolist() == [794.0]


@pytest.mark.parametrize("alpha", [1.0, 2.0, 3.0, 3.5, 4.0, 6.0, 20.0])
def test_alpha_norm_is_the_sum_of_absolute_powers(alpha):
    x = images(3, 2, 4, 5)
    expected = [sum(abs(v) ** alpha for v in one.flatten().tolist()) for one in x]
    torch.testing.assert_close(
        alpha_norm(x, alpha=alpha), torch.tensor(expected).double()
    )


def test_alpha_norm_ignores_the_sign_at_odd_exponents():
    x = images(2, 1, 3, 3)
    assert torch.equal(alpha_norm(x, alpha=3), alpha_norm(-x, alpha=3))


def test_alpha_norm_of_colours_takes_the_norm_of_a_pixel():
    # |(3, 4)| = 5 and |(0, 2)| = 2: 5^6 + 2^6 = 15625 + 64
    x = torch.tensor([[[[3.0, 0.0]], [[4.0, 2.0]]]])
    assert alpha_norm(x, alpha=6, of_colours=True).tolist() == [15689.0]
    with pytest.raises(ValueError, match="must be at least 2 for colours"):
        alpha_norm(x, alpha=1.5, of_colours=True)


def test_alpha_below_one_is_refused():
    with pytest.raises(ValueError, match=r"`alpha` must be at least 1.*got 0\.5"):
        alpha_norm(images(1, 1, 2, 2), alpha=0.5)


@pytest.mark.parametrize("alpha", [1.0, 3.0, 6.0])
def test_alpha_norm_gradient(alpha):
    x = images(2, 1, 4, 3).requires_grad_()
    assert gradcheck(lambda x: alpha_norm(x, alpha=alpha), (x,))


def by_autograd(prior, x):
    x = x.clone().requires_grad_()
    value = prior(x)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), gradient


@pytest.mark.parametrize("of_colours", [False, True])
@pytest.mark.parametrize("alpha", [2.0, 3.0, 3.5, 4.0, 6.0, 20.0])
def test_the_gradient_of_the_alpha_norm_is_that_of_autograd(alpha, of_colours):
    x = images(3, 2, 4, 5)
    options = {"alpha": alpha, "of_colours": of_colours}
    expected = by_autograd(lambda x: alpha_norm(x, **options), x)
    torch.testing.assert_close(alpha_norm_and_gradient(x, **options), expected)


@pytest.mark.parametrize("side", range(27, 33))
@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0, 3.0, 4.5, 6.0])
def test_bits_do_not_depend_on_the_place_in_the_batch(exponent, side):
    generator = torch.Generator().manual_seed(0)
    x = 255 * torch.rand(5, 1, side, side, generator=generator) - 110
    forwards = alpha_norm_and_gradient(x, alpha=exponent)
    backwards = alpha_norm_and_gradient(x.flip(0), alpha=exponent)
    for left, right in zip(forwards, backwards, strict=True):
        assert torch.equal(left, right.flip(0))


def test_a_gradient_of_known_values():
    # 6 * 1^5 and 6 * (-2)^5.
    x = torch.tensor([[[[1.0, -2.0]]]])
    assert alpha_norm_and_gradient(x, alpha=6)[1].tolist() == [[[[6.0, -192.0]]]]


def test_the_gradient_leaves_the_image_as_it_is():
    x = images(2, 3, 4, 4)
    before = x.clone()
    alpha_norm_and_gradient(x, alpha=6)
    assert torch.equal(x, before)


def test_the_gradient_refuses_what_the_norm_refuses():
    with pytest.raises(ValueError, match=r"`alpha` must be at least 1.*got 0\.5"):
        alpha_norm_and_gradient(images(1, 1, 2, 2), alpha=0.5)
