"""Training data: Tiny ImageNet's pictures out of Parquet, and how they are varied."""

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate, pad


def load(folder: Path, pattern: str) -> tuple[Tensor, Tensor]:
    """Return the pictures `n 3 64 64` (uint8) and labels `n` of the matching files.

    Raises FileNotFoundError if there are none.
    """
    files = sorted(folder.glob(pattern))
    if not files:
        raise FileNotFoundError(
            f"No {pattern} in {folder.resolve()}. Put Tiny ImageNet in Parquet there "
            "(columns image: JPEG bytes, label: 0..199) or change `pictures` in "
            "data/embedded/params.yaml."
        )
    table = [pq.read_table(file, columns=["image", "label"]) for file in files]
    pictures = np.stack(
        [_decoded(data) for t in table for data in t["image"].to_pylist()]
    )
    labels = np.concatenate([t["label"].to_numpy() for t in table]).astype(np.int64)
    return torch.from_numpy(pictures).permute(0, 3, 1, 2), torch.from_numpy(labels)


def varied(
    pictures: Tensor, side: int, shift: int, generator: torch.Generator
) -> Tensor:
    """Return the pictures flipped and shifted at random, float32, `side` pixels high.

    Half of them are mirrored; each moves by up to `shift` pixels along both axes, the
    border mirrored.
    """
    n, _, height, width = pictures.shape
    around = pad(pictures.float(), [shift] * 4, mode="reflect")
    moves = torch.randint(2 * shift + 1, (n, 2), generator=generator).tolist()
    flips = (torch.rand(n, generator=generator) < 0.5).tolist()
    images = [
        (image.flip(2) if flip else image)[:, y : y + height, x : x + width]
        for image, (y, x), flip in zip(around, moves, flips, strict=True)
    ]
    batch = torch.stack(images)
    if side != height:
        batch = interpolate(batch, size=side, mode="bilinear", antialias=True)
    return batch.contiguous(memory_format=torch.channels_last)


def _decoded(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as picture:
        return np.asarray(picture.convert("RGB"))
