"""Any network as a representation: torchvision's, untrained, and small ones."""

from functools import cache, partial

import pytest
import torch
import torchvision
from torch import nn

from stages.plan.costs import costs, costs_of_calls
from stages.preimage import Options, fast, invert
from stages.representations.network import Network
from stages.representations.points import CHANNELS_LAST, MAP, TOKENS, Grid, code_at
from stages.representations.receptive_field import Geometry, field, stack_geometry
from stages.representations.selection import Selection, mask
from stages.representations.zoo import paper_names

MEAN, STD = (124.0, 116.0, 104.0), (58.0, 57.0, 57.0)
CPU = torch.device("cpu")
MODELS = ["alexnet", "vgg16", "resnet18", "convnext_tiny", "vit_b_16", "swin_t"]


@cache
def of(name, side=224, **options):
    make = partial(torchvision.models.get_model, name, weights=None, **options)
    names = paper_names(name)
    return Network(make, side=side, mean=MEAN, std=STD, aliases=names)


def tiny(**more):
    """Return a network of two convolutions, for 16 pixels."""
    make = partial(
        nn.Sequential, nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, 2)
    )
    return Network(make, side=16, mean=MEAN, std=STD, **more)


def images(n=2, side=16):
    generator = torch.Generator().manual_seed(1)
    return 255 * torch.rand(n, 3, side, side, generator=generator)


def costs_until(network, layer):
    """Return what the code of a layer costs, of the costs of a whole run."""
    return costs_of_calls(*network.whole_run())[network.call(layer)]


@pytest.mark.parametrize(
    ("name", "layer", "form", "shape"),
    [
        ("alexnet", "features.0", MAP, (64, 55, 55)),
        ("alexnet", "pool5", MAP, (256, 6, 6)),
        ("alexnet", "fc8", "vector", (1000, 1, 1)),
        ("vgg16", "conv1_2", MAP, (64, 224, 224)),
        ("vgg16", "relu5_3", MAP, (512, 14, 14)),
        ("resnet18", "layer1.0.relu_1", MAP, (64, 56, 56)),
        ("resnet18", "layer4", MAP, (512, 7, 7)),
        ("convnext_tiny", "features.1.0.block.2", CHANNELS_LAST, (96, 56, 56)),
        ("convnext_tiny", "features.1.0.block.0", MAP, (96, 56, 56)),
        ("vit_b_16", "conv_proj", MAP, (768, 14, 14)),
        ("vit_b_16", "encoder.layers.encoder_layer_3", TOKENS, (768, 197, 1)),
        ("swin_t", "features.1.0.attn", CHANNELS_LAST, (96, 56, 56)),
        ("swin_t", "features.7", CHANNELS_LAST, (768, 7, 7)),
    ],
)
def test_codes_of_torchvision_s_networks(name, layer, form, shape):
    network = of(name)
    assert network.point(layer).form == form
    assert network.code_shape(layer, 224) == shape


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_computed_to_look_at_a_network(name):
    network = of(name)
    assert "_callable" not in network.__dict__
    assert len(network.layers) > 15
    assert network.code_shape(network.layers[-1], 224) == (1000, 1, 1)


@pytest.mark.parametrize("layer", ["conv1", "features.0", "features.3"])
def test_a_convolution_s_code_is_not_rectified(layer):
    code = of("alexnet", 96).cut(layer)(images(side=96))
    assert code.min() < 0 < code.max()
    rectified = of("alexnet", 96).cut("relu1")(images(side=96))
    assert rectified.min() == 0


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("alexnet", "conv5"),
        ("resnet18", "layer2.0.relu_1"),
        ("convnext_tiny", "features.3.0"),
        ("swin_t", "features.1.1"),
    ],
)
def test_a_cut_gives_what_a_hook_sees(name, layer):
    network = of(name, 64)
    seen = []
    module = network._callable
    path = network.point(layer).path
    handle = module.get_submodule(path).register_forward_hook(
        lambda *args: seen.append(args[2].clone())
    )
    pixels = images(side=64)
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    module((pixels - mean) / std)
    handle.remove()
    code = network.cut(layer)(pixels)
    expected = seen[-1]
    if network.point(layer).form == CHANNELS_LAST:
        expected = expected.permute(0, 3, 1, 2)
    torch.testing.assert_close(code, expected)


def test_the_tokens_of_a_vision_transformer_and_their_patches():
    network = of("vit_b_16", 64, image_size=64)
    layer = "encoder.layers.encoder_layer_0"
    assert network.patches(layer) == Grid(4, 4, 1)
    assert network.patches("conv_proj") is None
    code = network.cut(layer)(images(side=64))
    assert code.shape == (2, 768, 17, 1)


def test_attention_that_gives_a_tuple_is_named_with_the_reason():
    with pytest.raises(ValueError, match=r"attention cannot be read: it gives a tup"):
        of("vit_b_16").cut("encoder.layers.encoder_layer_0.self_attention")


