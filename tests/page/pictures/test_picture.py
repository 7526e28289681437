"""Pillow alone gives the pixels and the bytes that the study's own functions give."""

import numpy as np
import pytest
from PIL import Image as PillowImage

from stages import images
from stages.page.pictures.picture import decoded, encoded, square


@pytest.fixture(params=[(37, 23), (23, 37), (16, 16)])
def picture(request):
    width, height = request.param
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3))
    return PillowImage.fromarray(pixels.astype(np.uint8))


@pytest.mark.parametrize("side", [8, 23, 64])
def test_a_square_is_what_a_representation_sees(picture, side):
    ours, theirs = square(picture, side), images.square(picture, side)
    assert ours.size == (side, side)
    assert ours.tobytes() == theirs.tobytes()


def test_a_picture_has_the_same_bytes_as_in_the_store(picture):
    assert encoded(picture) == images.png(picture)
    assert decoded(encoded(picture)).tobytes() == picture.tobytes()
