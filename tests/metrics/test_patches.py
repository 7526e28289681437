"""Patch matches by hand and by loops; what shifts, permutations and flatness do."""

import math
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics import patches
from stages.metrics.patches import patch_similarities

SEEDS = st.integers(0, 2**32)


def random_maps(seed, shape=(2, 8, 4, 5)):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).clamp(min=0)


def looped(preimage, original, other):
    """Return the four means of one image, from plain loops over pairs of places."""
    _, height, width = original.shape
    places = [(row, col) for row in range(height) for col in range(width)]
    centre = original.double().mean(dim=(1, 2))

    def direction(features, place):
        centred = features[:, place[0], place[1]].double() - centre
        return centred / centred.norm()

    totals = [0.0] * 4
    for here in places:
        wanted = direction(original, here)
        found = [float(wanted @ direction(preimage, there)) for there in places]
        match = places[found.index(max(found))]
        rows, cols = (here[0] - match[0]) / height, (here[1] - match[1]) / width
        totals[0] += found[places.index(here)]
        totals[1] += max(found)
        totals[2] += max(float(wanted @ direction(other, there)) for there in places)
        totals[3] += math.sqrt(rows**2 + cols**2)
    return [total / len(places) for total in totals]


class Matches(NamedTuple):
    same: torch.Tensor
    anywhere: torch.Tensor
    other: torch.Tensor
    displacement: torch.Tensor


def patch_matches(preimage_map, original_map, other_map):
    """Return the four metrics of the table, nan for the null without another map."""
    own = patch_similarities(preimage_map, original_map)
    null = torch.full((len(original_map),), torch.nan, dtype=torch.float64)
    if other_map is not None:
        null = patches.anywhere(patch_similarities(other_map, original_map))
    return Matches(
        patches.same(own), patches.anywhere(own), null, patches.displacement(own)
    )


def values(matches):
    """Return one list for each image."""
    return torch.stack(list(matches), dim=1).tolist()


def test_matches_by_hand():
    # Two places; the original's mean is (2, 2), so its directions are (1, -1) and
    # (-1, 1), over sqrt(2). The pre-image's are (0, -1) and, at the centre, none:
    # cosines 1/sqrt(2), 0 and -1/sqrt(2), 0.
    original = torch.tensor([[[[3.0, 1.0]], [[1.0, 3.0]]]])
    preimage = torch.tensor([[[[2.0, 2.0]], [[0.0, 2.0]]]])
    # The other's are both (-1, 1) / sqrt(2): cosines -1 and 1.
    other = torch.tensor([[[[0.0, 1.0]], [[4.0, 3.0]]]])
    # Same: (1/sqrt(2) + 0) / 2; anywhere equally; other: (-1 + 1) / 2 = 0.
    expected = [math.sqrt(0.5) / 2, math.sqrt(0.5) / 2, 0.0, 0.0]
    assert values(patch_matches(preimage, original, other))[0] == pytest.approx(
        expected, abs=1e-12
    )


def test_swapped_places_by_hand():
    original = torch.tensor([[[[3.0, 1.0]], [[1.0, 3.0]]]])
    # Each patch lies one cell of two away.
    found = values(patch_matches(original.flip(3), original, None))[0]
    assert found == pytest.approx([-1.0, 1.0, math.nan, 0.5], nan_ok=True)


def test_matches_agree_with_loops():
    preimages, originals, others = (random_maps(seed) for seed in (0, 1, 2))
    found = values(patch_matches(preimages, originals, others))
    for index in range(2):
        expected = looped(preimages[index], originals[index], others[index])
        assert found[index] == pytest.approx(expected, abs=1e-9)


def test_equal_maps_match_in_place():
    original = random_maps(3)
    found = values(patch_matches(original, original, original))
    assert found == [pytest.approx([1.0, 1.0, 1.0, 0.0])] * 2


def test_equal_patches_of_equal_maps_match_in_place():
    # Left half and right half alike: every patch is there twice.
    original = random_maps(4, (1, 8, 4, 3)).repeat(1, 1, 1, 2)
    assert patch_matches(original, original, None).displacement.tolist() == [0.0]


def test_nearly_equal_patches_match_in_place():
    # What two orders of summation in float32 leave between equal patches.
    original = random_maps(4, (1, 8, 4, 3)).double().repeat(1, 1, 1, 2)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(original.shape, generator=generator) * 1e-7
    found = patch_matches(original * (1 + noise), original, None)
    assert found.displacement.tolist() == [0.0]


