"""Rectifiers with a surrogate gradient: the same values, their slope told by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from stages.preimage.surrogate_gradient import asleep, leaking

VALUES = torch.tensor([-3.0, -0.5, 0.0, 0.5, 3.0])


def relu_in_place(values):
    # Returns nothing: who calls it goes on with what it changed.
    rectified = values * 1
    rectified.relu_()
    return rectified


def positional_in_place(values):
    rectified = values * 1
    functional.relu(rectified, True)
    return rectified


RELUS = {
    "module": nn.ReLU(),
    "module in place": lambda values: nn.ReLU(inplace=True)(values * 1),
    "functional": functional.relu,
    "functional by name": lambda values: functional.relu(input=values),
    "functional in place": positional_in_place,
    "torch": torch.relu,
    "torch in place": lambda values: torch.relu_(values * 1),
    "method": lambda values: values.relu(),
    "method in place": relu_in_place,
}


def slope(relu, share):
    values = VALUES.clone().requires_grad_()
    with leaking(share):
        found = relu(values)
    # The gradient is taken outside: what counts is how the code was computed.
    (gradient,) = torch.autograd.grad(found.sum(), values)
    return found.detach(), gradient


@pytest.mark.parametrize("name", RELUS)
def test_values_stay_and_the_share_passes_where_they_are_0(name):
    found, gradient = slope(RELUS[name], 0.25)
    assert torch.equal(found, VALUES.clamp(min=0))
    assert gradient.tolist() == [0.25, 0.25, 0.25, 1.0, 1.0]


@pytest.mark.parametrize("name", RELUS)
def test_without_a_share_it_is_the_relu_itself(name):
    _, gradient = slope(RELUS[name], 0.0)
    assert gradient.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_outside_nothing_leaks():
    with leaking(0.25):
        pass
    values = VALUES.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(values.relu().sum(), values)
    assert gradient.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]


# What rectifies in another way: its slope at VALUES by hand, None where it leaks.
OTHERS = {
    "relu6": (nn.ReLU6(), [None, None, None, 1.0, 1.0]),
    "relu6 in place": (
        lambda values: functional.relu6(values * 1, True),
        [None, None, None, 1.0, 1.0],
    ),
    "hardtanh": (nn.Hardtanh(0, 1), [None, None, None, 1.0, None]),
    "hardtanh by position": (
        lambda values: functional.hardtanh(values * 1, -1.0, 1.0, True),
        [None, 1.0, 1.0, 1.0, None],
    ),
    "hardtanh in place": (
        lambda values: functional.hardtanh_(values * 1, -1.0, 1.0),
        [None, 1.0, 1.0, 1.0, None],
    ),
    # x (x + 3) / 6 between -3 and 3.
    "hard swish": (
        lambda values: functional.hardswish(values - 0.5),
        [None, 1 / 6, 1 / 3, 1 / 2, 4 / 3],
    ),
    "hard sigmoid": (nn.Hardsigmoid(), [None, 1 / 6, 1 / 6, 1 / 6, None]),
    "threshold": (nn.Threshold(0.6, 5.0), [None, None, None, None, 1.0]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_rectifies_keeps_its_values_and_leaks_where_it_is_flat(name):
    rectifier, slopes = OTHERS[name]
    found, gradient = slope(rectifier, 0.25)
    expected, own = slope(rectifier, 0.0)
    assert torch.equal(found, expected)
    by_hand = [0.25 if one is None else one for one in slopes]
    assert gradient.tolist() == pytest.approx(by_hand)
    assert own.tolist() == pytest.approx([one or 0.0 for one in slopes])


def test_other_functions_keep_their_gradient():
    values = VALUES.clone().requires_grad_()
    with leaking(0.25):
        found = values.clamp(min=0) + values.abs().clamp(max=0.1)
    (gradient,) = torch.autograd.grad(found.sum(), values)
    assert gradient[:2].tolist() == [0.0, 0.0]


def test_the_layout_and_the_precision_of_the_gradient_are_those_of_the_code():
    codes = torch.randn(2, 8, 4, 4).to(memory_format=torch.channels_last)
    codes = codes.bfloat16().requires_grad_()
    with leaking(0.25):
        found = codes.relu()
    (gradient,) = torch.autograd.grad(found, codes, torch.ones_like(found))
    assert gradient.is_contiguous(memory_format=torch.channels_last)
    assert gradient.dtype == torch.bfloat16


def test_asleep_are_jobs_that_have_a_distance_and_no_gradient():
    gradient = torch.zeros(4, 1, 2, 2)
    gradient[0, 0, 1, 1], gradient[1, 0, 0, 0] = 1e-30, -1e-30
    data = torch.tensor([1.0, 1.0, 1.0, 0.0])
    assert asleep(data, gradient).tolist() == [False, False, True, False]


def test_a_silenced_unit_is_woken():
    # One unit, silent at the start: its target is 1, and nothing else pulls it there.
    weight, value = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    for share, woken in ((0.0, False), (0.2, True)):
        x = value.clone()
        for _ in range(50):
            x = x.detach().requires_grad_()
            with leaking(share):
                code = functional.relu(x @ weight)
            (gradient,) = torch.autograd.grad((code - 1).square().sum(), x)
            x = x - 0.1 * gradient
        assert bool((x @ weight > 0.9).all()) is woken
