"""CaffeNet at full size on a device without memory, and small with numbers."""

import pytest
import torch
from torch import nn
from torch.nn.functional import local_response_norm

from stages.representations.caffenet import (
    LAYERS,
    LRN_ALPHA,
    CaffeNet,
    LocalResponseNorm,
)
from stages.representations.receptive_field import field, footprint

SMALL = {
    "widths": (8, 12, 12, 12, 8),
    "hidden": (10, 6),
    "classes": 5,
    "side": 64,
    "stem": (5, 2, 1),
    "mean": (120.0, 110.0, 100.0),
}

# The paper's table 2 and the network's definition: channels, side, field, stride.
FULL_SIZE = {
    ("conv1", "relu1"): (96, 55, 11, 4),
    ("pool1", "norm1"): (96, 27, 19, 8),
    ("conv2", "relu2"): (256, 27, 51, 8),
    ("pool2", "norm2"): (256, 13, 67, 16),
    ("conv3", "relu3"): (384, 13, 99, 16),
    ("conv4", "relu4"): (384, 13, 131, 16),
    ("conv5", "relu5"): (256, 13, 163, 16),
    ("pool5",): (256, 6, 195, 32),
    ("fc6", "relu6"): (4096, 1, 355, 32),
    ("fc7", "relu7"): (4096, 1, 355, 32),
    ("fc8",): (1000, 1, 355, 32),
}


@pytest.fixture(scope="module")
def full_size():
    """Return the paper's network with the sizes of its weights but no numbers."""
    with torch.device("meta"):
        return CaffeNet()


@pytest.fixture
def small():
    return CaffeNet(**SMALL)


def colours(n, side=64, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(n, 3, side, side, generator=generator) * 255).to(dtype)


def outputs(network, images):
    """Return the output of every module, as hooks of the full network see them."""
    seen = {}
    for name, module in network.stack.named_children():
        module.register_forward_hook(
            lambda module, inputs, codes, name=name: seen.update({name: codes})
        )
    network(images)
    return seen


@pytest.mark.parametrize(("layers", "expected"), FULL_SIZE.items())
def test_geometry_at_full_size_is_the_papers_table(full_size, layers, expected):
    images = torch.zeros(1, 3, 227, 227, device="meta")
    for layer in layers:
        code, seen = full_size.cut(layer)(images), full_size.geometry(layer)
        assert code.shape[2] == code.shape[3]
        assert (code.shape[1], code.shape[2], seen.size, seen.stride) == expected


def test_the_papers_network_has_twenty_layers_and_its_published_size(full_size):
    assert [name for names in FULL_SIZE for name in names] == list(LAYERS)
    assert full_size.layers == LAYERS
    assert len(LAYERS) == 20
    # conv2, conv4 and conv5 see half of the channels: two groups.
    weights = {
        "conv1": 96 * 3 * 11**2,
        "conv2": 256 * 48 * 5**2,
        "conv3": 384 * 256 * 3**2,
        "conv4": 384 * 192 * 3**2,
        "conv5": 256 * 192 * 3**2,
        "fc6": 4096 * 256 * 6**2,
        "fc7": 4096 * 4096,
        "fc8": 1000 * 4096,
    }
    found = {n.split(".")[1]: p.numel() for n, p in full_size.named_parameters()
             if n.endswith("weight")}  # fmt: skip
    assert found == weights


@pytest.mark.parametrize(
    ("layer", "shape"),
    # (64 + 2 - 5) / 2 + 1 = 31, (31 - 3) / 2 + 1 = 15, then 7 and 3.
    [
        ("conv1", (8, 31, 31)),
        ("norm1", (8, 15, 15)),
        ("relu2", (12, 15, 15)),
        ("conv5", (8, 7, 7)),
        ("pool5", (8, 3, 3)),
        ("fc6", (10, 1, 1)),
        ("fc8", (5, 1, 1)),
    ],
)
def test_small_network_gives_codes_of_this_shape(small, layer, shape):
    assert small.cut(layer)(colours(2)).shape == (2, *shape)


@pytest.mark.parametrize("channels", [3, 5, 16])
def test_normalisation_equals_torchs(channels):
    codes = torch.randn(2, channels, 4, 3, dtype=torch.float64) * 100
    expected = local_response_norm(codes, 5, alpha=1e-4, beta=0.75, k=1)
    ours = LocalResponseNorm(channels).double()(codes)
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=0)
    assert (ours - codes).abs().max() > 1
    in_float32 = LocalResponseNorm(channels)(codes.float())
    torch.testing.assert_close(in_float32, expected.float())


def test_normalisation_and_its_gradient_equal_the_definition_in_loops():
    codes = torch.randn(1, 7, 2, 2, dtype=torch.float64) * 100
    ours, theirs = codes.clone().requires_grad_(), codes.clone().requires_grad_()
    channels = []
    for k in range(7):
        near = theirs[:, max(k - 2, 0) : k + 3].square().sum(dim=1)
        channels.append(theirs[:, k] / (1 + LRN_ALPHA / 5 * near) ** 0.75)
    expected = torch.stack(channels, dim=1)
    # The banded matrix is kept in float32, which rounds its zeros and ones exactly.
    found = LocalResponseNorm(7)(ours)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    slope = torch.randn(1, 7, 2, 2, dtype=torch.float64)
    torch.testing.assert_close(
        torch.autograd.grad(found, ours, slope),
        torch.autograd.grad(expected, theirs, slope),
        rtol=1e-11,
        atol=1e-12,
    )


