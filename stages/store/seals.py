"""Files that carry a checksum of their own content, so that damage is noticed.

Disks, copies and hands change bits, and a Parquet or JSON file with a changed digit is
as readable as before. Every file that a stage reads back is sealed when it is written
and checked before it is used:

- Parquet: 40 bytes between the last page and the footer, a place that no reader looks
  at; they hold the sha256 of all other bytes, footer included;
- JSON: an object of `content` and the `sha256` of that;
- tensors: one sha256, see `tensor_digest`.

Parquet's own page checksums would cover neither the footer nor the pages' headers.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO

# The Parquet format: a file ends with its footer, the footer's length and a mark.
_END, _MARK = 8, b"PAR1"
_TAG = b"sha256 :"
_SEAL = len(_TAG) + hashlib.sha256().digest_size

_CHUNK = 1 << 22


class BrokenSeal(Exception):
    """A file is not what was written; the message says how it shows."""


def seal_parquet(path: Path) -> None:
    """Put the checksum into a Parquet file that has just been written."""
    with path.open("r+b") as file:
        begun = _footer(file)
        file.seek(begun)
        tail = file.read()
        digest = _digest(file, begun, tail)
        file.seek(begun)
        file.write(_TAG + digest + tail)


def check_parquet(path: Path) -> None:
    """Raise BrokenSeal if the file is not what `seal_parquet` sealed."""
    with path.open("rb") as file:
        begun = _footer(file)
        file.seek(max(0, begun - _SEAL))
        seal, tail = file.read(_SEAL), file.read()
        if not seal.startswith(_TAG):
            raise BrokenSeal("it holds no checksum")
        if seal != _TAG + _digest(file, begun - _SEAL, tail):
            raise BrokenSeal("its checksum differs")


def _footer(file: BinaryIO) -> int:
    """Return where the footer begins."""
    end = file.seek(0, 2)
    file.seek(max(0, end - _END))
    word = file.read()
    begun = end - _END - int.from_bytes(word[:4], "little")
    if word[4:] != _MARK or begun < 0:
        raise BrokenSeal("it is cut short, or no Parquet file")
    return begun


def _digest(file: BinaryIO, n_bytes: int, tail: bytes) -> bytes:
    """Return the checksum of the file's first bytes, followed by the tail."""
    digest = hashlib.sha256()
    file.seek(0)
    while n_bytes > 0 and (chunk := file.read(min(_CHUNK, n_bytes))):
        digest.update(chunk)
        n_bytes -= len(chunk)
    digest.update(tail)
    return digest.digest()


def sealed_json(value: Any) -> str:
    """Return the value as indented JSON with its checksum.

    Raises ValueError for numbers that JSON cannot say.
    """
    # As it will be read back: tuples are lists there, and keys are texts.
    plain = json.loads(json.dumps(value, allow_nan=False))
    sealed = {"sha256": _json_digest(plain), "content": plain}
    return json.dumps(sealed, indent=2) + "\n"


def unsealed_json(data: bytes) -> Any:
    """Return the value that `sealed_json` wrote; raise BrokenSeal if it is another."""
    try:
        sealed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BrokenSeal(f"it is not JSON: {error}") from error
    if not isinstance(sealed, dict) or sealed.keys() != {"sha256", "content"}:
        raise BrokenSeal("it holds no checksum")
    if sealed["sha256"] != _json_digest(sealed["content"]):
        raise BrokenSeal("its checksum differs")
    return sealed["content"]


def _json_digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
