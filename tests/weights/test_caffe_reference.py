"""The paper's CaffeNet out of a file: against the definitions, and every refusal."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.representations.caffe_reference import from_state
from stages.representations.caffenet import LAYERS
from stages.weights.caffe_reference import caffe_reference_state
from stages.weights.matconvnet import MatConvNet, read
from stages.weights.matconvnet_layers import Convolution
from tests.representations.test_caffenet import FULL_SIZE
from tests.weights.matconvnet_files import (
    CONVOLUTIONS,
    HIDDEN,
    SIDE,
    WIDTHS,
    codes,
    network,
    older,
    put,
    save,
)

IMAGE = np.random.default_rng(1).uniform(0, 255, (SIDE, SIDE, 3))


def from_matconvnet(file):
    return from_state(caffe_reference_state(file))


def as_images(image):
    return torch.from_numpy(image).float().permute(2, 0, 1)[None]


def of_one_colour(net):
    """Return the network with the mean colour at each pixel of the average."""
    changed = copy.deepcopy(net)
    average = changed["meta"]["normalization"]["averageImage"]
    average[:] = average.astype(np.float64).mean(axis=(0, 1))
    return changed


@pytest.fixture(scope="module")
def newer_case():
    net = network()
    return from_matconvnet(read(save(net, packed=True))), codes(net, IMAGE)


@pytest.fixture(scope="module")
def older_case():
    net = network()
    built = from_matconvnet(read(save(older(net))))
    return built, codes(of_one_colour(net), IMAGE)


@pytest.mark.parametrize("layout", ["newer_case", "older_case"])
@pytest.mark.parametrize("layer", LAYERS)
def test_code_of_each_layer_equals_the_definition(request, layout, layer):
    built, expected = request.getfixturevalue(layout)
    found = built.cut(layer)(as_images(IMAGE))[0].permute(1, 2, 0).double().numpy()
    assert found.shape == expected[layer].shape
    # The definition's code is no accident of zeros, and nothing drowns in the bound.
    scale = np.abs(expected[layer]).max()
    assert np.std(expected[layer]) > scale / 50
    np.testing.assert_allclose(found, expected[layer], rtol=0, atol=1e-5 * scale)


def test_kernel_stride_and_padding_of_conv1_are_the_files():
    net = network()
    # (99 + 2 * 1 - 13) / 3 + 1 = 30 cells, then 14, 6 and 2 after the poolings.
    filters = np.random.default_rng(2).normal(0, 0.04, (13, 13, 3, 8))
    put(net, "layers.0.weights.0", filters.astype(np.float32))
    put(net, "layers.0.stride", np.array([[3, 3]]))
    put(net, "layers.0.pad", np.array([[1, 1, 1, 1]]))
    found = from_matconvnet(read(save(net)))(as_images(IMAGE)).flatten()
    expected = codes(net, IMAGE)["fc8"].ravel()
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_network_takes_its_sizes_from_the_file(newer_case):
    built, _ = newer_case
    assert built.side == SIDE
    shapes = [built.stack.get_submodule(n).out_channels for n in CONVOLUTIONS]
    assert shapes == [*WIDTHS, *HIDDEN, 4]
    assert not any(weight.requires_grad for weight in built.parameters())


def test_average_image_is_subtracted_pixel_by_pixel(newer_case):
    built, _ = newer_case
    net = network()
    average = net["meta"]["normalization"]["averageImage"]
    # Nothing is left of the average image: conv1 gives its biases.
    code = built.cut("conv1")(as_images(average))
    biases = torch.from_numpy(net["layers"][0]["weights"][0, 1]).reshape(-1, 1, 1)
    torch.testing.assert_close(code[0], biases.expand(code.shape[1:]))


def test_mean_is_the_average_images_mean_colour(newer_case):
    image = network()["meta"]["normalization"]["averageImage"].astype(np.float64)
    assert newer_case[0].mean == pytest.approx(image.mean(axis=(0, 1)), abs=1e-9)


def test_average_image_moves_with_the_network_and_not_into_its_state(newer_case):
    built = copy.deepcopy(newer_case[0])
    assert "centre" not in built.state_dict()
    cut = built.cut("conv1").double()
    assert cut.get_buffer("centre").dtype == torch.float64
    assert built.get_buffer("centre").dtype == torch.float32
    assert cut(as_images(IMAGE).double()).dtype == torch.float64


def test_network_does_not_share_its_numbers_with_the_file():
    file = read(save(network()))
    built = from_matconvnet(file)
    before = built(as_images(IMAGE))
    file.average.zero_()
    file.layers[0].weight.zero_()
    assert torch.equal(built(as_images(IMAGE)), before)


@pytest.mark.parametrize("n_left", [20, 21])
def test_softmax_may_be_missing(n_left):
    net = network()
    net["layers"] = net["layers"][:n_left]
    assert from_matconvnet(read(save(net))).layers == LAYERS


# A path to what is changed in a file, its new value, what the error says.
OTHERS = [
    ("layers.1.type", "softmax", r"its relu1 \(relu\) .* has relu1 \(softmax\)"),
    ("layers.2.pool", 2, r"`pool1` must have a kernel of 3 x 3, .*got a kernel of 2"),
    ("layers.2.pad", 1, r"`pool1` must .* padding 0 .* got .* padding 1"),
    ("layers.2.stride", 1, r"`pool1` must have .* stride 2, .* 23 x 23; got .* stride"),
    ("layers.3.param", np.array([5, 1, 1e-4, 0.75]), r"`norm1` must have .* 0.0001, "),
    ("layers.7.param", np.array([5, 2, 2e-5, 0.75]), r"`norm2` must have .* 2.0, "),
    ("layers.7.param", np.array([5, 1, 2e-5, 0.5]), r"`norm2` must .* 0.5\)"),
    ("layers.7.param", np.array([3, 1, 2e-5, 0.75]), r"`norm2` must .* got \(3, "),
    ("layers.0.weights.0", np.ones((11, 9, 3, 8)), r"`conv1` .* a kernel of 11 x 9"),
    ("layers.4.weights.0", np.ones((5, 5, 8, 12)), r"`conv2` .* 2 group.* 1 group"),
    ("layers.4.weights.0", np.ones((3, 3, 4, 12)), r"`conv2` must .*5 x 5.* 3 x 3"),
    ("layers.4.weights.0", np.ones((3, 5, 4, 12)), r"`conv2` .*5 x 5.* 3 x 5"),
    ("layers.4.pad", 1, r"`conv2` must have .* padding 2 .* padding 1"),
    ("layers.8.weights.0", np.ones((3, 3, 6, 10)), r"`conv3` .* 1 group.* 2 group"),
    ("layers.10.stride", 2, r"`conv4` must have .* stride 1, .* stride 2"),
    ("layers.12.pad", 0, r"`conv5` must have .* padding 1 .* padding 0"),
    ("layers.15.weights.0", np.ones((1, 1, 6, 9)), r"`fc6` must .* of 2 x 2.* 1 x 1"),
    ("layers.15.pad", 1, r"`fc6` must have .* padding 0 .* padding 1"),
    ("layers.17.stride", 2, r"`fc7` must have a kernel of 1 x 1, stride 1"),
]


@pytest.mark.parametrize(("path", "value", "message"), OTHERS)
def test_another_network_is_refused_by_the_layer(path, value, message):
    net = network()
    put(net, path, value)
    file = read(save(net))
    with pytest.raises(ValueError, match=message):
        from_matconvnet(file)


def test_alexnets_order_is_refused():
    net = network()
    layers = net["layers"]
    layers[2], layers[3] = layers[3], layers[2]
    match = r"its pool1 \(pool\) is wanted where the file has norm1 \(lrn\)"
    with pytest.raises(ValueError, match=match):
        from_matconvnet(read(save(net)))


@pytest.mark.parametrize(
    ("keep", "found"), [(slice(0, 15), 15), (slice(0, 0), 0), (slice(0, 21), 22)]
)
def test_another_number_of_layers_is_refused(keep, found):
    net = network()
    more = [{"name": "relu8", "type": "relu"}] * (found == 22)
    net["layers"] = net["layers"][keep] + more
    del net["meta"]["classes"]
    match = f"CaffeNet's 20, conv1 to fc8; the file has {found}"
    with pytest.raises(ValueError, match=match):
        from_matconvnet(read(save(net)))


def test_images_too_small_for_the_poolings_are_refused():
    net = network()
    normalization = {
        "averageImage": np.ones((1, 1, 3)),
        "imageSize": np.array([27, 27, 3]),
    }
    # (27 - 11) / 4 + 1 = 5 cells, then 2 after pool1: pool2 has none to take.
    net["meta"]["normalization"] = normalization
    match = "`pool2` must fit its map; .* 2 x 2 cells: the images are too small"
    with pytest.raises(ValueError, match=match):
        from_matconvnet(read(save(net)))


@pytest.fixture(scope="module")
def full_size():
    """Return CaffeNet out of a file of the real sizes, moved where it needs no memory.

    All filters are one stored zero, repeated.
    """
    shapes = {
        "conv1": (96, 3, 11, 4, 0, 1),
        "conv2": (256, 48, 5, 1, 2, 2),
        "conv3": (384, 256, 3, 1, 1, 1),
        "conv4": (384, 192, 3, 1, 1, 2),
        "conv5": (256, 192, 3, 1, 1, 2),
        "fc6": (4096, 256, 6, 1, 0, 1),
        "fc7": (4096, 4096, 1, 1, 0, 1),
        "fc8": (1000, 4096, 1, 1, 0, 1),
    }
    layers = []
    for layer in read(save(network())).layers:
        if isinstance(layer, Convolution):
            number, depth, kernel, *rest = shapes[layer.name]
            weight = torch.zeros(1).expand(number, depth, kernel, kernel)
            layer = Convolution(layer.name, weight, torch.zeros(number), *rest)
        layers.append(layer)
    average = torch.full((3, 227, 227), 100.0)
    return from_matconvnet(MatConvNet(tuple(layers), 227, average, ())).to("meta")


@pytest.mark.parametrize(("layers", "expected"), FULL_SIZE.items())
def test_geometry_at_the_real_files_sizes_is_the_papers(full_size, layers, expected):
    images = torch.zeros(1, 3, 227, 227, device="meta")
    for layer in layers:
        code, seen = full_size.cut(layer)(images), full_size.geometry(layer)
        assert (code.shape[1], code.shape[2], seen.size, seen.stride) == expected


def test_another_side_than_the_filters_were_made_for_is_refused():
    file = read(save(network()))
    # (131 - 11) / 4 + 1 = 31 cells, then 15, 7 and 3, for fc6's 2 x 2.
    larger = replace(file, side=131, average=torch.ones(3, 131, 131))
    with pytest.raises(ValueError, match=r"`fc6` must .* 3 x 3, .* 2 x 2"):
        from_matconvnet(larger)
