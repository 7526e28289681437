import math

import pytest
import torch

from stages.representations.dsift import Dsift

DTYPES = [torch.float32, torch.float64]
PICTURES = [
    picture + suffix
    for picture in ("goggle-hog", "goggle-fish", "zebra")
    for suffix in ("", "-jit")
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("picture", PICTURES)
def test_descriptors_equal_the_reference_network(reference, picture, dtype):
    arrays = reference(f"dsift_{picture}")
    code = Dsift()(arrays["image"].to(dtype))
    expected = arrays["net_features"].to(dtype)
    torch.testing.assert_close(code, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("picture", PICTURES)
def test_cells_equal_vlfeat(reference, picture, dtype):
    arrays = reference(f"dsift_{picture}")
    cells = Dsift().cells(arrays["image"].to(dtype))
    expected = arrays["cells"].to(dtype)
    largest = expected.max().item()
    torch.testing.assert_close(cells, expected, rtol=0, atol=1e-4 * largest)


def test_descriptors_equal_the_definition_in_loops(noise):
    sift = Dsift(bin=4, orientations=6)
    image = noise(1, 41, 36)
    cells, code = sift.cells(image)[0], sift(image)[0]
    # Cells (41 - 6) // 4 = 8 high and (36 - 6) // 4 = 7 wide, descriptors 2 and 2.
    assert cells.shape == (6, 8, 7)
    assert code.shape == (96, 2, 2)
    for i in range(2):
        for j in range(2):
            expected = torch.zeros(96, dtype=torch.float64)
            for row in range(4):
                for col in range(4):
                    distance = (row - 1.5) ** 2 + (col - 1.5) ** 2
                    cell = cells[:, 3 * i + row, 3 * j + col]
                    first = 6 * (col + 4 * row)
                    expected[first : first + 6] = cell * math.exp(-distance / 4.5)
            norm = math.sqrt(expected.square().sum().item() + 1e-6)
            torch.testing.assert_close(code[:, i, j], (expected / norm).clamp(max=0.2))


def test_cell_of_a_bright_pixel_is_where_the_formula_says():
    image = torch.full((1, 1, 27, 27), 128.0, dtype=torch.float64)
    image[..., 10, 15] = 168
    cells = Dsift().cells(image)[0]
    # Left of the pixel the gradient is +20 to the right (direction 0), at row 10 and
    # column 14. Cell centres: 5.5, 10.5, 15.5, 20.5. The row's weights are 1 - 4.5 / 5
    # and 1 - 0.5 / 5, the column's 1 - 3.5 / 5 and 1 - 1.5 / 5.
    rows = torch.tensor([0.1, 0.9, 0, 0], dtype=torch.float64)
    cols = torch.tensor([0, 0.3, 0.7, 0], dtype=torch.float64)
    torch.testing.assert_close(cells[0], 20 * torch.outer(rows, cols))


def test_quarter_turn_moves_a_step_edge_to_the_perpendicular_orientation():
    image = torch.full((1, 1, 42, 42), 90.0, dtype=torch.float64)
    image[..., 20:] = 160
    sift = Dsift()
    cells, turned = sift.cells(image), sift.cells(image.transpose(2, 3))
    # Rightwards is direction 0 of 8, downwards direction 2; nothing else has energy.
    torch.testing.assert_close(turned[:, 2], cells[:, 0].transpose(1, 2))
    assert cells[:, 0].sum() > 0
    assert cells[:, 1:].abs().max() < 1e-9


def test_constant_added_changes_nothing(noise):
    image = noise(1, 42, 42) / 2
    torch.testing.assert_close(Dsift()(image + 40), Dsift()(image), rtol=0, atol=1e-12)


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_flat_image_has_zero_code_and_zero_gradient(level):
    image = torch.full((1, 1, 42, 42), level, requires_grad=True)
    code = Dsift()(image)
    code.sum().backward()
    assert code.abs().max() == 0
    assert image.grad.abs().max() == 0


def test_single_bright_pixel_has_a_finite_gradient():
    image = torch.full((1, 1, 27, 27), 0.0)
    image[..., 13, 13] = 255
    image.requires_grad_()
    Dsift()(image).sum().backward()
    assert image.grad.isfinite().all()
    assert image.grad.abs().max() > 0


def test_gradient_equals_finite_differences(noise):
    sift = Dsift(bin=2, orientations=4)
    images = noise(2, 19, 13).requires_grad_()
    assert torch.autograd.gradcheck(sift, images, eps=1e-5, fast_mode=True)


def test_stand_in_has_the_values_and_sees_through_the_clamp(noise):
    sift, images = Dsift(bin=2), noise(1, 27, 27)
    code = sift(images)
    assert (code == 0.2).any()
    gradients = []
    for phi in (sift, sift.relaxed(0.0), sift.relaxed(1.0)):
        seen = images.clone().requires_grad_()
        found = phi(seen)
        assert torch.equal(found, code)
        gradients.append(torch.autograd.grad(found.sum(), seen)[0])
    own, at_first, at_last = gradients
    assert not torch.allclose(own, at_first)
    assert torch.equal(own, at_last)


def test_channels_of_an_orientation_are_one_a_cell():
    expected = tuple(3 + 8 * cell for cell in range(16))
    assert Dsift().channels_of_orientations([3]) == expected


def test_orientation_outside_the_range_is_refused():
    with pytest.raises(ValueError, match=r"in 0\.\.7, at least one; got \[8\]"):
        Dsift().channels_of_orientations([8])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bin": 1}, "`bin` must be at least 2 pixels, got 1"),
        ({"orientations": 2}, "`orientations` must be at least 3, got 2"),
    ],
)
def test_impossible_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Dsift(**options)


def test_smallest_image_is_twenty_seven_pixels(noise):
    assert Dsift()(noise(1, 27, 27)).shape == (1, 128, 1, 1)
    with pytest.raises(ValueError, match=r"at least 27 pixels .* \(1, 1, 26, 90\)"):
        Dsift()(noise(1, 26, 90))
