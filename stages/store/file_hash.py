"""The hash of a file: the one place where it is computed."""

import hashlib
from functools import cache
from pathlib import Path


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of the file's bytes in lower-case hexadecimal digits.

    Raises OSError if it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def sha256(path: Path) -> str:
    """Return the sha256 of the file, read once as long as the file is the same."""
    status = path.stat()
    # A file that takes another's place has a number of its own, whatever the clock.
    return _known(path.absolute(), status.st_ino, status.st_mtime_ns)


@cache
def _known(path: Path, number: int, modified: int) -> str:
    return file_hash(path)