def test_a_wrong_name_tells_near_ones():
    with pytest.raises(ValueError, match=r"layer2\.0\.bn2.*; got 'layer2\.0\.bn3'"):
        of("resnet18").cut("layer2.0.bn3")


def test_layers_go_by_patterns_and_by_either_name():
    network = of("alexnet")
    assert network.name("features.0") == network.name("conv1") == "features.0"
    assert network.named("conv1") == ["conv1"]
    assert network.named("relu[67]") == ["relu6", "relu7"]
    assert network.named("features.?") == [f"features.{n}" for n in range(10)]
    assert network.named("*") == list(network.layers)
    with pytest.raises(ValueError, match=r"'\*norm\*' fits none of features\.0"):
        network.named("*norm*")


@pytest.mark.parametrize("layer", ["conv1", "relu2", "conv3", "relu4"])
def test_a_measured_geometry_is_that_of_a_plain_stack(layer):
    network = of("alexnet")
    depth = network.layers.index(network.name(layer)) + 1
    features = torchvision.models.alexnet(weights=None).features
    assert network.geometry(layer) == stack_geometry(features[:depth])


@pytest.mark.parametrize(
    ("layer", "stride", "size"),
    # Araujo et al., "Computing Receptive Fields of CNNs" (2019): ResNet's basic blocks
    # add twice 2 * stride pixels each.
    [("conv1", 2, 7), ("maxpool", 4, 11), ("layer1.0", 4, 27), ("layer1", 4, 43)],
)
def test_geometry_of_a_network_with_branches(layer, stride, size):
    geometry = of("resnet18").geometry(layer)
    assert (geometry.stride, geometry.size) == (stride, size)


def test_a_dense_layer_sees_the_whole_image():
    # pool5 has 6 x 6 fields of 195 pixels, 32 apart: 195 + 5 * 32 = 355, as published.
    assert of("alexnet").geometry("fc6") == Geometry(32, 355, -66)
    geometry = of("alexnet", 96).geometry("fc6")
    assert field(geometry, (0, 1, 0, 1), 96, 96) == (0, 96, 0, 96)


def test_a_window_sees_its_field():
    network = tiny()
    # Cells 2 and 3 of stride 2: 4 to 8 of the first layer's, and a pixel around.
    window = network.field("2", Selection(window=(2, 4, 2, 4)), 16)
    assert window == (3, 10, 3, 10)
    assert network.field("2", Selection(channels=(0,)), 16) == (0, 16, 0, 16)
    assert network.geometry("2") == Geometry(2, 5, -1)


def test_a_patch_sees_its_pixels_before_attention():
    network = of("vit_b_16", 64, image_size=64)
    # The second patch of the first row: token 2, as 0 is the class token.
    seen = network.field("encoder.dropout", Selection(tokens=(2,)), 64)
    assert seen == (0, 16, 16, 32)
    layer = "encoder.layers.encoder_layer_0"
    assert network.field(layer, Selection(tokens=(2,)), 64) == (0, 64, 0, 64)


def test_the_class_token_before_attention_sees_no_pixel_and_so_all():
    network = of("vit_b_16", 64, image_size=64)
    assert network.field("encoder.dropout", Selection(tokens=(0,)), 64) == (
        0,
        64,
        0,
        64,
    )


def test_pixels_are_normalised_or_left_as_they_are():
    def make():
        return nn.Sequential(nn.Identity())

    plain = Network(make, side=16, mean=MEAN)
    assert torch.equal(plain.cut("0")(images()), images())
    scaled = Network(make, side=16, mean=MEAN, std=STD).cut("0")(images())
    expected = (images() - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[
        :, None, None
    ]
    torch.testing.assert_close(scaled, expected)


def test_a_function_is_a_network_of_one_layer():
    network = Network(lambda: lambda x: x.mean(dim=1), side=16, mean=MEAN)
    assert network.layers == ("output",)
    # Rows are tokens of 16 numbers here: a code without channels reads as n t d.
    assert network.code_shape("output", 16) == (16, 16, 1)
    assert network.cut("output")(images()).shape == (2, 16, 16, 1)


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda x: (x, x), "output: it gives a tuple, not one tensor"),
        (lambda x: x.sum(), r"output: it gives the shape \(\) for 2 images"),
        (lambda x: x > 0, "type torch.bool, which have no gradient"),
    ],
)
def test_a_function_without_a_code_is_refused_with_the_reason(function, match):
    with pytest.raises(ValueError, match=match):
        Network(lambda: function, side=16, mean=MEAN)


def test_tokens_that_are_not_chosen_have_no_gradient():
    network = of("vit_b_16", 64, image_size=64)
    phi = network.cut("encoder.dropout")
    chosen = mask(Selection(tokens=(2, 5)), network.code_shape("encoder.dropout", 64))
    assert chosen.sum() == 2 * 768
    pixels = images(1, 64).requires_grad_()
    (gradient,) = torch.autograd.grad((phi(pixels) * chosen).sum(), pixels)
    # Tokens 2 and 5 are patches 1 and 4 of 4 x 4, of 16 pixels.
    assert gradient[..., :16, 16:32].any()
    assert gradient[..., 16:32, :16].any()
    gradient[..., :16, 16:32] = gradient[..., 16:32, :16] = 0
    assert not gradient.any()


