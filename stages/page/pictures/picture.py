"""A picture decoded, encoded and cropped, by Pillow alone.

`stages.images` does the same and turns pictures into tensors besides; the report needs
none, and would wait for torch to load. Tests hold the two to the same pixels and bytes.
"""

import io

from PIL import Image as PillowImage

Picture = PillowImage.Image

# How a representation sees: the side of its images, and whether they are grey.
View = tuple[int, bool]


def decoded(data: bytes) -> Picture:
    """Return the picture that the store holds as PNG."""
    with PillowImage.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def encoded(picture: Picture) -> bytes:
    """Return the picture as PNG, without metadata."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def square(picture: Picture, side: int) -> Picture:
    """Return the centre of the picture as a square of so many pixels (Lanczos).

    It is what a representation of images of this side saw.
    """
    scale = side / min(picture.size)
    width, height = (max(side, round(length * scale)) for length in picture.size)
    left, top = (width - side) // 2, (height - side) // 2
    resized = picture.resize((width, height), PillowImage.Resampling.LANCZOS)
    return resized.crop((left, top, left + side, top + side))


def seen_by(picture: Picture, view: View) -> Picture:
    """Return the picture as a representation of this view saw it."""
    side, grey = view
    seen = square(picture, side)
    return seen.convert("L") if grey else seen
