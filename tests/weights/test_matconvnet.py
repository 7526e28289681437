"""What is read of MatConvNet's files, and what is refused."""

import numpy as np
import pytest
import torch

from stages.representations.caffe_reference import from_state
from stages.weights.caffe_reference import caffe_reference_state
from stages.weights.matconvnet import read
from stages.weights.matconvnet_layers import (
    Convolution,
    Normalisation,
    Plain,
    Pooling,
)
from tests.weights.matconvnet_files import (
    CONVOLUTIONS,
    LRN,
    ORDER,
    SIDE,
    cell,
    network,
    older,
    put,
    save,
)


def test_layers_have_the_parameters_of_the_file():
    file = read(save(network()))
    convolutions = [one for one in file.layers if isinstance(one, Convolution)]
    assert [one.name for one in file.layers] == ORDER
    for one, (shape, stride, padding) in zip(
        convolutions, CONVOLUTIONS.values(), strict=True
    ):
        height, width, depth, number = shape
        assert one.weight.shape == (number, depth, height, width)
        assert one.weight.dtype == one.bias.dtype == torch.float32
        assert (one.stride, one.padding) == (stride, padding)
    assert [one.groups for one in convolutions] == [1, 2, 1, 2, 2, 1, 1, 1]
    assert Pooling("pool1", 3, 2, 0) in file.layers
    assert Normalisation("norm1", 5, *LRN[1:]) in file.layers
    assert file.layers[-1] == Plain("prob", "softmax")
    assert file.classes == ("tench, Tinca", "cock", "hen", "ostrich")


def test_filters_keep_their_orientation_rows_first():
    net = network()
    filters = np.zeros((11, 11, 3, 8), dtype=np.float32)
    # Third row, second column, red, fifth filter.
    filters[2, 1, 0, 4] = 7
    net["layers"][0]["weights"][0, 0] = filters
    first = read(save(net)).layers[0]
    assert first.weight.nonzero().tolist() == [[4, 0, 2, 1]]


def test_average_image_is_rows_columns_rgb():
    net = network()
    image = net["meta"]["normalization"]["averageImage"]
    average = read(save(net)).average
    assert average.shape == (3, SIDE, SIDE)
    assert average[2, 5, 70].item() == image[5, 70, 2]


def test_a_path_is_read_as_its_bytes_are(tmp_path):
    data = save(network())
    path = tmp_path / "imagenet-caffe-ref.mat"
    path.write_bytes(data)
    one, other = (caffe_reference_state(read(file)) for file in (path, data))
    assert all(torch.equal(one[name], other[name]) for name in one)
    # scipy would look for another name.
    with pytest.raises(FileNotFoundError):
        read(path.with_suffix(""))


def test_one_filter_alone_keeps_its_four_dimensions():
    net = network()
    # MATLAB and scipy store 1 x 1 x 7 x 1 as 1 x 1 x 7.
    weights = net["layers"][-2]["weights"]
    filters, biases = (part[..., :1] for part in weights[0])
    net["layers"][-2]["weights"] = cell([filters[..., 0], biases])
    del net["meta"]["classes"]
    file = read(save(net))
    assert file.layers[-2].weight.shape == (1, 7, 1, 1)
    assert file.classes == ()
    assert from_state(caffe_reference_state(file))(
        torch.zeros(1, 3, SIDE, SIDE)
    ).shape == (1, 1, 1, 1)


def test_wordnets_numbers_stand_in_for_names_in_words():
    net = network()
    del net["meta"]["classes"]["description"]
    assert read(save(net)).classes[3] == "n00000003"


