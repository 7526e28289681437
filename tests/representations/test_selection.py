import pytest
import torch

from stages.representations.hog import Hog
from stages.representations.receptive_field import field
from stages.representations.selection import (
    Selection,
    mask,
    resolve_channels,
    resolve_region,
    selection,
)


@pytest.mark.parametrize(
    ("channels", "k", "expected"),
    [
        ("all", 4, None),
        ("first-half", 4, (0, 1)),
        ("second-half", 4, (2, 3)),
        ("first-half", 27, tuple(range(14))),  # the middle one, 13, comes first
        ("second-half", 27, tuple(range(14, 27))),
        ([7, 2], 8, (2, 7)),
        ([1, 0, 2], 3, None),
    ],
)
def test_channels_become_ascending_numbers(channels, k, expected):
    assert resolve_channels(channels, k) == expected


@pytest.mark.parametrize(
    ("region", "r", "s", "expected"),
    [
        ("all", 6, 7, None),
        ({"centre": 5}, 13, 13, (4, 9, 4, 9)),  # ceil((13 - 5 + 1) / 2) = 5, from 1
        ({"centre": 3}, 6, 8, (1, 4, 2, 5)),  # ceil(4 / 2) = 2 and ceil(6 / 2) = 3
        ({"centre": 6}, 6, 6, None),
        ([0, 2, 3, 7], 6, 7, (0, 2, 3, 7)),
        ([0, 6, 0, 7], 6, 7, None),
    ],
)
def test_region_becomes_a_window_of_cells(region, r, s, expected):
    assert resolve_region(region, r, s) == expected


@pytest.mark.parametrize(
    "channels", ["third-half", [], [0, 0], [-1], [4], "second-half"]
)
def test_impossible_channels_are_refused_with_the_choices(channels):
    k = 1 if channels == "second-half" else 4
    message = rf"all, first-half, second-half .* in 0\.\.{k - 1}; got "
    with pytest.raises(ValueError, match=message):
        resolve_channels(channels, k)


@pytest.mark.parametrize(
    "region",
    [
        "centre",
        {"centre": 0},
        {"centre": 7},
        {"center": 3},
        {"centre": 3, "size": 2},
        [0, 1, 2],
        [2, 2, 0, 1],
        [0, 7, 0, 1],
        [0, 1, 0, 9],
        [-1, 1, 0, 1],
    ],
)
def test_impossible_region_is_refused_with_the_choices(region):
    message = r"k in 1\.\.6, or .* rows up to 6, columns up to 8; got "
    with pytest.raises(ValueError, match=message):
        resolve_region(region, 6, 8)


@pytest.mark.parametrize("channels", [(), (1, 0), (2, 2), (-1,)])
def test_selection_needs_ascending_channels(channels):
    with pytest.raises(ValueError, match=r"`channels` must be None or ascending"):
        Selection(channels=channels)


@pytest.mark.parametrize("window", [(1, 1, 0, 2), (0, 2, 3, 1), (-1, 2, 0, 2)])
def test_selection_needs_a_window_with_cells(window):
    with pytest.raises(ValueError, match=r"0 <= first < end, got \("):
        Selection(window=window)


def test_mask_is_one_at_the_selected_entries_only():
    chosen = mask(Selection((0, 2), (1, 3, 0, 1)), (3, 3, 2))
    rows = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    nothing = [[0.0, 0.0]] * 3
    assert chosen.tolist() == [rows, nothing, rows]


def test_mask_of_everything_is_one_in_the_dtype_asked_for():
    chosen = mask(Selection(), (2, 3, 4), dtype=torch.float64)
    assert torch.equal(chosen, torch.ones(2, 3, 4, dtype=torch.float64))


@pytest.mark.parametrize(
    "chosen", [Selection(channels=(3,)), Selection(window=(0, 3, 0, 5))]
)
def test_mask_outside_the_code_is_refused(chosen):
    with pytest.raises(ValueError, match=r"inside the code shape \(3, 4, 4\)"):
        mask(chosen, (3, 4, 4))


def test_excluded_entries_have_exactly_no_gradient(noise):
    hog = Hog()
    image = noise(1, 96, 96, dtype=torch.float32).requires_grad_()
    code = hog(image)
    chosen = selection("first-half", {"centre": 2}, tuple(code.shape[1:]))
    weights = mask(chosen, tuple(code.shape[1:]))
    generator = torch.Generator().manual_seed(1)
    target = torch.rand(code.shape, generator=generator)
    error = (weights * (code - target)).square().sum()
    on_code, on_image = torch.autograd.grad(error, [code, image])
    assert torch.equal(on_code != 0, (weights != 0)[None])
    # No pixel outside the window's receptive field moves the selected entries.
    first_row, end_row, first_col, end_col = field(
        hog.geometry("hog"), chosen.window, 96, 96
    )
    seen = torch.zeros(96, 96, dtype=torch.bool)
    seen[first_row:end_row, first_col:end_col] = True
    assert on_image[0, 0, ~seen].abs().max() == 0
    assert on_image[0, 0, seen].abs().max() > 0


def test_excluded_entries_of_the_target_do_not_matter(noise):
    image = noise(1, 48, 48, dtype=torch.float32).requires_grad_()
    hog = Hog()
    weights = mask(Selection((1, 5), (0, 3, 2, 4)), (27, 6, 6))
    gradients = []
    for excluded in (0.0, 9.0):
        target = torch.where(weights == 0, excluded, 0.1)
        error = (weights * (hog(image) - target)).square().sum()
        gradients.append(torch.autograd.grad(error, image)[0])
    assert torch.equal(*gradients)
