"""Target codes written as they come, for several layers side by side.

The file is that of `stages.store.codes`, which enters the keys of all jobs; here is
what only those need who make codes. No file is held open between two batches: a network
may have more layers than a process may have open files.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from stages.store.codes import _DIGITS, _digest, _header
from stages.store.files import replacing


class CodesWriter:
    """Writes the codes of a layer, `shape` each, in the order of the pictures."""

    def __init__(
        self, place: Path, image_ids: Sequence[str], shape: tuple[int, ...]
    ) -> None:
        self._place, self._ids, self._shape = place, list(image_ids), shape
        self._digests: list[str] = []
        # The head has the same length with the checksums that are not known yet.
        place.write_bytes(self._head(["0" * _DIGITS] * len(self._ids)))

    def add(self, codes: Tensor) -> None:
        """Write the codes of the next pictures, `n k r s`."""
        plain = codes.detach().to(torch.float32).contiguous().cpu()
        ids = self._ids[len(self._digests) :][: len(plain)]
        if len(ids) < len(plain) or plain.shape[1:] != self._shape:
            raise self._wrong(f"{tuple(plain.shape)} more")
        pairs = zip(ids, plain, strict=True)
        self._digests += [_digest(image_id, code) for image_id, code in pairs]
        with self._place.open("ab") as file:
            file.write(plain.numpy().tobytes())

    def finish(self) -> None:
        """Write the checksums; raises ValueError unless every picture has its code."""
        if len(self._digests) != len(self._ids):
            raise self._wrong("no more")
        with self._place.open("r+b") as file:
            file.write(self._head(self._digests))

    def _head(self, digests: Sequence[str]) -> bytes:
        n_bytes = 4 * len(self._ids) * torch.Size(self._shape).numel()
        return _header(self._ids, digests, self._shape, n_bytes)

    def _wrong(self, more: str) -> ValueError:
        return ValueError(
            f"`codes` must be {len(self._ids)} of the shape {tuple(self._shape)}; got "
            f"{len(self._digests)}, and {more}."
        )


@contextmanager
def writing(
    place: Path, image_ids: Sequence[str], shape: tuple[int, ...]
) -> Iterator[CodesWriter]:
    """Yield the writer of a layer's codes; the file is there once all are written."""
    with replacing(place) as temporary:
        writer = CodesWriter(temporary, image_ids, shape)
        yield writer
        writer.finish()