def test_a_network_that_needs_numbers_is_looked_at_with_some():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            if not bool((x == x).all()):
                raise AssertionError
            return self.conv(x)

    network = Network(Counting, side=16, mean=MEAN)
    assert network.layers == ("conv",)
    assert costs_until(network, "conv").multiply_adds == 3 * 9 * 4 * 14 * 14


def test_random_weights_come_from_the_seed_and_leave_the_generator_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    networks = [
        Network(lambda: nn.Conv2d(3, 4, 1), side=16, mean=MEAN, seed=seed)
        for seed in (0, 0, 1)
    ]
    codes = [network.cut("output")(images()) for network in networks]
    assert torch.equal(codes[0], codes[1])
    assert not torch.equal(codes[0], codes[2])
    assert torch.equal(before, torch.random.get_rng_state())


def test_weights_are_read_when_they_are_first_needed():
    read = []

    def weights():
        read.append(True)
        return {"0.weight": torch.full((1, 3, 1, 1), 2.0), "0.bias": torch.zeros(1)}

    def make():
        return nn.Sequential(nn.Conv2d(3, 1, 1))

    network = Network(make, side=16, mean=MEAN, weights=weights)
    assert network.geometry("0").size == 1
    assert not read
    first, second = network.cut("0"), network.cut("0")
    torch.testing.assert_close(first(images()), 2 * images().sum(1, keepdim=True))
    second(images())
    assert len(read) == 1


def test_a_cut_network_wants_images_of_its_size():
    with pytest.raises(ValueError, match=r"must be 16 x 16 pixels, got .* 20, 20"):
        tiny().cut("0")(images(side=20))


def test_no_weight_has_a_gradient_and_training_is_off():
    module = of("resnet18", 64)._callable
    assert not module.training
    assert not any(weight.requires_grad for weight in module.parameters())


def test_a_network_on_another_device_leaves_the_first_alone():
    network = tiny()
    there = network.on(torch.device("meta"))
    assert there.cut("2")(images().to("meta")).device.type == "meta"
    assert network.cut("2")(images()).device.type == "cpu"


@pytest.mark.parametrize(
    ("name", "layer"), [("convnext_tiny", "features.2"), ("swin_t", "features.1")]
)
def test_an_inversion_comes_nearer_to_the_code(name, layer):
    phi = of(name, 32).cut(layer)
    target = phi(images(1, 32))
    options, solver = Options(mean=MEAN), fast(steps=30, rate=16.0)
    result = invert(phi, target, shape=(3, 32, 32), solver=solver, options=options)
    terms = result.trace.terms["data"]
    assert terms[-1] < 0.4 * terms[0]


def test_costs_are_those_of_the_layers_up_to_the_cut():
    # 3 * 9 multiply-adds for each of 8 * 16 * 16 values, then 8 * 9 for 4 * 7 * 7.
    network = tiny()
    assert costs_until(network, "0").multiply_adds == 27 * 8 * 256
    whole = costs_until(network, "2")
    assert whole.multiply_adds == 27 * 8 * 256 + 72 * 4 * 49
    assert whole.weights == 4 * (27 * 8 + 8 + 72 * 4 + 4)
    assert whole.bytes > 4 * (8 * 16 * 16 + 3 * 16 * 16)


def test_costs_of_all_layers_at_once_are_those_of_each():
    network = of("resnet18", 64)
    module = network._sketch.network
    image = torch.zeros(1, 3, 64, 64, device="meta")
    at_once = costs_of_calls(*network.whole_run())
    for layer in ("conv1", "layer1.0.relu", "layer2.0", "fc"):
        phi = partial(code_at, module, point=network.point(layer))
        assert at_once[network.call(layer)] == costs(phi, image, module)


def test_shapes_of_all_layers_without_any_weights():
    def weights():
        raise AssertionError

    make = partial(torchvision.models.get_model, "alexnet", weights=None)
    network = Network(make, side=224, mean=MEAN, weights=weights)
    shapes = network.shapes(224)
    assert list(shapes) == list(network.layers)
    assert shapes["features"] == (256, 6, 6)
    assert "_callable" not in network.__dict__


def test_a_network_that_computes_sizes_with_tensors_is_sketched():
    class Computing(nn.Module):
        def __init__(self):
            super().__init__()
            width = int(torch.tensor([2.0, 3.0]).sum().item())
            self.conv = nn.Conv2d(3, width, 3)

        def forward(self, x):
            return self.conv(x)

    network = Network(Computing, side=16, mean=MEAN)
    assert "_callable" not in network.__dict__
    assert network.code_shape("conv", 16) == (5, 14, 14)
    assert network.cut("conv")(images()).device.type == "cpu"
