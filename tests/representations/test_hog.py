import pytest
import torch

from stages.representations.hog import Hog

DTYPES = [torch.float32, torch.float64]
PICTURES = ["goggle-hog", "goggle-fish", "zebra"]
ALL_PICTURES = [*PICTURES, *(f"{picture}-jit" for picture in PICTURES)]
ASSIGNMENTS = {"hog": "hard", "hogb": "bilinear"}


def code_from_definition(cells):
    """Return the code of one image's directed cells, block by block."""
    directions, r, s = cells.shape
    k = directions // 2
    opposite = cells[:k] + cells[k:]
    both = torch.cat([cells, opposite])
    code = torch.zeros_like(both)
    for row in range(r - 1):
        for col in range(s - 1):
            block = opposite[:, row : row + 2, col : col + 2]
            norm = (block.square().sum() + 1e-6).sqrt()
            for i in (row, row + 1):
                for j in (col, col + 1):
                    code[:, i, j] += (both[:, i, j] / norm).clamp(max=0.2) / 2
    return code


def step_edge(dtype=torch.float64):
    """Return an edge between columns 15 and 16 of 32: a gradient of 0 degrees."""
    image = torch.full((1, 1, 32, 32), 100.0, dtype=dtype)
    image[..., 16:] = 180
    return image


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("picture", ALL_PICTURES)
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_cell_equals_the_reference_network(reference, name, picture, dtype):
    arrays = reference(f"{name}_{picture}")
    code = Hog(assignment=ASSIGNMENTS[name])(arrays["image"].to(dtype))
    expected = arrays["net_features"].to(dtype)
    torch.testing.assert_close(code, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("picture", ALL_PICTURES)
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_interior_cells_equal_vlfeat(reference, name, picture, dtype):
    arrays = reference(f"{name}_{picture}")
    code = Hog(assignment=ASSIGNMENTS[name])(arrays["image"].to(dtype))
    # VLFeat's texture channels 27..30 are no part of the paper's HOG; its treatment of
    # the border differs in the two outer rings.
    expected = arrays["features"][:, :27].to(dtype)
    torch.testing.assert_close(
        code[..., 2:-2, 2:-2], expected[..., 2:-2, 2:-2], rtol=0, atol=1e-4
    )


@pytest.mark.parametrize(
    ("cell", "orientations", "height", "width"), [(8, 9, 37, 29), (5, 4, 21, 33)]
)
def test_code_equals_the_definition_in_loops(noise, cell, orientations, height, width):
    hog = Hog(cell=cell, orientations=orientations)
    images = noise(2, height, width)
    for code, cells in zip(hog(images), hog.cells(images), strict=True):
        torch.testing.assert_close(code, code_from_definition(cells))


@pytest.mark.parametrize(
    ("cell", "height", "width", "rows", "cols"),
    # Rounded to whole cells: 37 / 8 = 4.6, 29 / 8 = 3.6, 19 / 5 = 3.8, 12 / 5 = 2.4.
    [(8, 37, 29, 5, 4), (5, 19, 12, 4, 2), (2, 8, 9, 4, 5)],
)
def test_code_has_three_channels_an_orientation(noise, cell, height, width, rows, cols):
    code = Hog(cell=cell, orientations=6)(noise(2, height, width))
    assert code.shape == (2, 18, rows, cols)
    assert code.min() >= 0
    assert code.max() <= 0.4


@pytest.mark.parametrize("assignment", ASSIGNMENTS.values())
def test_step_edge_fills_only_the_channels_of_its_orientation(assignment):
    hog = Hog(orientations=6, assignment=assignment)
    code = hog(step_edge())[:, :, 1:-1, 1:-1]
    upright = list(hog.channels_of_orientations([0]))
    assert upright == [0, 6, 12]
    assert code[:, upright].sum() > 0
    assert code.sum() == pytest.approx(code[:, upright].sum().item(), abs=1e-9)


@pytest.mark.parametrize("assignment", ASSIGNMENTS.values())
def test_quarter_turn_moves_a_step_edge_to_the_perpendicular_orientation(assignment):
    hog = Hog(orientations=6, assignment=assignment)
    code = hog(step_edge())
    turned = hog(step_edge().transpose(2, 3))
    # 90 degrees of 180 are 3 of 6 orientations; an edge gives no other than 0 and 3
    # inside, where no pixel sees past the border.
    inside = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    columns = code[inside].transpose(2, 3)
    torch.testing.assert_close(turned[inside][:, [3, 15]], columns[:, [0, 12]])


def test_disc_has_the_same_energy_in_every_orientation():
    position = torch.arange(64, dtype=torch.float64) - 31.5
    radius = (position[:, None].square() + position.square()).sqrt()
    disc = 128 + 100 * torch.sigmoid((20 - radius) / 2)
    cells = Hog(assignment="bilinear").cells(disc[None, None])
    energy = cells.sum(dim=(0, 2, 3))
    assert energy.max() / energy.min() < 1.02


def test_constant_added_changes_nothing_inside(noise):
    image = noise(1, 48, 48) / 2
    hog = Hog()
    difference = hog(image + 40) - hog(image)
    # Cell 1 sees pixel 8 - 13 < 0; cells 2 and 3 see pixels 3..44, so no border.
    assert difference[..., 2:4, 2:4].abs().max() < 1e-12
    assert difference.abs().max() > 1e-3


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
@pytest.mark.parametrize("assignment", ASSIGNMENTS.values())
def test_flat_image_is_zero_inside_and_its_gradient_finite(assignment, level):
    image = torch.full((1, 1, 48, 48), level, requires_grad=True)
    code = Hog(assignment=assignment)(image)
    code.square().sum().backward()
    # Past the border lies grey 128, which only a flat 128 meets without an edge.
    assert code[..., 2:4, 2:4].abs().max() == 0
    assert (code.abs().max() == 0) == (level == 128)
    assert image.grad.isfinite().all()


@pytest.mark.parametrize("assignment", ASSIGNMENTS.values())
def test_single_bright_pixel_has_a_finite_gradient(assignment):
    image = torch.full((1, 1, 32, 32), 128.0)
    image[..., 12, 17] = 255
    image.requires_grad_()
    Hog(assignment=assignment)(image).sum().backward()
    assert image.grad.isfinite().all()
    assert image.grad.abs().max() > 0


@pytest.mark.parametrize("assignment", ASSIGNMENTS.values())
@pytest.mark.parametrize("cell", [3, 4])
def test_gradient_equals_finite_differences(noise, cell, assignment):
    hog = Hog(cell=cell, orientations=4, assignment=assignment)
    images = noise(2, 17, 13).requires_grad_()
    assert torch.autograd.gradcheck(hog, images, eps=1e-5, fast_mode=True)


def grown_gradient(code, images):
    """Return the gradient of all of a code: what would make every value larger."""
    images = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(code(images).sum(), images)
    return gradient


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_stand_in_of_hogb_has_its_values(noise, progress):
    hogb, images = Hog(cell=4, assignment="bilinear"), noise(2, 24, 24)
    assert torch.equal(hogb.relaxed(progress)(images), hogb(images))


def test_stand_in_of_hogb_sees_through_the_clamp_and_less_and_less():
    hogb, images = Hog(assignment="bilinear"), step_edge()
    own = grown_gradient(hogb, images)
    through = [
        (grown_gradient(hogb.relaxed(progress), images) - own).norm()
        for progress in (0.0, 0.5, 1.0)
    ]
    assert through[0] > 1.9 * through[1] > 0
    assert through[2] == 0


def test_stand_in_of_hog_hardens(noise):
    hog, images = Hog(cell=4), noise(2, 24, 24)
    hard = hog(images)
    away = [
        (hog.relaxed(progress)(images) - hard).norm() for progress in (0.0, 0.5, 1.0)
    ]
    assert away[0] > away[1] > away[2]
    assert away[2] < 0.3 * hard.norm()


def test_channels_of_orientations_are_two_directed_and_one_undirected():
    assert Hog().channels_of_orientations([8, 0]) == (0, 8, 9, 17, 18, 26)


@pytest.mark.parametrize("orientations", [[], [9], [-1], [2, 2]])
def test_orientations_outside_the_range_are_refused(orientations):
    with pytest.raises(ValueError, match=r"in 0\.\.8, at least one; got \["):
        Hog().channels_of_orientations(orientations)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": 1}, "`cell` must be at least 2 pixels, got 1"),
        ({"orientations": 1}, "`orientations` must be at least 2, got 1"),
        ({"assignment": "soft"}, "one of hard, bilinear; got 'soft'"),
    ],
)
def test_impossible_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Hog(**options)


def test_smallest_image_is_twelve_pixels(noise):
    assert Hog()(noise(1, 12, 12)).shape == (1, 27, 2, 2)
    with pytest.raises(ValueError, match=r"at least 12 pixels .* \(1, 1, 30, 11\)"):
        Hog()(noise(1, 30, 11))


def test_colour_image_is_refused():
    with pytest.raises(ValueError, match=r"1 channel\(s\), got .*\(2, 3, 16, 16\)"):
        Hog()(torch.zeros(2, 3, 16, 16))
