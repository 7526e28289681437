"""Receptive fields of real networks by hand, and of odd ones against footprints."""

from functools import cache, partial

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as f

from stages.representations.follower import followed, geometry
from stages.representations.network import Network
from stages.representations.points import points
from stages.representations.receptive_field import Geometry, field, footprint

RELU = nn.ReLU()


def stack(*parts):
    """Return stride, size and offset by the arithmetic of Araujo et al. (2019).

    Each part is (kernel, stride, padding): size += (kernel - 1) * stride so far.
    """
    stride, size, offset = 1, 1, 0
    for kernel, step, padding in parts:
        size += (kernel - 1) * stride
        offset -= padding * stride
        stride *= step
    return Geometry(stride, size, offset)


@cache
def of(name):
    scipys = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    make = partial(torchvision.models.get_model, name, weights=None, **scipys)
    return Network(make, side=224, mean=(0, 0, 0))


ALEXNET = [(11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), *3 * [(3, 1, 1)], (3, 2, 0)]


def test_alexnet_as_published():
    # Of CaffeNet, whose kernels and strides are the same: 195 pixels, 32 apart.
    assert stack(*ALEXNET) == Geometry(32, 195, -66)
    assert of("alexnet").geometry("features") == Geometry(32, 195, -66)


def test_vgg_16_by_hand():
    convs, pool = (3, 1, 1), (2, 2, 0)
    whole = [part for n in (2, 2, 3, 3, 3) for part in (*n * [convs], pool)]
    assert stack(*whole) == Geometry(32, 212, -90)
    assert of("vgg16").geometry("features") == Geometry(32, 212, -90)
    assert of("vgg16").geometry("features.29") == stack(*whole[:-1])


def test_resnet_18_by_hand():
    # Of the sums, the way through two convolutions sees most, and all of the other.
    three = [(3, 1, 1)]
    stages = [4 * three, *3 * [[(3, 2, 1), *3 * three]]]
    whole = [(7, 2, 3), (3, 2, 1), *(part for stage in stages for part in stage)]
    assert stack(*whole) == Geometry(32, 435, -217)
    assert of("resnet18").geometry("layer4") == Geometry(32, 435, -217)


def test_googlenet_by_hand():
    # Each inception block is as wide as its 3 x 3 branches, the 5 x 5 branch among them
    # in torchvision; poolings round up.
    pool, three = (3, 2, 0), (3, 1, 1)
    stem = [(7, 2, 3), pool, (1, 1, 0), three, pool]
    whole = [*stem, *2 * [three], pool, *5 * [three], (2, 2, 0), *2 * [three]]
    assert of("googlenet").geometry("inception5b") == stack(*whole)
    assert of("googlenet").geometry("inception3a") == stack(*stem, three)


def test_convnext_tiny_by_hand():
    seven, half = (7, 1, 3), (2, 2, 0)
    blocks = [3 * [seven], [half, *3 * [seven]], [half, *9 * [seven]]]
    whole = [(4, 4, 0), *(part for block in blocks for part in block)]
    assert of("convnext_tiny").geometry("features.5") == stack(*whole)
    assert of("convnext_tiny").geometry("features.5").size == 1096


def test_efficientnet_lite0_by_hand():
    timm = pytest.importorskip("timm")
    make = partial(timm.create_model, "tf_efficientnet_lite0")
    network = Network(make, side=224, mean=(0, 0, 0))
    # Padding as TensorFlow's: where it is odd in all, the one more is behind.
    stages = [(3, 1, 1), (3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4)]
    parts = [(3, 2, 0)]
    for kernel, stride, repeats in [*stages, (3, 1, 1)]:
        for i in range(repeats):
            down = stride == 2 and i == 0
            before = (kernel - 2) // 2 if down else kernel // 2
            parts.append((kernel, 2 if down else 1, before))
    assert network.geometry("blocks") == stack(*parts)


