import math

import pytest
import torch

from stages.representations.orientation import central_differences, orientation_cells
from stages.representations.pooling import Axis

DTYPES = [torch.float32, torch.float64]
ASSIGNMENTS = ["hard", "bilinear"]


def ramp(angle_degrees, height=7, width=7, dtype=torch.float64):
    """Return an image whose gradient has length 1 and this angle everywhere."""
    angle = math.radians(angle_degrees)
    rows = torch.arange(height, dtype=dtype)[:, None]
    cols = torch.arange(width, dtype=dtype)
    return (math.sin(angle) * rows + math.cos(angle) * cols)[None, None]


def one_cell(images, directions, assignment):
    """Return the histogram of one cell of 3 pixels spacing in the middle of 7x7."""
    axis = Axis(cells=1, first=3.0, spacing=3)
    cells = orientation_cells(
        images,
        axis,
        axis,
        directions=directions,
        assignment=assignment,
        outside=0.0,
    )
    return cells[0, :, 0, 0]


def cells_by_loop(image, rows, cols, directions, assignment, outside):
    """Return the cells of one image straight from the definition, pixel by pixel."""
    height, width = image.shape
    cells = torch.zeros(directions, rows.cells, cols.cells, dtype=image.dtype)

    def pixel(row, col):
        inside = 0 <= row < height and 0 <= col < width
        return image[row, col].item() if inside else outside

    for row in range(height):
        for col in range(width):
            dy = (pixel(row + 1, col) - pixel(row - 1, col)) / 2
            dx = (pixel(row, col + 1) - pixel(row, col - 1)) / 2
            t = math.atan2(dy, dx) * directions / (2 * math.pi)
            for k in range(directions):
                away = abs((t - k + directions / 2) % directions - directions / 2)
                near = away < 0.5 if assignment == "hard" else max(0, 1 - away)
                for i in range(rows.cells):
                    for j in range(cols.cells):
                        y = max(
                            0,
                            1 - abs(row - rows.first - rows.spacing * i) / rows.spacing,
                        )
                        x = max(
                            0,
                            1 - abs(col - cols.first - cols.spacing * j) / cols.spacing,
                        )
                        cells[k, i, j] += near * y * x * math.hypot(dx, dy)
    return cells


