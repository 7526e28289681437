"""Target codes on disk: one safetensors file a layer, written and read in slices.

The file holds the tensor `codes`, `n k r s` float32, in the order of the pictures,
whose ids stand in its metadata. It is written a batch at a time and read through a
memory map, so that no stage holds the codes of all pictures. A checksum a code stands
beside the ids: a code is checked when it is first used. Here is the form of the file
alone, not its place.
"""

import json
import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from stages.store.seals import BrokenSeal
from stages.store.tensor_digest import tensors_digest


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
    # The head has the same length with the checksums that are not known yet.
    blank = ["0" * _DIGITS] * len(image_ids)
    digests: list[str] = []
    file.write(_header(image_ids, blank, shape, n_bytes))
    begun = file.tell()
    for batch in codes:
        plain = batch.to(torch.float32).contiguous().cpu()
        ids = image_ids[len(digests) :]
        digests += [_digest(i, code) for i, code in zip(ids, plain, strict=False)]
        file.write(plain.numpy().tobytes())
    if file.tell() - begun != n_bytes or len(digests) != len(image_ids):
        raise ValueError(
            f"`codes` must hold {len(image_ids)} codes of shape {tuple(shape)}: "
            f"{n_bytes} bytes, got {file.tell() - begun}."
        )
    file.seek(0)
    file.write(_header(image_ids, digests, shape, n_bytes))


_DIGITS = 64


def _digest(image_id: str, code: Tensor) -> str:
    return tensors_digest(image_id, {"code": code})


def _header(
    image_ids: Sequence[str],
    digests: Sequence[str],
    shape: tuple[int, ...],
    n_bytes: int,
) -> bytes:
    """Return the head of a safetensors file: its length, then JSON."""
    text = json.dumps(
        {
            "__metadata__": {
                "image_ids": json.dumps(list(image_ids)),
                "sha256": json.dumps(list(digests)),
            },
            "codes": {
                "dtype": "F32",
                "shape": [len(image_ids), *shape],
                "data_offsets": [0, n_bytes],
            },
        }
    ).encode()
    padded = text + b" " * (-len(text) % 8)
    return struct.pack("<Q", len(padded)) + padded


def _damaged(place: Path, why: object) -> Exception:
    return BrokenSeal(f"{place} is damaged: {why}")


class Codes:
    """The codes of a layer, read picture by picture.

    A code is checked when it is used. What is raised where the file is damaged is made
    by `damaged`, of the place and what is wrong; raises FileNotFoundError if it is not
    there.
    """

    def __init__(
        self, place: Path, damaged: Callable[[Path, object], Exception] = _damaged
    ) -> None:
        self._place, self._damaged = place, damaged
        try:
            self._file = cast(Any, safe_open(place, framework="pt"))
            self._slice = self._file.get_slice("codes")
            told = self._file.metadata()
            ids, self._digests = (json.loads(told[k]) for k in ("image_ids", "sha256"))
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise self._damaged(place, f"no codes with checksums: {error}") from error
        self._rows = {image_id: row for row, image_id in enumerate(ids)}
        self._sound: set[str] = set()
        n_codes = self._slice.get_shape()[0]
        if not len(self._rows) == len(self._digests) == n_codes:
            raise self._damaged(place, "pictures, codes and checksums differ in number")

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
        for image_id, code in zip(self._rows, codes, strict=True):
            self._check(image_id, code)
        return codes

    def of(self, image_ids: Iterable[str]) -> Tensor:
        """Return the codes of these pictures, `n k r s`."""
        return torch.cat([self._code(image_id)[None] for image_id in image_ids])

    def _code(self, image_id: str) -> Tensor:
        if image_id not in self._rows:
            raise self._damaged(self._place, f"it has no code of picture {image_id}")
        code: Tensor = self._slice[self._rows[image_id]]
        self._check(image_id, code)
        return code

    def _check(self, image_id: str, code: Tensor) -> None:
        """Raise Refusal if the code is not the one that was written; once a picture."""
        if image_id in self._sound:
            return
        if self._digests[self._rows[image_id]] != _digest(image_id, code):
            why = f"the checksum of the code of picture {image_id} differs"
            raise self._damaged(self._place, why)
        self._sound.add(image_id)
