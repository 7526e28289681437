import io

import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

from data.embedded.pictures import load, varied


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(n=64, height=8, width=8):
    """Return pictures whose pixels all differ, three planes alike but for a step."""
    plane = torch.arange(height * width).reshape(height, width)
    return (torch.stack([plane, plane + 70, plane + 140]) % 256).expand(
        n, 3, height, width
    ).to(torch.uint8)  # fmt: skip


def test_pictures_are_decoded_in_the_order_of_the_files(folder):
    pictures, labels = load(folder / "pictures", "train-*.parquet")
    assert pictures.shape == (29, 3, 64, 64)
    assert pictures.dtype == torch.uint8
    assert labels.dtype == torch.int64
    # Files of 16 and 13 pictures, labels 0..3 in turn in each.
    assert labels.tolist() == [k % 4 for k in range(16)] + [k % 4 for k in range(13)]
    jpeg = pq.read_table(folder / "pictures" / "train-1.parquet")["image"][2].as_py()
    with Image.open(io.BytesIO(jpeg)) as picture:
        red, green, blue = picture.getpixel((5, 9))
    assert pictures[18, :, 9, 5].tolist() == [red, green, blue]


def test_missing_pictures_are_named_with_the_remedy(folder):
    with pytest.raises(FileNotFoundError, match=r"No val\.parquet in .*params\.yaml"):
        load(folder, "val.parquet")


def test_without_a_shift_pictures_stay_or_are_mirrored():
    pictures = numbered()
    found = varied(pictures, 8, 0, generator())
    straight, mirrored = pictures[0].float(), pictures[0].float().flip(2)
    same = [torch.equal(image, straight) for image in found]
    flipped = [torch.equal(image, mirrored) for image in found]
    assert all(a != b for a, b in zip(same, flipped, strict=True))
    # Half of 64: more than 4 standard deviations of 4 off would be odd.
    assert 16 < sum(flipped) < 48


def test_shifts_reach_every_place_and_show_the_mirrored_border():
    pictures = numbered(800)
    around = torch.nn.functional.pad(pictures[:1].float(), [2] * 4, mode="reflect")[0]
    # Reflected about the edge pixel, which is not repeated: rows 2, 1, 0, 1, 2.
    assert around[0, :5, 2].tolist() == [16, 8, 0, 8, 16]
    windows = {
        (row, col, flip): (around.flip(2) if flip else around)[
            :, row : row + 8, col : col + 8
        ]
        for row in range(5)
        for col in range(5)
        for flip in (False, True)
    }
    seen = set()
    for image in varied(pictures, 8, 2, generator()):
        places = [p for p, window in windows.items() if torch.equal(image, window)]
        assert len(places) == 1
        seen |= set(places)
    assert seen == set(windows)


def test_rows_are_shifted_apart_from_columns():
    tall = numbered(200, height=12, width=8)
    assert varied(tall, 12, 3, generator()).shape == (200, 3, 12, 8)


def test_generator_alone_decides():
    pictures = numbered()
    torch.manual_seed(1)
    first = varied(pictures, 8, 3, generator(4))
    torch.manual_seed(2)
    assert torch.equal(varied(pictures, 8, 3, generator(4)), first)
    assert not torch.equal(varied(pictures, 8, 3, generator(5)), first)


def test_smaller_images_are_the_varied_ones_resized_with_antialiasing():
    pictures = numbered(16, 16, 16)
    whole = varied(pictures, 16, 2, generator())
    small = varied(pictures, 12, 2, generator())
    expected = interpolate(whole, size=12, mode="bilinear", antialias=True)
    assert small.shape == (16, 3, 12, 12)
    torch.testing.assert_close(small, expected)


def test_levels_stay_in_the_range_of_pixels():
    found = varied(numbered(16, 16, 16), 12, 2, generator())
    assert found.dtype == torch.float32
    assert found.min() >= 0
    assert found.max() <= 255
