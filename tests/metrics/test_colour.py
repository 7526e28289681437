"""Luma and chroma errors by hand, against scikit-image, and what each is blind to."""

import math

import numpy as np
import pytest
import skimage.color
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.colour import chroma_error, luma_error

LEVELS = st.lists(st.floats(0, 255, width=32), min_size=3, max_size=3)


def colour(*levels):
    """Return an image of one pixel for each colour."""
    return torch.tensor(levels).float().T.reshape(1, 3, 1, len(levels))


def random_images(seed, shape=(2, 3, 9, 7)):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator) * 255


def test_errors_by_hand():
    black, red = colour([0, 0, 0]), colour([255, 0, 0])
    # Y = 0.299 * 255 = 76.245; Cb = -76.245 / 1.772 = -43.0276,
    # Cr = (255 - 76.245) / 1.402 = 127.5; sqrt((43.0276^2 + 127.5^2) / 2) = 95.1515.
    assert luma_error(red, black).tolist() == pytest.approx([76.245])
    assert chroma_error(red, black).tolist() == pytest.approx([95.1515], abs=1e-4)


def test_an_error_is_the_root_of_the_mean_square_over_pixels():
    # White against black in one pixel of four: sqrt(255^2 / 4) = 127.5.
    white, black = [255, 255, 255], [0, 0, 0]
    found = luma_error(colour(white, *[black] * 3), colour(*[black] * 4))
    assert found.tolist() == pytest.approx([127.5])


def test_luma_of_grey_images_is_their_level_and_they_have_no_chroma():
    greys, levels = torch.full((2, 1, 3, 3), 100.0), torch.full((2, 1, 3, 3), 90.0)
    assert luma_error(greys, levels).tolist() == [10.0, 10.0]
    assert all(math.isnan(error) for error in chroma_error(greys, levels).tolist())


def test_errors_agree_with_scikit_image():
    preimages, originals = random_images(0), random_images(1)
    # Its YCbCr is 219 and 224 levels wide.
    a, b = (
        skimage.color.rgb2ycbcr(images.numpy().astype(float) / 255, channel_axis=1)
        for images in (preimages, originals)
    )
    luma = np.sqrt(((a - b)[:, 0] ** 2).mean(axis=(1, 2))) * 255 / 219
    chroma = np.sqrt(((a - b)[:, 1:] ** 2).mean(axis=(1, 2, 3))) * 255 / 224
    # It rounds its matrix to three decimals.
    assert luma_error(preimages, originals).tolist() == pytest.approx(luma, rel=1e-4)
    assert chroma_error(preimages, originals).tolist() == pytest.approx(
        chroma, rel=1e-4
    )


@settings(max_examples=25, deadline=None)
@given(LEVELS, st.floats(-100, 100, width=32))
def test_a_change_of_brightness_alone_is_no_error_of_chroma(levels, offset):
    original, preimage = colour(levels).double(), colour(levels).double() + offset
    found = luma_error(preimage, original).tolist()
    assert found == pytest.approx([abs(offset)], abs=1e-9)
    assert float(chroma_error(preimage, original)) < 1e-9


def test_a_change_of_colour_alone_is_no_error_of_luma():
    original = colour([100, 100, 100]).double()
    # 0.299 * 58.7 = 0.587 * 29.9: red is traded for green at equal luma.
    trade = torch.tensor([58.7, -29.9, 0.0], dtype=torch.float64).reshape(1, 3, 1, 1)
    preimage = original + trade
    assert float(luma_error(preimage, original)) < 1e-12
    # Cb stays, Cr moves by 58.7 / 1.402 = 41.869: 41.869 / sqrt(2) = 29.606.
    found = float(chroma_error(preimage, original))
    assert found == pytest.approx(29.606, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(LEVELS, LEVELS)
def test_errors_are_symmetric_zero_on_identity_and_bounded(first, second):
    a, b = colour(first), colour(second)
    for error in (luma_error, chroma_error):
        assert torch.equal(error(a, b), error(b, a))
        assert float(error(a, a)) == 0
        assert 0 <= float(error(a, b)) <= 255 + 1e-9


def test_an_image_has_the_same_errors_alone_as_in_company():
    preimages, originals = random_images(2), random_images(3)
    for error in (luma_error, chroma_error):
        alone = error(preimages[1:], originals[1:])
        torch.testing.assert_close(alone, error(preimages, originals)[1:])


@pytest.mark.parametrize("error", [luma_error, chroma_error])
def test_other_numbers_of_channels_are_refused(error):
    with pytest.raises(ValueError, match=r"1 or 3 channels, got 2"):
        error(torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 3))
