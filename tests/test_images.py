"""Pixel space: there and back, squares, hashes, the size's constant, last bits."""

import numpy as np
import pytest
import torch
from PIL import Image

from stages import images

# Functions whose last bit may depend on where in a tensor a number is.
FUNCTIONS = {
    "power": lambda x: x.pow(0.3),
    "sigmoid": torch.sigmoid,
    "exponential": torch.exp,
}


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8)).convert(mode)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_a_picture_survives_the_way_there_and_back(channels, mode):
    original = picture(5, 7, mode)
    image = images.image_from_picture(original, channels)
    assert image.shape == (channels, 7, 5)
    back = images.picture_from_image(image)
    assert (back.mode, back.tobytes()) == (mode, original.tobytes())
    again = images.picture_from_png(images.png(back))
    assert again.tobytes() == original.tobytes()


def test_pixels_beyond_the_range_are_clipped_and_rounded():
    image = torch.tensor([[[-3.0, 0.4, 0.6, 254.6, 300.0]]])
    assert list(images.picture_from_image(image).tobytes()) == [0, 0, 1, 255, 255]


def test_row_and_column_keep_their_places():
    wide = Image.new("L", (3, 2))
    wide.putpixel((2, 0), 255)  # Pillow counts column, row
    assert images.image_from_picture(wide, 1)[0, 0, 2] == 255


def test_two_channels_are_refused():
    with pytest.raises(ValueError, match=r"`channels` must be 1 or 3, got 2"):
        images.image_from_picture(picture(4, 4), 2)


@pytest.mark.parametrize("size", [(64, 32), (32, 64), (33, 100), (16, 16), (7, 400)])
def test_a_square_has_the_size_asked_for(size):
    assert images.square(picture(*size), 16).size == (16, 16)


def test_a_square_takes_the_centre():
    wide = Image.new("L", (48, 16))
    wide.paste(200, (16, 0, 32, 16))
    assert set(images.square(wide, 16).tobytes()) == {200}


def test_the_hash_knows_pixels_mode_and_size():
    base = picture(8, 4)
    changed = base.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    others = [changed, base.convert("L"), base.transpose(Image.Transpose.ROTATE_90)]
    hashes = {images.pixel_hash(one) for one in [base, *others]}
    assert len(hashes) == 4
    assert images.pixel_hash(base) == images.pixel_hash(base.copy())
    assert len(images.pixel_hash(base)) == 16


def test_reference_norm_is_the_authors_constant():
    # x0_sigma.mat: 27098.1 at 227 x 227 x 3
    assert images.reference_norm((3, 227, 227)) == pytest.approx(27098.1, rel=1e-4)


@pytest.mark.parametrize("side", [29, 30, 31, 33])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_bits_do_not_depend_on_the_place_in_the_batch(name, side):
    function = FUNCTIONS[name]
    batch = torch.rand(5, 1, side, side, generator=torch.Generator().manual_seed(0))
    found = images.image_by_image(function, batch)
    backwards = images.image_by_image(function, batch.flip(0)).flip(0)
    assert torch.equal(found, backwards)
    assert torch.allclose(found, function(batch), rtol=1e-6)


def test_several_batches_are_taken_together():
    rows, columns = torch.randn(2, 3, 5, 5)
    found = images.image_by_image(torch.atan2, rows, columns)
    assert torch.allclose(found, torch.atan2(rows, columns), rtol=1e-6)


def test_batches_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        images.image_by_image(torch.atan2, torch.ones(3, 2), torch.ones(2, 2))
