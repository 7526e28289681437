"""How the files of the study are written and kept whole.

Every file appears at once: it is written beside its place under a temporary name,
flushed to the disk, then renamed over it. A reader, or a run killed at any moment,
sees the old file or the new one, never half of it. Every file that is read back carries
a checksum, see `seals`: nothing is computed on a damaged one.
"""

import glob
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from stages.process.stage import Refusal, refused_by_system
from stages.store.damage import absent, damaged
from stages.store.seals import BrokenSeal, sealed_json, unsealed_json


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in `path`'s folder; on success it takes `path`'s place.

    Raises Refusal, and leaves the old file, where the system does not let it be
    written: says which file, how much there was to write, and how much room there is.
    """
    n_bytes = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        prefix = f".{path.name}.{os.getpid()}-"
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _flush(temporary)
            # mkstemp made the file private; give it an ordinary one's permissions.
            temporary.chmod(0o666 & ~_umask())
            os.replace(temporary, path)
            _flush(path.parent)
        finally:
            with suppress(OSError):
                n_bytes = temporary.stat().st_size
            temporary.unlink(missing_ok=True)
    except OSError as error:
        # What a body reads while it writes has a name, and another one.
        ours = error.filename is None or Path(error.filename).parent == path.parent
        refused = _unwritten(path, error, n_bytes) if ours else ""
        if not refused:
            raise
        raise Refusal(refused) from error


def _unwritten(path: Path, error: OSError, n_bytes: int) -> str:
    """Return in a sentence why the file was not written; empty for our mistakes."""
    plain = OSError(error.errno, error.strerror)
    told = refused_by_system(plain, f"{path}")
    begun = f"; {n_bytes / 1e6:.1f} MB of it were written and taken back"
    return told + begun if told and n_bytes else told


def _sweep(path: Path) -> None:
    """Remove what processes that are gone left half written of this file."""
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*-*"):
        pid = stale.name[len(path.name) + 2 :].partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            stale.unlink(missing_ok=True)


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


def write_bytes(path: Path, data: bytes | bytearray) -> None:
    """Write the bytes; the file appears whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write the text as UTF-8; the file appears whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
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


def write_plain_json(path: Path, value: object) -> None:
    """Write the value as indented JSON for other tools, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
