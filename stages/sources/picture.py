"""Decoding: whatever a file holds becomes an upright 8-bit RGB picture.

Orientation from EXIF is applied; transparency is composited on white; of an animation
the first frame is taken; 16-bit grey is divided by 257, so that 65535 becomes 255.
Pillow itself keeps only the high byte of 16-bit colour, and a colour key in a 16-bit
picture is lost. Colour profiles are ignored: numbers are taken as sRGB.

A file is decoded once, strictly, before anything else is asked of it: Pillow loads a
picture whenever it needs to, and what its decoder raised there may be caught by whoever
asked, while the picture stays black.
"""

import io
import warnings
from collections.abc import Callable

import numpy as np
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as PillowImage
from PIL.TiffImagePlugin import TiffImageFile

from stages.images import Picture
from stages.process.stage import printable
from stages.sources.candidate import FORMATS, READ, BadPicture

_FORMATS = [name.upper() for name in FORMATS]

# Our choices. 64 megapixels is more than the usual camera has and takes 0.2 GB.
MAX_PIXELS = 64_000_000
MIN_SIDE = 16
# A strip enlarged until its short side fits would be enormous the other way.
MAX_ASPECT = 32

# TIFF 6.0: the tags, and the numbers in them, that Pillow brings to their full range.
_BITS, _PHOTOMETRIC, _SAMPLES = 258, 262, 339
_KNOWN_BITS = {1, 2, 4, 8, 16}
_UNSIGNED, _WHITE_IS_ZERO = 1, 0

_Turn = PillowImage.Transpose
# EXIF 2.32, tag 0x0112: what must be done to see the picture upright.
_TURNS = {
    2: _Turn.FLIP_LEFT_RIGHT,
    3: _Turn.ROTATE_180,
    4: _Turn.FLIP_TOP_BOTTOM,
    5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270,
    7: _Turn.TRANSVERSE,
    8: _Turn.ROTATE_90,
}


def upright(source: Callable[[], bytes | Picture]) -> Picture:
    """Return the upright 8-bit RGB picture that `source` gives, encoded or decoded.

    Whatever goes wrong with it, also in `source`, is a `BadPicture` with the reason.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's remarks on broken metadata or palettes do not help the user.
            warnings.simplefilter("ignore")
            given = source()
            return _rgb(_opened(given) if isinstance(given, bytes) else given)
    except BadPicture:
        raise
    except Exception as error:
        # A hostile file can make a decoder raise anything; it costs one picture.
        raise BadPicture(_reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a {READ} picture"
    if isinstance(error, PillowImage.DecompressionBombError):
        return f"more than {MAX_PIXELS // 1_000_000} megapixels"
    if isinstance(error, MemoryError):
        return "memory is too short to decode it"
    text = error.strerror if isinstance(error, OSError) else None
    return printable(text or f"{error}" or type(error).__name__)


def _opened(data: bytes) -> Picture:
    if not data:
        raise BadPicture("the file is empty")
    picture = PillowImage.open(io.BytesIO(data), formats=_FORMATS)
    _check_size(picture)
    if isinstance(picture, TiffImageFile):
        _check_tiff(picture)
    # The checksums of a PNG, which decoding overlooks. It uses the picture up.
    picture.verify()
    picture = PillowImage.open(io.BytesIO(data), formats=_FORMATS)
    # The first frame; raises if the file is cut short or damaged.
    picture.load()
    return picture


def _rgb(picture: Picture) -> Picture:
    _check_size(picture)
    turn = _TURNS.get(_orientation(picture))
    colour = _on_white(_eight_bits(picture))
    return colour if turn is None else colour.transpose(turn)


def _check_size(picture: Picture) -> None:
    """Raise `BadPicture` by the size that the header tells, before any decoding."""
    short, long = sorted(picture.size)
    size = f"{picture.width} x {picture.height}"
    if short * long > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise BadPicture(f"more than {limit} megapixels: {size}")
    if short < MIN_SIDE:
        raise BadPicture(f"a side is shorter than {MIN_SIDE} pixels: {size}")
    if long > MAX_ASPECT * short:
        raise BadPicture(f"one side is over {MAX_ASPECT} times the other: {size}")


def _check_tiff(picture: TiffImageFile) -> None:
    """Raise `BadPicture` for numbers whose range Pillow does not bring to ours.

    12 bits in 16 would come out dark, floats in 0..1 black, inverted ones inverted.
    """
    bits = set(picture.tag_v2.get(_BITS, (1,)))
    samples = set(picture.tag_v2.get(_SAMPLES, (_UNSIGNED,)))
    inverted = picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and 16 in bits
    if not bits <= _KNOWN_BITS or samples != {_UNSIGNED} or inverted:
        raise BadPicture("only whole numbers of 8 or 16 bits, 0 for black, are read")


def _orientation(picture: Picture) -> int:
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        # A corrupt block of metadata is no reason to lose good pixels.
        return 1


def _eight_bits(picture: Picture) -> Picture:
    if not picture.mode.startswith("I"):
        return picture
    levels = np.asarray(picture).astype(np.int64).clip(0, 65535)
    return PillowImage.fromarray(((levels + 128) // 257).astype(np.uint8))


def _on_white(picture: Picture) -> Picture:
    """Return the picture in RGB, what is transparent mixed with white."""
    if picture.mode == "La":
        picture = picture.convert("LA")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    white = PillowImage.new("RGBA", layer.size, "white")
    return PillowImage.alpha_composite(white, layer).convert("RGB")