def test_normalisation_passes_gradcheck_at_zeros_too():
    codes = torch.randn(1, 6, 2, 2, dtype=torch.float64) * 50
    codes[:, :3] = 0
    assert torch.autograd.gradcheck(LocalResponseNorm(6), codes.requires_grad_())


@pytest.mark.parametrize(
    ("before", "layer"), [("norm1", "conv2"), ("relu3", "conv4"), ("relu4", "conv5")]
)
def test_second_half_of_the_channels_is_another_stream(small, before, layer):
    # LRN mixes the halves' neighbours: the groups are those of the convolution alone.
    codes = small.cut(before)(colours(1))
    convolution = small.stack.get_submodule(layer)
    half, halves = codes.shape[1] // 2, convolution.out_channels // 2
    changed = codes.clone()
    changed[:, half:] += 7
    difference = (convolution(changed) - convolution(codes)).abs().amax(dim=(0, 2, 3))
    assert difference[:halves].max() == 0
    assert difference[halves:].min() > 0


def test_second_half_of_conv1_moves_the_first_of_conv2_by_normalisation_alone(small):
    images = colours(1)
    before = small.cut("conv2")(images)
    small.stack.get_submodule("norm1").alpha = 0.0
    alone = small.cut("conv2")(images)
    conv1 = small.stack.get_submodule("conv1")
    conv1.weight[4:] *= 3
    assert (before - alone).abs().max() > 0
    difference = (small.cut("conv2")(images) - alone).abs().amax(dim=(0, 2, 3))
    assert difference[:6].max() == 0
    assert difference[6:].min() > 0


@pytest.mark.parametrize("layer", LAYERS)
def test_cut_equals_what_a_hook_sees_in_the_whole_network(small, layer):
    images = colours(2)
    torch.testing.assert_close(
        small.cut(layer)(images), outputs(small, images)[layer], rtol=0, atol=0
    )


@pytest.mark.parametrize("layer", ["conv1", "relu2", "pool5", "fc7"])
def test_cut_computes_nothing_beyond_the_layer(small, layer):
    later = LAYERS[LAYERS.index(layer) + 1 :]

    def poison(module, inputs):
        raise AssertionError(f"{module} was computed")

    for name in later:
        small.stack.get_submodule(name).register_forward_pre_hook(poison)
    cut = small.cut(layer)
    cut(colours(1))
    assert cut.layers == LAYERS[: LAYERS.index(layer) + 1]
    assert not set(later) & {name for name, _ in cut.stack.named_children()}
    with pytest.raises(AssertionError, match="was computed"):
        small(colours(1))


def test_convolutions_are_not_rectified_in_place(small):
    assert not any(m.inplace for m in small.modules() if isinstance(m, nn.ReLU))
    seen = outputs(small, colours(2))
    for layer in LAYERS:
        if layer.startswith(("conv", "fc")):
            assert seen[layer].min() < 0, layer
            rectified = seen.get(f"relu{layer[-1]}")
            assert rectified is None or rectified.min() == 0


def test_weights_are_frozen_and_the_pixels_have_a_gradient(small):
    assert not any(weight.requires_grad for weight in small.parameters())
    assert not small.training
    for layer in ("conv1", "norm2", "fc8"):
        cut = small.cut(layer)
        assert not any(weight.requires_grad for weight in cut.parameters())
        images = colours(1).requires_grad_()
        cut(images).square().sum().backward()
        assert images.grad.isfinite().all()
        assert images.grad.abs().max() > 0


