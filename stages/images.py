"""Pixel space: what an image is, and how pictures become tensors and come back.

A *picture* is a Pillow image with 8 bits a channel, RGB or grey. An *image* is a
float tensor `c h w` (`n c h w` in batches) of pixels in 0..255, RGB or grey. Centred
images (the mean colour subtracted) exist only inside `stages.preimage`.
"""

import hashlib
import io
import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image as PillowImage
from torch import Tensor

Image = Float[Tensor, "c h w"]
Images = Float[Tensor, "n c h w"]
Codes = Float[Tensor, "n k r s"]
PerImage = Float[Tensor, "n"]
Picture = PillowImage.Image

# Root mean square of a centred natural image, in grey levels a value: the authors'
# `x0_sigma.mat` holds 27098.1 for 227x227x3, and 27098.1 / sqrt(227 * 227 * 3) = 68.92.
REFERENCE_RMS = 68.92

# Pillow's names for one and three channels of 8 bits.
_MODES = {1: "L", 3: "RGB"}


def reference_norm(shape: tuple[int, int, int]) -> float:
    """Return `s = 68.92 * sqrt(c * h * w)`, the paper's sigma for images of this shape.

    A constant of the image size, never a statistic of the study's pictures: it enters
    the alpha-norm's weight to the fourth power, so that adding a picture would change
    every objective.
    """
    return REFERENCE_RMS * math.sqrt(math.prod(shape))


def image_by_image(function: Callable[..., Tensor], *batches: Tensor) -> Tensor:
    """Return a function of single numbers, computed for each image by itself on a CPU.

    There, powers, exponentials and angles are computed several lanes at a time and what
    is left over at a tensor's end by another routine, whose last bit differs: for a
    whole batch the bits of an image would depend on its place. A GPU computes every
    number alike, and gets the whole at once.
    """
    if batches[0].is_cuda:
        return function(*batches)
    return torch.stack([function(*rows) for rows in zip(*batches, strict=True)])


def square(picture: Picture, size: int) -> Picture:
    """Return the picture with its short side resized to `size` and its centre cropped.

    Lanczos resampling, also upwards.
    Departs from the paper: its CNN inputs are squashed to a square, not cropped.
    """
    scale = size / min(picture.size)
    width, height = (max(size, round(side * scale)) for side in picture.size)
    left, top = (width - size) // 2, (height - size) // 2
    resized = picture.resize((width, height), PillowImage.Resampling.LANCZOS)
    return resized.crop((left, top, left + size, top + size))


def image_from_picture(picture: Picture, channels: int) -> Image:
    """Return the picture as a float32 tensor of pixels in 0..255.

    `channels` is 3 (RGB) or 1 (grey, the ITU-R 601 luma rounded to whole levels).
    """
    if channels not in _MODES:
        raise ValueError(f"`channels` must be 1 or 3, got {channels}.")
    pixels = np.array(picture.convert(_MODES[channels]), dtype=np.float32)
    return torch.from_numpy(pixels.reshape(picture.height, picture.width, -1)).permute(
        2, 0, 1
    )


def image_as_seen(data: bytes, side: int, channels: int) -> Image:
    """Return a stored picture as a representation of these images sees it."""
    return image_from_picture(square(picture_from_png(data), side), channels)


def picture_from_image(image: Image) -> Picture:
    """Return the image, rounded to whole levels and clipped to 0..255, as a picture."""
    levels = image.detach().cpu().clamp(0, 255).round().to(torch.uint8)
    pixels = levels.permute(1, 2, 0).numpy()
    return PillowImage.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def png(picture: Picture) -> bytes:
    """Return the picture encoded as PNG, without metadata."""
    buffer = io.BytesIO()
    # A third of the time of Pillow's default for 4 % more bytes.
    picture.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def picture_from_png(data: bytes) -> Picture:
    """Return the picture that `png` encoded."""
    with PillowImage.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def pixel_hash(picture: Picture) -> str:
    """Return 16 hexadecimal digits that name the decoded pixels, mode and size."""
    digest = hashlib.sha256(f"{picture.mode} {picture.size}".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()[:16]
