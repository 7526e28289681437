"""One file out of an sdist or a wheel, read in memory and within bounds.

Nothing is unpacked to the disk, no link is followed, and no more is read than the file
and what precedes it may have.
"""

import gzip
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

# Bytes that may lie unpacked before the end of the member: our choice, well above any
# distribution with files of weights.
LONGEST = 1 << 31


class BadArchive(Exception):
    """An archive does not hold the file that is wanted, or cannot be read."""


class _Bounded:
    """A stream of an archive's bytes that ends in an error, not in a full memory."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream, self._left = stream, LONGEST

    def read(self, n_bytes: int) -> bytes:
        """Return the next bytes; raises BadArchive past the bound."""
        data = self._stream.read(min(n_bytes, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise BadArchive("it unpacks to too many bytes")
        return data


def read_member(path: Path, name: str, n_bytes: int) -> bytes:
    """Return the bytes of the regular file of this name and size in an archive.

    A wheel is a zip, an sdist a tar in gzip. Raises BadArchive if it is damaged, has no
    such file, several, another kind of entry, or one of another size.
    """
    read = _of_zip if path.suffix == ".whl" else _of_tar
    try:
        data = read(path, name, n_bytes)
    # What damaged archives make of the two modules; NotImplementedError and
    # RuntimeError are zipfile's for methods that it lacks and for encrypted files.
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
    ) as error:
        raise BadArchive(f"it cannot be read: {error}") from error
    if len(data) != n_bytes:
        raise BadArchive(f"{name} has {len(data)} bytes where {n_bytes} are wanted")
    return data


def _of_zip(path: Path, name: str, n_bytes: int) -> bytes:
    with zipfile.ZipFile(path) as archive:
        entries = [one for one in archive.infolist() if one.filename == name]
        if len(entries) != 1:
            raise BadArchive(f"it has {len(entries)} files {name}")
        with archive.open(entries[0]) as file:
            return file.read(n_bytes + 1)


def _of_tar(path: Path, name: str, n_bytes: int) -> bytes:
    with gzip.open(path) as stream:
        # tarfile's types want more of a stream than it asks for.
        bounded: Any = _Bounded(stream)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for entry in archive:
                if entry.name == name:
                    return _regular(archive, entry, n_bytes)
    raise BadArchive(f"it has no file {name}")


def _regular(archive: tarfile.TarFile, entry: tarfile.TarInfo, n_bytes: int) -> bytes:
    if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or entry.issparse():
        raise BadArchive(f"{entry.name} is no regular file")
    file = archive.extractfile(entry)
    return b"" if file is None else file.read(n_bytes + 1)
