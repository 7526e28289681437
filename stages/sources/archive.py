"""Pictures inside a zip or tar archive, whatever its file is called.

Members are read in memory and never written to disk under their names, so that no name
can point outside a folder. A compressed tar can only be read forwards; it is unpacked
first into one nameless temporary file, which has the archive's members at any place.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from stages.process.stage import Refusal, printable
from stages.sources.candidate import (
    UNKNOWN_LICENCE,
    BadPicture,
    Candidate,
    check_format,
    is_offered,
    whole,
)

# Our choice: thirty times Imagenette in full size. More is taken for an attack.
MAX_UNPACKED = 50_000_000_000

_CHUNK = 1 << 20

_COMPRESSIONS: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
# A zip begins with a member or, when empty, with the end of its directory.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# POSIX.1-1988: a tar archive's first header holds `ustar` from byte 257 on.
_TAR, _TAR_AT = b"ustar", 257

_DAMAGE = (
    *(OSError, EOFError, ValueError, zlib.error, lzma.LZMAError),
    *(tarfile.TarError, zipfile.BadZipFile, NotImplementedError),
)


def is_archive(path: Path) -> bool:
    """Return whether the file's first bytes are those of a zip or tar archive."""
    with path.open("rb") as file:
        head = file.read(_TAR_AT + len(_TAR))
    return head.startswith((*_ZIP, *_COMPRESSIONS)) or head[_TAR_AT:] == _TAR


@contextmanager
def pictures(path: Path, *, source: str) -> Iterator[Sequence[Candidate]]:
    """Give the pictures of the archive, sorted by member name.

    A damaged archive is a `Refusal`; a damaged member is a bad picture.
    """
    with ExitStack() as stack:
        try:
            members = _members(path, stack)
        except _DAMAGE as error:
            raise Refusal(
                f"{path} cannot be read as an archive: {error}. It came from {source}; "
                "take it off `fetch.images.files`, or name a sound one."
            ) from error
        yield [
            Candidate(printable(name), source, UNKNOWN_LICENCE, read)
            for name, read in sorted(members, key=lambda member: member[0])
        ]


_Members = list[tuple[str, Callable[[], bytes]]]


def _members(path: Path, stack: ExitStack) -> _Members:
    with path.open("rb") as file:
        head = file.read(_TAR_AT)
    if head.startswith(_ZIP):
        return _zip_members(stack.enter_context(zipfile.ZipFile(path)))
    plain = stack.enter_context(_plain(path, head))
    return _tar_members(stack.enter_context(tarfile.open(fileobj=plain, mode="r:")))


def _plain(path: Path, head: bytes) -> IO[bytes]:
    """Return the archive's content without compression, open at its beginning."""
    for magic, opened in _COMPRESSIONS.items():
        if head.startswith(magic):
            with opened(path) as packed:
                return _unpacked(packed, path.parent)
    return path.open("rb")


def _unpacked(packed: io.BufferedIOBase, folder: Path) -> IO[bytes]:
    plain = tempfile.TemporaryFile(dir=folder)
    try:
        while chunk := packed.read(_CHUNK):
            plain.write(chunk)
            if plain.tell() > MAX_UNPACKED:
                raise ValueError(f"it unpacks to more than {MAX_UNPACKED:,} bytes")
        plain.seek(0)
    except BaseException:
        plain.close()
        raise
    return plain


def _zip_members(zipped: zipfile.ZipFile) -> _Members:
    def read(member: zipfile.ZipInfo) -> bytes:
        check_format(member.filename)
        with zipped.open(member) as file:
            return whole(file)

    return [
        (member.filename, partial(read, member))
        for member in zipped.infolist()
        if not member.is_dir() and is_offered(member.filename)
    ]


def _tar_members(tar: tarfile.TarFile) -> _Members:
    def read(member: tarfile.TarInfo) -> bytes:
        check_format(member.name)
        # Links could lead to another member, never to the disk; still no picture.
        file = tar.extractfile(member) if member.isreg() else None
        if file is None:
            raise BadPicture("not a regular file but a link or a device")
        with file:
            return whole(file)

    return [
        (member.name, partial(read, member))
        for member in tar
        if not member.isdir() and is_offered(member.name)
    ]
