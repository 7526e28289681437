import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, features

from stages.sources.candidate import READ, BadPicture
from stages.sources.picture import upright


def encoded(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data):
    return upright(lambda: data)


def pixels(data):
    picture = decoded(data)
    assert picture.mode == "RGB"
    return np.asarray(picture)


def reason(data):
    with pytest.raises(BadPicture) as caught:
        decoded(data)
    return f"{caught.value}"


def colours(width=24, height=20):
    """A picture that no turn or mirror maps onto itself."""
    row, col = np.mgrid[:height, :width]
    return np.stack([row * 10, col * 9, (row + 2 * col) % 256], 2).astype(np.uint8)


def chunk(kind, data):
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png_file(width, height, depth, colour, rows, *chunks):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return b"".join([start, *chunks, body, chunk(b"IEND", b"")])


# conversions ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP"])
def test_eight_bit_colour_comes_through_unchanged(kind):
    data = encoded(Image.fromarray(colours()), kind, lossless=True)
    assert (pixels(data) == colours()).all()


def test_jpeg_comes_through_as_pillow_decodes_it():
    data = encoded(Image.fromarray(colours()), "JPEG", quality=95)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    assert (pixels(data) == expected).all()


@pytest.mark.skipif(not features.check("avif"), reason="Pillow is built without AVIF")
def test_avif_comes_through_as_pillow_decodes_it():
    data = encoded(Image.fromarray(colours()), "AVIF", quality=95)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    assert (pixels(data) == expected).all()
    assert abs(expected.astype(int) - colours()).mean() < 8


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate"])
@pytest.mark.parametrize("tag", [1, 6])
def test_tiff_of_any_packing_stands_up(compression, tag):
    data = encoded(
        Image.fromarray(colours()), "TIFF", compression=compression, tiffinfo={274: tag}
    )
    assert (pixels(data) == UPRIGHT[tag](colours())).all()


def test_tiff_whose_numbers_have_another_range_is_refused():
    ramp = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    words = "only whole numbers of 8 or 16 bits"
    assert words in reason(encoded(Image.fromarray(ramp), "TIFF"))
    assert words in reason(encoded(Image.fromarray(ramp.astype(np.int32)), "TIFF"))
    deep = Image.fromarray((ramp * 65535).astype(np.uint16))
    assert pixels(encoded(deep, "TIFF"))[-1, -1].tolist() == [255] * 3
    assert words in reason(encoded(deep, "TIFF", tiffinfo={262: 0}))


def test_grey_is_repeated_in_three_channels():
    grey = colours()[:, :, 0]
    assert (pixels(encoded(Image.fromarray(grey))) == grey[:, :, None]).all()


def test_sixteen_bits_are_divided_by_257_and_rounded():
    # 128 / 257 = 0.498 rounds to 0, 129 / 257 = 0.502 to 1.
    levels = np.array([0, 128, 129, 257, 32896, 65406, 65407, 65535], np.uint16)
    expected = [0, 0, 1, 1, 128, 254, 255, 255]
    data = encoded(Image.fromarray(np.tile(levels, (16, 2))))
    assert Image.open(io.BytesIO(data)).mode == "I;16"
    assert (pixels(data)[0, :8, 1] == expected).all()


def test_thirty_two_bit_grey_is_taken_as_sixteen_bits():
    levels = np.full((16, 16), 65535, np.int32)
    levels[0, 0], levels[0, 1] = -5, 70000
    result = np.asarray(upright(lambda: Image.fromarray(levels)))
    assert result[0, 0, 0] == 0
    assert (result.reshape(-1, 3)[1:] == 255).all()


def test_cmyk_jpeg_becomes_rgb():
    inks = Image.new("CMYK", (20, 20), (255, 0, 0, 0))
    cyan = pixels(encoded(inks, "JPEG", quality=100))
    assert abs(cyan.astype(int) - (0, 255, 255)).max() <= 3


def test_palette_with_transparency_shows_white_behind():
    picture = Image.new("P", (20, 20), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(1, (0, 0, 10, 20))
    result = pixels(encoded(picture, transparency=bytes([0, 255])))
    assert tuple(result[0, 0]) == (0, 0, 255)
    assert tuple(result[0, 19]) == (255, 255, 255)


def test_half_transparent_black_becomes_grey():
    # 51 / 255 of black on white: 255 * (1 - 0.2) = 204.
    data = encoded(Image.new("LA", (20, 20), (0, 51)))
    assert (pixels(data) == 204).all()
    data = encoded(Image.new("RGBA", (20, 20), (0, 255, 0, 51)))
    assert (pixels(data) == (204, 255, 204)).all()


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "LA", "RGBA"])
def test_every_mode_with_alpha_turns_white_where_transparent(mode):
    picture = Image.new("LA" if "L" in mode else "RGBA", (20, 20)).convert(mode)
    assert set(upright(lambda: picture).tobytes()) == {255}


def test_colour_key_is_transparent():
    data = encoded(Image.new("L", (20, 20), 7), transparency=7)
    assert (pixels(data) == 255).all()


