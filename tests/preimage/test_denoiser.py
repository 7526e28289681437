import copy

import pytest
import torch
from torch import nn

from stages.preimage.denoiser import Denoiser


def drawn(*, dtype=torch.float32, **architecture):
    """Return a denoiser of random weights, none of them zero as at the start."""
    torch.manual_seed(0)
    network = Denoiser(**{"widths": (8, 16, 24), **SMALL, **architecture})
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    network.to(memory_format=torch.channels_last, dtype=dtype)
    return network.requires_grad_(False)


SMALL = {"down": (0, 1, 1), "up": (1, 1, 0)}


def noisy(n, channels, height, width, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, height, width, generator=generator) * 255


def levels(n, seed=2):
    generator = torch.Generator().manual_seed(seed)
    return 2 + 100 * torch.rand(n, generator=generator)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(2, 2), (3, 50), (7, 8), (64, 64), (37, 101)])
def test_images_keep_their_shape_at_any_side(channels, sides):
    images = noisy(2, channels, *sides)
    found = drawn()(images, levels(2))
    assert found.shape == images.shape
    assert found.dtype == torch.float32
    assert found.isfinite().all()


@pytest.mark.parametrize("shape", [(1, 2, 8, 8), (1, 4, 8, 8), (1, 3, 1, 8)])
def test_other_channels_and_single_rows_are_refused_with_the_shape(shape):
    with pytest.raises(ValueError, match=rf"`images` must be grey .*{shape[1]}, "):
        drawn()(torch.zeros(shape), levels(1))


def test_padding_is_the_mirror_image():
    network = drawn()
    images = noisy(1, 3, 21, 30)
    # To 24 and 32, multiples of the stride of 8; the edge itself is not repeated.
    wide = nn.functional.pad(images, (0, 2, 0, 3), mode="reflect")
    assert network.stride == 8
    expected = network(wide, levels(1))[:, :, :21, :30]
    assert torch.equal(network(images, levels(1)), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [2, 3, 8])
def test_bits_of_an_image_depend_on_neither_place_nor_company(dtype, channels, n):
    network = drawn(dtype=dtype)
    images, sigma = noisy(n, channels, 37, 40), levels(n)
    found = network(images, sigma)
    assert torch.equal(network(images, sigma), found)
    order = torch.arange(n).roll(1)
    assert torch.equal(network(images[order], sigma[order]), found[order])
    others, their_levels = noisy(n, channels, 37, 40, seed=9), levels(n, seed=9)
    others[-1], their_levels[-1] = images[0], sigma[0]
    assert torch.equal(network(others, their_levels)[-1], found[0])


def test_layout_of_the_images_changes_no_bit():
    network, images = drawn(), noisy(2, 3, 24, 24)
    other = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(network(other, levels(2)), network(images, levels(2)))


def test_bfloat16_gives_about_the_same():
    exact, rough = drawn(), drawn(dtype=torch.bfloat16)
    images, sigma = noisy(2, 3, 32, 32), torch.tensor([10.0, 50.0])
    found = rough(images, sigma)
    assert found.dtype == torch.float32
    expected = exact(images, sigma)
    error = (found - expected).norm() / (images - expected).norm()
    # bfloat16 has 8 bits: errors of a per cent of what the network takes out.
    assert 0 < error < 0.02


def test_the_level_of_noise_is_seen():
    images = noisy(1, 3, 16, 16)
    network = drawn()
    plain = copy.deepcopy(network)
    plain.head.weight[:, -1] = 0  # blind to the level
    low, high = torch.tensor([10.0]), torch.tensor([60.0])
    for sigma in (low, high):
        assert not torch.equal(network(images, sigma), plain(images, sigma))


@pytest.mark.parametrize("channels", [1, 3])
def test_untrained_network_is_the_identity(channels):
    images = noisy(2, channels, 13, 16)
    assert torch.equal(Denoiser()(images, levels(2)), images)


def test_signals_keep_their_spread_on_the_way_through_an_untrained_network():
    torch.manual_seed(0)
    network, seen = Denoiser().requires_grad_(False), {}
    for name, layer in network.named_modules():
        if name.startswith(("head", "shrink", "grow")):
            layer.register_forward_hook(
                lambda _, __, maps, name=name: seen.update({name: float(maps.std())})
            )
    network(128 + 64 * torch.randn(1, 3, 64, 64), levels(1))
    spreads = [spread for name, spread in seen.items() if name[-1] in "d012"]
    assert len(spreads) == 7
    # Without skips each would be about 1; a skip adds as much again.
    assert all(0.5 < spread < 2.5 for spread in spreads)


def test_grey_goes_in_as_three_equal_channels_and_out_as_their_mean():
    network, grey = drawn(), noisy(2, 1, 16, 16)
    colour = network(grey.repeat(1, 3, 1, 1), levels(2))
    expected = colour.mean(dim=1, keepdim=True)
    torch.testing.assert_close(network(grey, levels(2)), expected)


def test_it_moves_with_the_image_by_its_stride():
    network = drawn().double()
    images, sigma = noisy(1, 3, 192, 192).double(), levels(1).double()
    moved = network(images.roll((8, 16), dims=(2, 3)), sigma)
    # The middle alone: the border is another one, and a layer sees some pixels around.
    found, expected = moved[:, :, 88:104, 96:112], network(images, sigma)
    torch.testing.assert_close(found, expected[:, :, 80:96, 80:96])


def test_gradient_by_the_image_is_finite_and_that_of_a_difference():
    network = drawn().double()
    images = noisy(1, 3, 16, 16).double().requires_grad_()
    sigma = torch.tensor([30.0], dtype=torch.float64)
    direction = torch.randn(images.shape, dtype=torch.float64)
    (slope,) = torch.autograd.grad(network(images, sigma).sum(), images)
    assert slope.isfinite().all()
    with torch.no_grad():
        step = 1e-6 * direction
        up, down = network(images + step, sigma), network(images - step, sigma)
    expected = float((up - down).sum()) / 2e-6
    assert float((slope * direction).sum()) == pytest.approx(expected, rel=1e-4)
