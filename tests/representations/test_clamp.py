import pytest
import torch

from stages.representations.clamp import CLAMP, clamped

VALUES = torch.tensor([0.0, 0.1, CLAMP, 0.3, 5.0], dtype=torch.float64)


def slope(values, leak):
    """Return the derivative of each clamped value by itself."""
    values = values.clone().requires_grad_()
    clamped(values, leak).sum().backward()
    return values.grad


@pytest.mark.parametrize("leak", [0.0, 0.25, 1.0])
def test_values_are_those_of_the_clamp_whatever_leaks(leak):
    assert torch.equal(clamped(VALUES, leak), VALUES.clamp(max=CLAMP))


@pytest.mark.parametrize("leak", [0.25, 1.0])
def test_leak_is_the_slope_above_the_clamp_alone(leak):
    expected = torch.tensor([1.0, 1.0, 1.0, leak, leak], dtype=torch.float64)
    assert torch.equal(slope(VALUES, leak), expected)


def test_without_leak_nothing_passes_above_the_clamp():
    assert slope(VALUES, 0.0)[3:].tolist() == [0.0, 0.0]


def test_value_that_is_no_number_stays_none_and_alone():
    values = torch.tensor([float("nan"), 0.1])
    found = clamped(values, 0.5)
    assert found[0].isnan()
    assert found[1] == values[1]


def test_descent_on_the_leaking_gradient_leaves_the_flat_part():
    target, value = torch.tensor(0.15), torch.tensor(0.5)
    for _ in range(100):
        value.requires_grad_()
        loss = (clamped(value, 1.0) - target).square()
        (gradient,) = torch.autograd.grad(loss, value)
        value = value.detach() - gradient / 4
    assert value == pytest.approx(0.15, abs=1e-5)