@pytest.mark.parametrize(
    ("name", "layer"),
    [("alexnet", "features.5"), ("vgg16", "features.16"), ("resnet18", "layer2")],
)
def test_a_field_is_the_float64_footprint_where_nothing_clips(name, layer):
    torch.manual_seed(0)
    network = of(name)
    module = torchvision.models.get_model(name, weights=None).double().eval()
    module = nn.Sequential(*_until(module, layer))
    known = network.geometry(layer)
    side = known.size + 3 * known.stride
    images = torch.rand(2, 3, side, side, dtype=torch.float64)
    row = -(known.offset // known.stride)
    window = (row, row + 1, row, row + 1)
    seen = field(known, window, side, side)
    assert seen[1] - seen[0] == known.size
    assert footprint(module, images, row, row) == seen


def _until(module, layer):
    name, _, rest = layer.partition(".")
    for child, part in module.named_children():
        if child == name:
            yield from _until(part, rest) if rest else [part]
            return
        yield part


def parts(*modules):
    return lambda: nn.Sequential(*modules)


class Branches(nn.Module):
    """Sums, concatenations and functional calls."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 5, padding=2)
        self.c = nn.Conv2d(8, 4, 3, stride=2, dilation=2, padding=2)

    def forward(self, x):
        both = torch.cat([f.relu(self.a(x)), self.b(x) + self.a(x)], dim=1)
        return f.avg_pool2d(self.c(both).sigmoid(), 2)


class Functional(nn.Module):
    """All that modules do not tell: slices, views, products, layer norms."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 3 * 16))

    def forward(self, x):
        n, c, h, w = x.shape
        cells = x.reshape(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 1, 3, 5)
        tokens = cells.flatten(3).flatten(1, 2) @ self.weight.T
        tokens = f.layer_norm(tokens, (5,)).transpose(1, 2)
        maps = tokens.reshape(n, 5, h // 4, w // 4)
        return f.max_pool2d(maps, 3, 1, 1)


class Written(nn.Module):
    """Writes into its tensors, and into parts of them."""

    def forward(self, x):
        y = f.avg_pool2d(x, 2)
        y += f.max_pool2d(x, 4, 2, 1)
        z = torch.zeros_like(y)
        z[:, :, 1:-1] = y[:, :, 1:-1]
        return y.mul_(2).relu_() + 0 * y


NETWORKS = [
    parts(nn.Conv2d(3, 4, 3, stride=2, padding=1), RELU, nn.MaxPool2d(3, 2, 1)),
    parts(nn.Conv2d(3, 4, 3, dilation=3), nn.BatchNorm2d(4), nn.GELU()),
    parts(nn.MaxPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(2, ceil_mode=True)),
    parts(nn.LocalResponseNorm(3), nn.Conv2d(3, 2, 2), nn.PixelUnshuffle(1)),
    parts(nn.PixelUnshuffle(2), nn.Conv2d(12, 4, 3, padding=1)),
    parts(nn.ReflectionPad2d(1), nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, padding=1)),
    parts(nn.Conv2d(3, 4, (1, 3), 1, (0, 1)), nn.Conv2d(4, 4, (3, 1), 1, (1, 0))),
    parts(nn.Conv2d(3, 4, 4, 4), nn.AdaptiveAvgPool2d(3)),
    Branches,
    Functional,
    Written,
]


def drawn_again(module):
    """Return the module with weights of this seed, whatever was drawn before."""
    torch.manual_seed(0)
    for part in module.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    return module


@pytest.mark.parametrize("make", NETWORKS)
def test_odd_networks_see_what_their_footprints_say(make):
    module = drawn_again(make()).eval().double()
    images = torch.rand(4, 3, 24, 24, dtype=torch.float64) + 0.1
    point = list(points(module, images).named.values())[-1]
    spans = followed(module, images)["", 0]
    known = geometry(spans, point, 24)
    assert known is not None
    _, rows, columns = point.shape
    for row, col in [(0, 0), (rows // 2, columns // 2), (rows - 1, 0)]:
        window = (row, row + 1, col, col + 1)
        assert footprint(module, images, row, col) == field(known, window, 24, 24)


UNEVEN = [
    parts(nn.Conv2d(3, 8, 3, 2, 1), nn.PixelShuffle(2), nn.Conv2d(2, 2, 3)),
    parts(nn.Conv2d(3, 4, 3, 2, 1), nn.Upsample(scale_factor=2), nn.Conv2d(4, 2, 3)),
]


@pytest.mark.parametrize("make", UNEVEN)
def test_where_neighbours_see_the_same_a_field_holds_both(make):
    torch.manual_seed(0)
    module = make().eval().double()
    images = torch.rand(4, 3, 24, 24, dtype=torch.float64)
    point = list(points(module, images).named.values())[-1]
    known = geometry(followed(module, images)["", 0], point, 24)
    surplus = []
    for row in range(8, 12):
        seen = footprint(module, images, row, row)
        held = field(known, (row, row + 1, row, row + 1), 24, 24)
        assert held[0] <= seen[0]
        assert seen[1] <= held[1]
        surplus.append((seen[0] - held[0], held[1] - seen[1]))
    # Some cell fills its field before, and some behind: none could be narrower.
    assert [min(ends) for ends in zip(*surplus, strict=True)] == [0, 0]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        seen, _ = self.attention(tokens, tokens, tokens)
        return (seen + tokens).transpose(1, 2).reshape(len(x), 8, 6, 6)


class Squeeze(nn.Module):
    """A gate from the mean of the whole map, as in EfficientNet."""

    def __init__(self):
        super().__init__()
        self.conv, self.gate = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        code = self.conv(x)
        return code * self.gate(code.mean((2, 3), keepdim=True)).sigmoid()


@pytest.mark.parametrize(("make", "stride"), [(Attention, 4), (Squeeze, 2)])
def test_with_attention_or_a_gate_each_cell_sees_the_whole_image(make, stride):
    module, images = make().eval(), torch.rand(2, 3, 24, 24)
    named = points(module, images).named
    known = geometry(followed(module, images)["", 0], list(named.values())[-1], 24)
    assert known.stride == stride
    rows = 24 // stride
    for row in (0, rows - 1):
        window = (row, row + 1, row, row + 1)
        assert field(known, window, 24, 24) == (0, 24, 0, 24)
    assert known.size == 24 + stride * (rows - 1)


class Sorting(nn.Module):
    """Does what no rule is known of."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x):
        return self.conv(x).sort(dim=1).values


def test_what_is_not_known_is_measured():
    network = Network(Sorting, side=16, mean=(0, 0, 0))
    assert "output" not in network._fields._followed
    assert network.geometry("output") == Geometry(1, 3, -1)
    assert network.geometry("conv") == Geometry(1, 3, -1)


def test_what_was_written_in_part_is_not_taken_for_blank():
    class Partly(nn.Module):
        def forward(self, x):
            canvas = torch.zeros_like(x)
            canvas[:, :, 2:] = f.avg_pool2d(x, 3, 1, 1)[:, :, 2:]
            return canvas * 1

    images = torch.rand(2, 3, 8, 8)
    spans = followed(Partly(), images)["", 0]
    assert spans is not None
    assert not spans.exact


def test_nothing_is_seen_where_the_image_does_not_lead():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.ones_like(x)

    assert followed(Constant(), torch.rand(2, 3, 8, 8))["", 0] is None