def test_one_bit_is_black_and_white():
    picture = Image.new("1", (20, 20), 1)
    picture.putpixel((3, 2), 0)
    result = pixels(encoded(picture))
    assert result[2, 3].tolist() == [0, 0, 0]
    assert result.sum() == 255 * 3 * 399


def test_first_frame_of_an_animation_is_taken():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    for kind in ("WEBP", "PNG"):
        data = encoded(
            frames[0], kind, save_all=True, append_images=frames[1:], lossless=True
        )
        assert Image.open(io.BytesIO(data)).n_frames == 2
        assert (pixels(data) == (255, 0, 0)).all()


# orientation ------------------------------------------------------------------------

# What the tag says of the stored picture, undone with numpy.
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored[::-1].transpose(1, 0, 2),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: stored[:, ::-1].transpose(1, 0, 2),
}


@pytest.mark.parametrize("tag", UPRIGHT)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_orientation_is_applied_pixel_by_pixel(tag, kind):
    exif = Image.Exif()
    exif[0x0112] = tag
    data = encoded(Image.fromarray(colours()), kind, exif=exif, lossless=True)
    assert (pixels(data) == UPRIGHT[tag](colours())).all()


def test_jpeg_stored_on_its_side_stands_up():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(colours()), "JPEG", exif=exif, quality=95)
    stored = np.asarray(Image.open(io.BytesIO(data)))
    assert (pixels(data) == UPRIGHT[6](stored)).all()
    assert pixels(data).shape == (24, 20, 3)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0junk", b"Exif\0\0MM\0*\0\0\xff\xff", b"Exif\0\0", b"\xff" * 9]
)
def test_corrupt_metadata_do_not_lose_the_picture(exif):
    data = encoded(Image.fromarray(colours()), exif=exif)
    assert (pixels(data) == colours()).all()


@pytest.mark.parametrize("tag", [0, 9, 65535])
def test_unknown_orientation_is_no_turn(tag):
    exif = Image.Exif()
    exif[0x0112] = tag
    data = encoded(Image.fromarray(colours()), exif=exif)
    assert (pixels(data) == colours()).all()


# refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_cut_file_is_bad_and_not_half_grey(kind, part):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    assert reason(data[: int(len(data) * part)])


def test_what_is_no_picture_is_told_in_the_same_words_each_time():
    page = b"<html><body>Not found</body></html>"
    assert reason(page) == f"not a {READ} picture"
    assert reason(b"") == "the file is empty"


@pytest.mark.parametrize("kind", ["GIF", "PPM", "ICO", "TGA"])
def test_other_formats_are_not_even_tried(kind):
    data = encoded(Image.fromarray(colours()), kind)
    assert reason(data) == f"not a {READ} picture"


@pytest.mark.parametrize(
    ("width", "height"), [(8001, 8000), (10_000, 9_000), (60_000, 60_000)]
)
def test_huge_picture_is_refused_by_its_header(width, height):
    data = png_file(width, height, 8, 2, b"")
    assert reason(data).startswith("more than 64 megapixels")


def test_sixty_four_megapixels_pass_the_header():
    # The header is good and the content missing: another reason.
    assert "megapixels" not in reason(png_file(8000, 8000, 8, 2, b""))


def test_tiny_picture_is_refused_with_its_size():
    assert reason(encoded(Image.new("RGB", (15, 99)))) == (
        "a side is shorter than 16 pixels: 15 x 99"
    )
    assert decoded(encoded(Image.new("RGB", (16, 16)))).size == (16, 16)


def test_strip_that_would_explode_when_enlarged_is_refused():
    assert "over 32 times the other: 16 x 513" in reason(
        encoded(Image.new("L", (16, 513)))
    )
    assert decoded(encoded(Image.new("L", (16, 512)))).size == (16, 512)


def test_bomb_of_text_inside_a_png_is_refused():
    bomb = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"0" * 100_000_000))
    rows = b"".join(b"\0" + bytes(60) for _ in range(20))
    assert reason(png_file(20, 20, 8, 2, rows, bomb))


def test_a_flipped_bit_in_a_png_is_a_reason_and_no_black_picture():
    """Pillow's decoder raises while the orientation is asked for, and once only."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = bytearray(encoded(Image.fromarray(noise)))
    data[len(data) // 2] ^= 16
    picture = Image.open(io.BytesIO(bytes(data)))
    with pytest.raises(OSError, match="broken data stream"):
        picture.getexif()
    picture.load()
    assert not np.asarray(picture)[-1].any()
    assert "broken PNG file" in reason(bytes(data))


def test_a_wrong_checksum_in_a_png_is_a_reason_although_its_rows_decode():
    rows = b"".join(b"\0" + bytes([7] * 60) for _ in range(20))
    data = bytearray(png_file(20, 20, 8, 2, rows))
    assert pixels(bytes(data)).mean() == 7
    data[data.index(b"IDAT") + 4 + len(zlib.compress(rows))] ^= 1
    assert "bad header checksum" in reason(bytes(data))


def test_what_the_reader_raises_is_the_reason():
    def denied():
        raise PermissionError(13, "Permission denied", "/secret/path")

    with pytest.raises(BadPicture, match=r"^Permission denied$"):
        upright(denied)


def test_a_request_to_stop_is_not_taken_for_a_bad_picture():
    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upright(stopped)