# Of the newer layout: a path to what is changed, its new value, what the error says.
REFUSED = [
    ("layers", None, r"`file` must have `layers`; it has meta"),
    ("layers.0.type", None, r"`layers\{1\}` must have `type`; it has name, weights"),
    ("layers.0.type", 3.0, r"`layers\{1\}.type` must be a text; got float64 of 1 x 1"),
    ("layers.1.type", "sigmoid", r"`layers\{2\}.type` .* lrn, .* got 'sigmoid'"),
    ("layers.1.leak", 0.1, r"`layers\{2\}.leak` must be 0.0; got \[0.1\]"),
    ("layers.3", 5.0, r"`layers\{4\}` must be a struct; got float64 of 1 x 1"),
    ("layers.0.weights.0", np.ones((11, 11, 1, 8)), r"got 8 filters of depth 1"),
    ("layers.15.weights.0", np.ones((2, 2, 3, 9)), r"got 9 filters of depth 3"),
    ("layers.0.weights", None, r"`layers\{1\}` must have `filters`; it has name, type"),
    ("layers.0.weights", cell([1.0]), r"`layers\{1\}.weights` .* got 1 cells"),
    ("layers.0.weights", np.ones(2), r"weights` must be a cell array; got float64 of"),
    ("layers.0.weights.0", np.ones((1, 2, 3, 8, 2)), r"weights\{1\}` must be height x"),
    ("layers.0.weights.0", np.ones((11, 11, 3, 8)) * 1j, r"real numbers; got complex"),
    ("layers.0.weights.0", "filters", r"weights\{1\}` must be real numbers; got a tex"),
    ("layers.0.weights.0", {"call": "system"}, r"real numbers; got a struct array"),
    ("layers.0.weights.0", np.ones((0, 3)), r"weights\{1\}` must not be empty; got"),
    ("layers.0.weights.0", np.full((11, 11, 3, 8), 1e60), r"must fit single precisi"),
    ("layers.0.weights.0", np.ones((11, 11, 2, 8)), r"`layers\{1\}` \(conv1\) .* 3 ch"),
    ("layers.0.weights.0", np.ones((11, 11, 4, 8)), r"got 8 filters of depth 4"),
    ("layers.4.weights.0", np.ones((5, 5, 4, 11)), r"11 filters of depth 4"),
    ("layers.0.weights.1", np.ones((1, 7)), r"bias for each of its 8 filters; got 7"),
    ("layers.0.weights.1", np.full(8, np.inf), r"weights\{2\}` .* 8 of 8 numbers are"),
    ("layers.0.stride", None, r"`layers\{1\}` must have `stride`"),
    ("layers.0.stride", np.array([4, 2]), r"`layers\{1\}.stride` .*got \[4, 2\]"),
    ("layers.0.stride", 1.5, r"must be one whole number.* got \[1.5\]"),
    ("layers.0.stride", 0, r"`layers\{1\}.stride` must be at least 1; got 0"),
    ("layers.0.pad", -1, r"`layers\{1\}.pad` must be at least 0; got -1"),
    ("layers.2.pad", np.array([0, 1, 0, 1]), r"same on all sides .* \[0, 1, 0, 1\]"),
    ("layers.2.pool", np.array([3, 2]), r"`layers\{3\}.pool` must be one whole"),
    ("layers.2.method", "avg", r"`layers\{3\}.method` must be max; got avg"),
    ("layers.0.dilate", 2.0, r"`layers\{1\}.dilate` must be 1.0; got \[2.0\]"),
    ("layers.3.param", None, r"`layers\{4\}` must have `param`; it has name, type"),
    ("layers.3.param", np.array([5, 1, 2e-5]), r"`layers\{4\}.param` must be a numb"),
    ("layers.3.param", np.array([4.5, 1, 2e-5, 0.75]), r"param` must be a number of"),
    ("meta.normalization", None, r"`meta` must have `normalization`"),
    ("meta.normalization.imageSize", None, r"`normalization` must have `imageSize`"),
    ("meta.normalization.imageSize", np.array([99, 98, 3]), r"square's.* \[99, 98, "),
    ("meta.normalization.imageSize", np.array([99, 99, 1]), r"in colour.* 99, 1\]"),
    ("meta.normalization.averageImage", None, r"must have `averageImage`; it has im"),
    ("meta.normalization.averageImage", np.ones((98, 99, 3)), r"99 x 99 x 3, or 1 x 1"),
    ("meta.normalization.averageImage", np.ones((1, 3)), r"got float64 of 1 x 3"),
    ("meta.normalization.averageImage", np.full((1, 1, 3), 300.0), r"300..300"),
    ("meta.normalization.averageImage", np.full((1, 1, 3), -1.0), r"got -1..-1"),
    ("meta.normalization.averageImage", np.full((1, 1, 3), np.nan), r"3 of 3 numbers"),
    ("meta.classes.description", cell(["one"]), r"name the 4 classes; got 1 names"),
    ("meta.classes.description", cell(["a", "b", 3.0, "d"]), r"description\{3\}` mus"),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_what_does_not_fit_is_refused_by_its_place(path, value, message):
    net = network()
    put(net, path, value)
    data = save(net)
    with pytest.raises(ValueError, match=message):
        read(data)


@pytest.mark.parametrize("field", ["filters", "biases"])
def test_older_layout_without_a_field_is_refused(field):
    net = older(network())
    del net["layers"][0][field]
    with pytest.raises(ValueError, match=rf"`layers\{{1\}}` must have `{field}`"):
        read(save(net))


def test_a_single_nan_is_refused_and_counted():
    net = network()
    net["layers"][15]["weights"][0, 0][1, 0, 2, 3] = np.nan
    match = r"`layers\{16\}.weights\{1\}` must be finite; 1 of 216 numbers are not"
    with pytest.raises(ValueError, match=match):
        read(save(net))
