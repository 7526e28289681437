"""How the files of the study are written and kept whole.

Every file appears at once: it is written beside its place under a temporary name,
flushed to the disk, then renamed over it. A reader, or a run killed at any moment,
sees the old file or the new one, never half of it. Every file that is read back carries
a checksum, see `seals`: nothing is computed on a damaged one.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.store.damage import absent, damaged
from stages.store.seals import BrokenSeal, sealed_json, unsealed_json


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in `path`'s folder; on success it takes `path`'s place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        # mkstemp made the file private; give it the permissions of an ordinary one.
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write the bytes; the file appears whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write the text as UTF-8; the file appears whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write the value as indented JSON with its checksum, for `read_json`."""
    write_text(path, sealed_json(value))


def read_json(path: Path) -> Any:
    """Return the value that `write_json` wrote; raise Refusal if it is damaged."""
    try:
        return unsealed_json(path.read_bytes())
    except FileNotFoundError:
        raise absent(path) from None
    except BrokenSeal as broken:
        raise damaged(path, broken) from broken


def write_plain_json(path: Path, value: Any) -> None:
    """Write the value as indented JSON for other tools, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
