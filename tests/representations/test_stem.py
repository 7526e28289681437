"""The laid-out first convolution against torch's own, and where it is put."""

import pytest
import torch
from torch import nn

from stages.representations.caffenet import CaffeNet
from stages.representations.stem import Stem, with_stem

SMALL = {
    "widths": (8, 12, 12, 12, 8),
    "hidden": (10, 6),
    "classes": 5,
    "side": 64,
    "stem": (5, 2, 1),
}


def images(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator, dtype=dtype)


def code_and_gradient(phi, x):
    x = x.clone().requires_grad_()
    code = phi(x)
    (gradient,) = torch.autograd.grad((code * images(*code.shape, seed=1)).sum(), x)
    return code.detach(), gradient


def convolution(kernel, stride, padding, bias=True):
    torch.manual_seed(0)
    made = nn.Conv2d(3, 5, kernel, stride, padding, bias=bias).double()
    return made.requires_grad_(False)


@pytest.mark.parametrize("side", [(23, 23), (24, 31)])
@pytest.mark.parametrize(
    "form", [(11, 4, 2), (11, 4, 0), (5, 2, 1), (4, 2, 1), (3, 2, 2), (2, 3, 0)]
)
def test_code_and_gradient_are_those_of_the_convolution(form, side):
    plain, x = convolution(*form), images(2, 3, *side)
    expected = code_and_gradient(plain, x)
    torch.testing.assert_close(code_and_gradient(Stem(plain), x), expected)


def test_in_a_lower_precision_the_gradient_is_nearly_the_same():
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 8, 5, 2, 1).requires_grad_(False)
    images = torch.randn(2, 3, 12, 12, requires_grad=True)
    towards = torch.randn(2, 8, 5, 5)
    (exact,) = torch.autograd.grad(convolution(images), images, towards)
    with torch.autocast("cpu", torch.bfloat16):
        code = Stem(convolution)(images)
    (rough,) = torch.autograd.grad(code.float(), images, towards)
    assert (code.dtype, rough.dtype) == (torch.bfloat16, torch.float32)
    assert 0 < (rough - exact).norm() < 0.01 * exact.norm()


def test_the_gradient_by_differences():
    plain = convolution(5, 2, 1, bias=False)
    x = images(1, 3, 9, 8).requires_grad_()
    assert torch.autograd.gradcheck(Stem(plain), (x,))


def test_a_network_with_a_stem_gives_the_same_codes_and_gradients():
    network = CaffeNet(**SMALL).double()
    quick = with_stem(network)
    assert isinstance(quick.stack.conv1, Stem)
    assert not isinstance(network.stack.conv1, Stem)
    x = 255 * images(2, 3, 64, 64)
    for layer in ("conv1", "norm1", "relu4", "fc8"):
        expected = code_and_gradient(network.cut(layer), x)
        found = code_and_gradient(quick.cut(layer), x)
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("layer", ["conv1", "norm1", "conv3", "fc8"])
def test_codes_and_gradients_do_not_depend_on_the_company(layer):
    phi = with_stem(CaffeNet(**SMALL)).cut(layer)
    x = 255 * images(4, 3, 64, 64, dtype=torch.float32)
    other = x.flip(0)
    other[:3] *= 0.5
    found = []
    for batch, place in ((x, 0), (other, 3)):
        batch = batch.clone().requires_grad_()
        code = phi(batch)
        (gradient,) = torch.autograd.grad(code.square().sum(), batch)
        found.append((code[place].detach(), gradient[place]))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def test_a_cut_of_a_network_with_a_stem_sees_what_the_network_sees():
    network = CaffeNet(**SMALL)
    quick = with_stem(network)
    for layer in network.layers:
        assert quick.geometry(layer) == network.geometry(layer)
    assert quick.state_dict().keys() == network.state_dict().keys()


def test_making_a_stem_draws_no_random_numbers():
    plain = convolution(5, 2, 1)
    torch.manual_seed(3)
    Stem(plain)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(torch.rand(1), drawn)


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 1},
        {"stride": 2, "dilation": 2},
        {"stride": 2, "padding_mode": "circular"},
        {"stride": (2, 1)},
        {"stride": 2, "padding": 3},
        {"stride": 2, "groups": 3},
    ],
)
def test_other_convolutions_stay_what_they_are(options):
    network = nn.Sequential(nn.Conv2d(3, 6, 3, **options), nn.ReLU())
    assert not isinstance(with_stem(network)[0], Stem)


def test_a_convolution_of_many_channels_stays_what_it_is():
    network = nn.Sequential(nn.Conv2d(8, 6, 3, 2))
    assert not isinstance(with_stem(network)[0], Stem)
