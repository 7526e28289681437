"""Values with a given derivative: what is shown, what comes back, and to whom."""

import torch

from stages.representations.surrogate import with_gradient

VALUES = torch.tensor([-2.0, 0.5, 3.0])
DERIVATIVE = torch.tensor([0.25, 1.0, 0.0])


def test_the_shown_values_come_out_and_the_slope_comes_back():
    values = VALUES.clone().requires_grad_()
    shown = with_gradient(values, VALUES.sign(), DERIVATIVE)
    (gradient,) = torch.autograd.grad(
        (shown * torch.tensor([1.0, 2.0, 4.0])), values, torch.ones(3)
    )
    assert shown.tolist() == [-1.0, 1.0, 1.0]
    assert gradient.tolist() == [0.25, 2.0, 0.0]


def test_what_is_shown_may_be_changed_in_place_afterwards():
    values, rectified = VALUES.clone().requires_grad_(), VALUES.relu()
    shown = with_gradient(values, rectified, DERIVATIVE).mul_(2)
    (gradient,) = torch.autograd.grad(shown.sum(), values)
    assert shown.tolist() == [0.0, 1.0, 6.0]
    assert rectified.tolist() == [0.0, 0.5, 3.0]
    assert gradient.tolist() == [0.5, 2.0, 0.0]


def test_no_gradient_goes_to_the_shown_values_or_the_slope():
    parts = [one.clone().requires_grad_() for one in (VALUES, VALUES, DERIVATIVE)]
    with_gradient(*parts).sum().backward()
    assert [part.grad is None for part in parts] == [False, True, True]