def test_a_shifted_map_keeps_its_patches_and_loses_their_places():
    original = random_maps(5)
    found = patch_matches(original.roll(1, dims=3), original, None)
    assert found.anywhere.tolist() == pytest.approx([1.0, 1.0])
    assert float(found.same.max()) < 0.5
    # Of five columns four match one column on, one four columns back: 8 / 5 of 5.
    assert found.displacement.tolist() == pytest.approx([8 / 5 / 5] * 2)


def test_rows_and_columns_are_shares_of_their_own_sides():
    original = random_maps(6)
    found = patch_matches(original.roll(2, dims=2), original, None)
    # Every row of four matches two rows away, half of the side.
    assert found.displacement.tolist() == pytest.approx([0.5, 0.5])


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_order_of_the_places_matters_to_same_and_displacement_alone(seed):
    preimages, originals, others = (random_maps(seed + i) for i in range(3))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(20, generator=generator)
    permuted = preimages.flatten(2)[:, :, order].reshape(preimages.shape)
    found, again = (patch_matches(x, originals, others) for x in (preimages, permuted))
    torch.testing.assert_close(found.anywhere, again.anywhere)
    torch.testing.assert_close(found.other, again.other)
    jointly = (
        x.flatten(2)[:, :, order].reshape(x.shape) for x in (preimages, originals)
    )
    moved = patch_matches(*jointly, None)
    torch.testing.assert_close(found.same, moved.same)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_similarities_are_bounded_and_ordered(seed):
    preimages, originals, others = (random_maps(seed + i) for i in range(3))
    found = patch_matches(preimages, originals, others)
    assert bool((found.same <= found.anywhere).all())
    for similarity in (found.same, found.anywhere, found.other):
        assert bool((similarity.abs() <= 1 + 1e-12).all())
    assert bool(((found.displacement >= 0) & (found.displacement < 2**0.5)).all())


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_foreign_preimage_scores_as_another_picture_does(seed):
    preimages, originals, others = (random_maps(seed + i) for i in range(3))
    found = patch_matches(preimages, originals, others)
    swapped = patch_matches(others, originals, preimages)
    assert torch.equal(found.anywhere, swapped.other)
    assert torch.equal(found.other, swapped.anywhere)


def test_scores_do_not_depend_on_the_other_picture():
    preimages, originals, others = (random_maps(seed) for seed in (7, 8, 9))
    found = patch_matches(preimages, originals, others)
    alone = patch_matches(preimages, originals, None)
    assert torch.equal(found.same, alone.same)
    assert torch.equal(found.anywhere, alone.anywhere)
    assert torch.equal(found.displacement, alone.displacement)
    assert alone.other.isnan().all()


def test_features_common_to_all_places_do_not_count():
    preimages, originals, others = (random_maps(seed).double() for seed in (10, 11, 12))
    plain = patch_matches(preimages, originals, others)
    raised = patch_matches(preimages + 3, originals + 3, others + 3)
    torch.testing.assert_close(torch.stack(list(plain)), torch.stack(list(raised)))


def test_places_without_features_are_left_out():
    original = random_maps(13)
    emptied = original.clone()
    emptied[:, :, 0, 0] = 0
    centre = emptied.double().mean(dim=(2, 3), keepdim=True)
    # Every other place is unchanged, this one would match nowhere.
    preimage = emptied.double()
    preimage[:, :, 0, 0] = 2 * centre[:, :, 0, 0]
    found = patch_matches(preimage, emptied.double(), None)
    assert found.same.tolist() == pytest.approx([1.0, 1.0])
    assert found.displacement.tolist() == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_an_original_without_structure_has_no_patches(level):
    flat, other = torch.full((1, 8, 7, 9), level), random_maps(14, (1, 8, 7, 9))
    # Not flat to the last bit, as a network on a flat picture.
    almost = flat * (1 + 1e-7 * random_maps(15, (1, 8, 7, 9)))
    for original in (flat, almost):
        found = values(patch_matches(other, original, other))[0]
        assert all(math.isnan(value) for value in found)


def test_a_preimage_at_the_centre_is_like_nothing():
    original = random_maps(15).double()
    flat = original.mean(dim=(2, 3), keepdim=True).expand_as(original)
    found = values(patch_matches(flat, original, None))
    assert found == [pytest.approx([0.0, 0.0, math.nan, 0.0], nan_ok=True)] * 2


def test_an_image_scores_the_same_alone_as_in_company():
    maps = [random_maps(seed) for seed in (16, 17, 18)]
    together, alone = patch_matches(*maps), patch_matches(*(x[1:] for x in maps))
    for one, other in zip(alone, together, strict=True):
        torch.testing.assert_close(one, other[1:])
