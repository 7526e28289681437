import pytest
import torch

from stages.representations.caffenet import CaffeNet
from stages.representations.dsift import Dsift
from stages.representations.hog import Hog
from stages.representations.receptive_field import (
    Geometry,
    field,
    footprint,
    measured_field,
    stack_geometry,
)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((0, 1, 0, 1), (0, 8, 0, 8)),  # -3..7 and clipped
        ((2, 3, 1, 2), (5, 16, 1, 12)),  # 4 * 2 - 3 = 5, 4 * 1 - 3 = 1, 11 pixels each
        ((2, 4, 1, 4), (5, 20, 1, 20)),  # to the last cell's end: 4 * 3 - 3 + 11 = 20
        ((4, 5, 6, 7), (13, 20, 21, 24)),  # clipped at 20 rows and 24 columns
    ],
)
def test_field_of_a_window_is_clipped_to_the_image(window, expected):
    assert field(Geometry(stride=4, size=11, offset=-3), window, 20, 24) == expected


def corner_and_inner_cells(phi, height, width):
    _, _, rows, cols = phi(torch.zeros(1, 1, height, width)).shape
    return [(0, 0), (1, cols - 1), (rows // 2, cols // 2), (rows - 1, cols - 2)]


@pytest.mark.parametrize(
    ("phi", "height", "width"),
    [
        (Hog(), 64, 53),
        (Hog(assignment="bilinear"), 53, 64),
        (Hog(cell=5), 47, 60),
        (Hog(cell=4, orientations=4, assignment="bilinear"), 50, 41),
        (Hog(cell=2, orientations=4), 24, 25),
        (Dsift(), 75, 60),
        (Dsift(bin=4), 63, 42),
        (Dsift(bin=2, orientations=4), 30, 25),
    ],
)
def test_field_equals_the_footprint_of_the_gradient(noise, phi, height, width):
    images = noise(4, height, width)
    for row, col in corner_and_inner_cells(phi, height, width):
        window = (row, row + 1, col, col + 1)
        expected = field(phi.geometry(phi.layers[-1]), window, height, width)
        assert footprint(phi, images, row, col) == expected


def test_interior_field_of_hog_is_34_pixels_wide():
    # Three cells of 8, half a cell of triangle and a pixel of difference each side.
    geometry = Hog().geometry("hog")
    assert (geometry.stride, geometry.size, geometry.offset) == (8, 34, -13)


def test_footprint_of_one_channel_can_be_smaller():
    def shifted(images):
        return torch.cat([images, images.roll(1, dims=3)], dim=1)

    images = torch.rand(2, 1, 5, 5)
    assert footprint(shifted, images, 2, 3, channel=1) == (2, 3, 2, 3)
    assert footprint(shifted, images, 2, 3) == (2, 3, 2, 4)


def test_footprint_of_a_constant_entry_is_refused():
    with pytest.raises(ValueError, match="no gradient at rows 1:2, columns 2:3"):
        footprint(lambda images: images * 0, torch.rand(1, 1, 4, 4), 1, 2, channel=0)


def test_window_without_cells_is_refused():
    with pytest.raises(ValueError, match="got first 2, end 2"):
        field(Geometry(4, 4, 0), (2, 2, 0, 1), 9, 9)


@pytest.mark.parametrize(("name", "value"), [("stride", 0), ("size", -1)])
def test_geometry_needs_positive_lengths(name, value):
    lengths = {"stride": 1, "size": 1, "offset": -2, name: value}
    with pytest.raises(ValueError, match=f"`{name}` must be at least 1 pixel"):
        Geometry(**lengths)


@pytest.mark.parametrize("layer", ["conv1", "pool1", "norm1", "relu2", "norm2"])
@pytest.mark.parametrize("window", [(1, 2, 1, 2), (0, 2, 1, 3), (2, 3, 0, 3)])
def test_the_measured_field_of_a_network_is_the_analytic_one(layer, window):
    network = CaffeNet((6, 8, 6, 6, 6), (6, 6), 4, 64, (5, 2, 1)).cut(layer)
    images = torch.rand(4, 3, 64, 64) * 255
    measured = measured_field(network, images, window)
    assert measured == field(network.geometry(layer), window, 64, 64)


def test_the_field_of_any_callable_can_be_measured():
    def shifted(images):
        return images.roll((2, -1), dims=(2, 3))[:, :, 2:, :-1]

    images = torch.rand(2, 1, 12, 12)
    assert measured_field(shifted, images, (0, 3, 0, 2)) == (0, 3, 1, 3)


def test_stack_geometry_of_nothing_is_one_pixel():
    assert stack_geometry([]) == Geometry(stride=1, size=1, offset=0)
