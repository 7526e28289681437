import pytest
import torch

from stages.representations.caffenet import CaffeNet
from stages.representations.hog import Hog
from stages.representations.points import Grid
from stages.representations.receptive_field import Geometry, field
from stages.representations.selection import (
    Selection,
    mask,
    patch_tokens,
    random_channels,
    resolve_channels,
    resolve_region,
    shared_window,
    with_top_channels,
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
    k, r, s = code.shape[1:]
    channels = resolve_channels("first-half", k)
    chosen = Selection(channels, resolve_region({"centre": 2}, r, s))
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


@pytest.mark.parametrize(("choice", "n"), [("half", 5), (3, 3)])
def test_random_channels_are_so_many_seeded_and_ascending(choice, n):
    drawn = random_channels(choice, 0, 9)
    assert drawn == random_channels(choice, 0, 9)
    assert len(set(drawn)) == n
    assert list(drawn) == sorted(drawn)
    assert all(0 <= channel < 9 for channel in drawn)
    assert len({random_channels(choice, seed, 9) for seed in range(9)}) > 1


def test_as_many_random_channels_as_there_are_select_all():
    assert random_channels(4, 0, 4) is None


@pytest.mark.parametrize("choice", [0, 5, "third"])
def test_impossible_numbers_of_random_channels_are_refused(choice):
    with pytest.raises(ValueError, match=r"`random` must be half or 1\.\.4 channels"):
        random_channels(choice, 0, 4)


def test_top_channels_are_those_of_the_most_energy_in_this_code():
    code = torch.zeros(4, 2, 2)
    code[0], code[1, 0, 0], code[3] = 1.0, -3.0, 2.0  # energies 4, 9, 0, 16
    chosen = Selection(window=(0, 1, 0, 1), top=2)
    assert with_top_channels(chosen, code) == Selection((1, 3), (0, 1, 0, 1))
    assert with_top_channels(Selection(top=1), code) == Selection((3,))
    assert with_top_channels(Selection(top=1), code.flip(0)) == Selection((0,))
    assert with_top_channels(Selection(top=4), code) == Selection()
    assert with_top_channels(Selection((2,)), code) == Selection((2,))


def test_of_equally_strong_channels_the_first_are_taken():
    assert with_top_channels(Selection(top=2), torch.ones(5, 3, 3)) == Selection((0, 1))


def test_top_needs_a_code_before_it_is_a_mask():
    with pytest.raises(ValueError, match="must be resolved"):
        mask(Selection(top=2), (4, 2, 2))


@pytest.mark.parametrize("changes", [{"top": 0}, {"top": 1, "channels": (0,)}])
def test_top_goes_alone_and_is_positive(changes):
    with pytest.raises(ValueError, match="`top` must be None or at least 1"):
        Selection(**changes)


@pytest.mark.parametrize(
    ("share", "window"),
    [
        # Of 64 pixels, cells 8 apart that see 16: n of them see 8 n + 8, clipped.
        (0.0625, (3, 4, 3, 4)),  # 16^2 / 64^2
        (0.14, (3, 4, 3, 4)),
        (0.141, (3, 5, 3, 5)),  # 24^2 / 64^2 = 0.1406
        (0.99, (0, 7, 0, 7)),  # 60^2 / 64^2: clipped at one side alone
        (1.0, None),
    ],
)
def test_share_is_the_largest_centred_window_that_sees_no_more(share, window):
    assert shared_window(share, Geometry(8, 16, -4), 8, 64) == window


def test_a_share_below_what_one_cell_sees_is_refused_with_the_least():
    with pytest.raises(ValueError, match=r"at least 0\.062, .* got 0\.05"):
        shared_window(0.05, Geometry(8, 16, -4), 8, 64)


@pytest.mark.parametrize(
    "chosen",
    [
        Selection(random_channels(3, 0, 8)),
        Selection(window=(1, 3, 2, 4)),
        Selection((1, 4), (0, 2, 0, 2)),
    ],
)
def test_pixels_outside_the_field_have_exactly_no_gradient_in_a_network(chosen):
    network = CaffeNet((8, 8, 8, 8, 8), (8, 8), 4, 64, (5, 2, 1)).cut("pool1")
    image = (torch.rand(1, 3, 64, 64) * 255).requires_grad_()
    code = network(image)
    k, r, s = code.shape[1:]
    weights = mask(chosen, (k, r, s))
    (on_image,) = torch.autograd.grad((weights * code).square().sum(), image)
    window = chosen.window or (0, r, 0, s)
    row, end_row, col, end_col = field(network.geometry("pool1"), window, 64, 64)
    outside = torch.ones(64, 64, dtype=torch.bool)
    outside[row:end_row, col:end_col] = False
    assert torch.count_nonzero(on_image[..., outside]) == 0
    assert torch.count_nonzero(on_image) > 0


# tokens -----------------------------------------------------------------------------


def test_chosen_tokens_are_rows_of_a_column():
    chosen = mask(Selection(channels=(1,), tokens=(0, 3)), (2, 5, 1))
    assert chosen[:, :, 0].tolist() == [[0] * 5, [1, 0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("selection", "shape", "match"),
    [
        (Selection(tokens=(5,)), (2, 5, 1), r"must be in 0\.\.4"),
        (Selection(tokens=(0, 5)), (2, 5, 1), r"must be in 0\.\.4"),
        (Selection(tokens=(1,)), (2, 5, 5), "of a code of one column"),
    ],
)
def test_tokens_that_are_not_there_are_refused(selection, shape, match):
    with pytest.raises(ValueError, match=match):
        mask(selection, shape)


@pytest.mark.parametrize("tokens", [(), (2, 1), (-1,)])
def test_tokens_ascend_from_zero(tokens):
    with pytest.raises(ValueError, match="`tokens` must be None or ascending"):
        Selection(tokens=tokens)


def test_tokens_and_a_window_exclude_each_other():
    with pytest.raises(ValueError, match="without `window`"):
        Selection(window=(0, 1, 0, 1), tokens=(0,))


def test_a_window_of_patches_is_a_set_of_tokens():
    patches = Grid(rows=2, columns=3, first=1)
    assert patch_tokens((1, 2, 0, 2), patches, 7) == (4, 5)
    assert patch_tokens(None, patches, 7) == (1, 2, 3, 4, 5, 6)
    assert patch_tokens(None, Grid(2, 3, 0), 6) is None