def test_central_differences_of_a_small_image():
    image = torch.tensor([[[1.0, 2.0, 4.0], [3.0, 7.0, 5.0]]])
    row_gradient, col_gradient = central_differences(image, outside=10.0)
    # Rows: (3 - 10) / 2, (7 - 10) / 2, (5 - 10) / 2 above; (10 - 1) / 2, ... below.
    assert row_gradient.tolist() == [[[-3.5, -1.5, -2.5], [4.5, 4.0, 3.0]]]
    # Columns: (2 - 10) / 2, (4 - 1) / 2, (10 - 2) / 2; (7 - 10) / 2, (5 - 3) / 2, ...
    assert col_gradient.tolist() == [[[-4.0, 1.5, 4.0], [-1.5, 1.0, 1.5]]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("angle", [0, 45, 90, 135, 180, 225, 270, 315])
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_gradient_along_a_direction_votes_for_it_alone(assignment, angle, dtype):
    histogram = one_cell(ramp(angle, dtype=dtype), 8, assignment)
    # The cell's weights sum to (1/3 + 2/3 + 1 + 2/3 + 1/3)^2 = 9, the length is 1.
    expected = torch.zeros(8, dtype=dtype)
    expected[angle // 45] = 9
    torch.testing.assert_close(histogram, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bilinear_vote_is_shared_by_closeness(dtype):
    histogram = one_cell(ramp(30, dtype=dtype), 8, "bilinear")
    # 30 degrees is 2/3 of the way from 0 to 45: 9 / 3 and 9 * 2 / 3.
    expected = torch.tensor([3.0, 6, 0, 0, 0, 0, 0, 0], dtype=dtype)
    torch.testing.assert_close(histogram, expected, rtol=0, atol=1e-5)


def test_bilinear_vote_wraps_from_the_last_direction_to_the_first():
    histogram = one_cell(ramp(-15), 8, "bilinear")
    # 345 degrees is 1/3 of the way from 360 = 0 back to 315.
    expected = torch.tensor([6.0, 0, 0, 0, 0, 0, 0, 3], dtype=torch.float64)
    torch.testing.assert_close(histogram, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("row_step", "col_step", "directions", "lower"),
    [
        (3, 0, 18, 4),  # 90 degrees, half-way between 80 and 100
        (-3, 0, 18, 13),  # 270, between 260 and 280
        (7, 7, 12, 1),  # 45, between 30 and 60
        (7, -7, 12, 4),  # 135, between 120 and 150
        (-7, -7, 12, 7),  # 225, between 210 and 240
        (-7, 7, 12, 10),  # 315, between 300 and 330
    ],
)
def test_hard_tie_goes_to_the_lower_direction(
    row_step, col_step, directions, lower, dtype
):
    rows, cols = torch.arange(7, dtype=dtype)[:, None], torch.arange(7, dtype=dtype)
    image = (row_step * rows + col_step * cols)[None, None]
    histogram = one_cell(image, directions, "hard")
    assert histogram.nonzero().flatten().tolist() == [lower]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize("directions", [7, 8, 18])
def test_cells_equal_a_loop_over_pixels(noise, assignment, directions):
    image = noise(1, 9, 12)
    rows, cols = Axis(3, -0.5, 3), Axis(3, 1.5, 4)
    options = {"directions": directions, "assignment": assignment, "outside": 128.0}
    cells = orientation_cells(image, rows, cols, **options)
    expected = cells_by_loop(image[0, 0], rows, cols, **options)
    torch.testing.assert_close(cells[0], expected)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_gradient_equals_finite_differences(noise, assignment):
    images = noise(1, 5, 6).requires_grad_()
    rows, cols = Axis(2, 0.5, 3), Axis(2, 1.5, 4)

    def cells(images):
        return orientation_cells(
            images, rows, cols, directions=8, assignment=assignment, outside=128.0
        )

    assert torch.autograd.gradcheck(cells, images, eps=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_flat_image_has_no_votes_and_no_gradient(assignment, dtype):
    image = torch.full((1, 1, 7, 7), 77.0, dtype=dtype, requires_grad=True)
    histogram = one_cell(image, 8, assignment)
    histogram.sum().backward()
    assert histogram.abs().max() == 0
    assert image.grad.abs().max() == 0


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_pixel_that_is_not_a_number_spoils_its_own_image_only(noise, assignment):
    images = noise(3, 7, 7, dtype=torch.float32)
    images[1, 0, 3, 3] = torch.nan
    images.requires_grad_()
    axis = Axis(1, 3.0, 3)
    cells = orientation_cells(
        images, axis, axis, directions=8, assignment=assignment, outside=0.0
    )
    cells.sum().backward()
    assert cells[[0, 2]].isfinite().all()
    assert images.grad[[0, 2]].isfinite().all()
    assert cells[1].isnan().any()


def test_weights_first_used_in_inference_mode_serve_autograd(noise):
    image = noise(1, 11, 13)
    axis = Axis(2, 3.25, 4)
    options = {"directions": 8, "assignment": "bilinear", "outside": 0.0}
    with torch.inference_mode():
        expected = orientation_cells(image, axis, axis, **options)
    image.requires_grad_()
    cells = orientation_cells(image, axis, axis, **options)
    cells.sum().backward()
    assert torch.equal(cells, expected)
    assert image.grad.isfinite().all()


def test_unknown_assignment_is_refused():
    with pytest.raises(ValueError, match="one of hard, bilinear; got 'soft'"):
        one_cell(ramp(0), 8, "soft")
