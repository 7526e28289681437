"""Target codes on disk: one safetensors file a layer, written and read in slices.

The file holds the tensor `codes`, `n k r s` float32, in the order of the pictures,
whose ids stand in its metadata. Here is its form alone, not its place. It is written a
batch at a time and read through a memory map, so that no stage holds the codes of all
pictures.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
from safetensors import safe_open
from torch import Tensor


def write(
    file: BinaryIO,
    image_ids: Sequence[str],
    shape: tuple[int, ...],
    codes: Iterable[Tensor],
) -> None:
    """Write the codes, given in batches; `shape` is the shape of one code.

    Raises ValueError if the batches do not add up to one code a picture.
    """
    n_bytes = 4 * len(image_ids) * torch.Size(shape).numel()
    file.write(_header(image_ids, shape, n_bytes))
    begun = file.tell()
    for batch in codes:
        file.write(batch.to(torch.float32).contiguous().cpu().numpy().tobytes())
    if file.tell() - begun != n_bytes:
        raise ValueError(
            f"`codes` must hold {len(image_ids)} codes of shape {tuple(shape)}: "
            f"{n_bytes} bytes, got {file.tell() - begun}."
        )


def _header(image_ids: Sequence[str], shape: tuple[int, ...], n_bytes: int) -> bytes:
    """Return the head of a safetensors file: its length, then JSON."""
    text = json.dumps(
        {
            "__metadata__": {"image_ids": json.dumps(list(image_ids))},
            "codes": {
                "dtype": "F32",
                "shape": [len(image_ids), *shape],
                "data_offsets": [0, n_bytes],
            },
        }
    ).encode()
    padded = text + b" " * (-len(text) % 8)
    return struct.pack("<Q", len(padded)) + padded


class Codes:
    """The codes of a layer, read picture by picture."""

    def __init__(self, place: Path) -> None:
        self._file = cast(Any, safe_open(place, framework="pt"))
        self._slice = self._file.get_slice("codes")
        ids = json.loads(self._file.metadata()["image_ids"])
        self._rows = {image_id: row for row, image_id in enumerate(ids)}

    @property
    def image_ids(self) -> list[str]:
        """The pictures that have a code, in order."""
        return list(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one code."""
        return tuple(self._slice.get_shape()[1:])

    def all(self) -> Tensor:
        """Return the codes of all pictures, read from the disk as they are used."""
        codes: Tensor = self._file.get_tensor("codes")
        return codes

    def of(self, image_ids: Iterable[str]) -> Tensor:
        """Return the codes of these pictures, `n k r s`."""
        rows = [self._slice[self._rows[i] : self._rows[i] + 1] for i in image_ids]
        return torch.cat(rows)