def test_gradient_equals_finite_differences():
    tiny = CaffeNet(**{**SMALL, "widths": (4, 4, 4, 4, 4), "side": 32}).double()
    images = colours(1, 32, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(tiny, images, eps=1e-4, fast_mode=True)


@pytest.mark.parametrize("shape", [(1, 3, 64, 63), (2, 3, 65, 65), (1, 3, 32, 32)])
def test_image_of_another_side_is_refused(small, shape):
    with pytest.raises(ValueError, match=r"must be 64 x 64 pixels, got .*" + str(
        shape).replace("(", r"\(").replace(")", r"\)")):  # fmt: skip
        small.cut("conv1")(torch.zeros(shape))


@pytest.mark.parametrize("channels", [1, 4])
def test_image_that_is_not_rgb_is_refused(small, channels):
    with pytest.raises(ValueError, match=rf"3 channel\(s\), got .*\(1, {channels}, 64"):
        small(torch.zeros(1, channels, 64, 64))


def test_unknown_layer_is_refused(small):
    with pytest.raises(ValueError, match=r"one of conv1, relu1.*fc8; got 'conv9'"):
        small.cut("conv9")
    with pytest.raises(ValueError, match="got 'conv9'"):
        small.geometry("conv9")


def test_layer_beyond_a_cut_is_refused(small):
    cut = small.cut("relu2")
    assert cut.cut("conv1")(colours(1)).shape == (1, 8, 31, 31)
    for ask in (cut.cut, cut.geometry):
        with pytest.raises(ValueError, match=r"norm1, conv2, relu2; got 'conv3'"):
            ask("conv3")


@pytest.mark.parametrize("layer", ["conv1", "pool1", "conv2", "pool2", "conv3"])
def test_field_equals_the_footprint_of_the_gradient(layer):
    # Wide enough that the field of the centre lies inside; dense enough in channels
    # that no maximum hides a pixel from all images.
    network = CaffeNet(**{**SMALL, "side": 95})
    cut, images = network.cut(layer), colours(24, 95)
    centre = cut(images[:1]).shape[2] // 2
    window = (centre, centre + 1, centre, centre + 1)
    expected = field(network.geometry(layer), window, 95, 95)
    assert expected[1] - expected[0] == network.geometry(layer).size
    assert footprint(cut, images, centre, centre) == expected


def test_geometry_of_the_small_network_by_hand(small):
    # Field: 5, + 2 * 2 = 9, + 4 * 4 = 25, + 2 * 4 = 33; offset: -1, - 2 * 4 = -9.
    first, second = small.geometry("conv1"), small.geometry("norm2")
    assert (first.stride, first.size, first.offset) == (2, 5, -1)
    assert (second.stride, second.size, second.offset) == (8, 33, -9)


def test_seed_alone_decides_the_random_weights():
    torch.manual_seed(1)
    one = CaffeNet(**SMALL, seed=3).state_dict()
    torch.manual_seed(2)
    same = CaffeNet(**SMALL, seed=3).state_dict()
    other = CaffeNet(**SMALL, seed=4).state_dict()
    for name, weight in one.items():
        assert torch.equal(weight, same[name])
        if name.endswith("weight"):
            assert not torch.equal(weight, other[name])


def test_random_weights_have_the_scale_of_he():
    network = CaffeNet(**{**SMALL, "hidden": (500, 400)})
    weight = network.stack.get_parameter("fc6.weight")
    # 8 channels of 3 x 3 cells go in: sqrt(2 / 72) = 0.1667.
    assert weight.std().item() == pytest.approx(0.1667, rel=0.02)
    assert network.stack.get_parameter("fc6.bias").abs().max() == 0


def test_mean_colour_is_subtracted_inside(small):
    mean = torch.tensor(SMALL["mean"])[:, None, None]
    flat = mean.expand(1, 3, 64, 64)
    # Biases are 0: the mean colour is the image without a code.
    assert small(flat.contiguous()).abs().max() == 0
    without = CaffeNet(**{**SMALL, "mean": (0.0, 0.0, 0.0)})
    images = colours(1)
    torch.testing.assert_close(small(images), without(images - mean))


def test_mean_of_whole_numbers_serves_as_well():
    whole = CaffeNet(**{**SMALL, "mean": (120, 110, 100)})
    assert torch.equal(whole(colours(1)), CaffeNet(**SMALL)(colours(1)))


def test_cut_leaves_the_network_as_it_was(small):
    images = colours(1)
    before, names = small(images), list(small.state_dict())
    small.cut("conv2")
    assert list(small.state_dict()) == names
    assert small.layers == LAYERS
    assert torch.equal(small(images), before)


@pytest.mark.parametrize("move", ["double", "meta"])
def test_moving_a_cut_does_not_move_the_network(small, move):
    images = colours(1)
    before = small(images)
    cut = small.cut("conv2")
    cut.double() if move == "double" else cut.to("meta")
    assert all(p.dtype == torch.float32 for p in small.parameters())
    assert all(t.device.type == "cpu" for t in (*small.parameters(), *small.buffers()))
    assert torch.equal(small(images), before)


def test_moving_the_network_does_not_move_its_cut(small):
    images = colours(1)
    cut = small.cut("norm1")
    before = cut(images)
    small.double()
    assert torch.equal(cut(images), before)


def test_cut_shares_the_memory_of_the_weights(small):
    cut = small.cut("conv1").stack.get_parameter("conv1.weight")
    assert cut.data_ptr() == small.stack.get_parameter("conv1.weight").data_ptr()


def test_shapes_of_all_layers_are_those_of_each_and_copy_no_number(small, monkeypatch):
    each = {layer: small.code_shape(layer, 64) for layer in LAYERS}
    monkeypatch.setattr(torch.Tensor, "clone", lambda *_: pytest.fail("copied"))
    assert small.shapes(64) == each
    assert each["fc8"] == (5, 1, 1)
    assert {one.device.type for one in small.parameters()} == {"cpu"}


def test_shapes_are_asked_of_images_of_the_network_s_own_side(small):
    with pytest.raises(ValueError, match="must be 64 x 64 pixels"):
        small.shapes(63)
