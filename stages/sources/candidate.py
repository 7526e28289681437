"""What every source offers: pictures by name, each opened only when its turn comes.

A source is a context manager that gives a sequence of candidates in an order that
depends on nothing but its content. Names, files and archives come from strangers: no
name is used as a path, no file is read past `MAX_BYTES`, and what is wrong with one
picture is a `BadPicture` with a reason, so that the others go on.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from PIL import features

from stages.images import Picture

# Our choice: a 64-megapixel JPEG of the best quality has some 50 MB.
MAX_BYTES = 100_000_000

UNKNOWN_LICENCE = "unknown"

# The formats that are read, and what their files are called.
FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
}
# Pictures that we do not read. They are reported, so that nobody looks for them long.
_OTHERS = [".gif", ".heic", ".heif", ".jp2", ".jxl", ".svg"]

# Pillow may be built without it.
if features.check("avif"):
    FORMATS["AVIF"] = (".avif",)
else:
    _OTHERS.append(".avif")

_SUFFIXES = {suffix for suffixes in FORMATS.values() for suffix in suffixes}
_OTHER_SUFFIXES = set(_OTHERS)

# The formats in words, for messages.
READ = f"{', '.join([*FORMATS][:-1])} or {[*FORMATS][-1]}"


class BadPicture(Exception):
    """A picture that cannot be used; the message is the reason, without the name."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that a source offers, not yet read.

    `open` returns the encoded file or a picture, or raises: then only this one is
    skipped. It may be called while the source's context lasts.
    """

    name: str
    source: str
    licence: str
    open: Callable[[], bytes | Picture]


@runtime_checkable
class Readable(Protocol):
    """A file open for reading, on the disk or inside an archive."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes."""


Source = Callable[..., AbstractContextManager[Sequence[Candidate]]]


def is_offered(path: str) -> bool:
    """Return whether a file of this name, with `/` between folders, is a candidate.

    Pictures of formats that are not read are candidates, too: they fail with a reason.
    Hidden files and folders, and the shadow files of macOS archives, are not.
    """
    parts = PurePosixPath(path).parts
    hidden = any(is_hidden(part) for part in parts)
    return not hidden and _suffix(path) in _SUFFIXES | _OTHER_SUFFIXES


def is_hidden(part: str) -> bool:
    """Return whether a file or folder of this name is not meant to be seen."""
    return part == "__MACOSX" or (part.startswith(".") and part != "..")


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def check_format(path: str) -> None:
    """Raise `BadPicture` if the file's suffix tells a format that is not read."""
    if _suffix(path) in _OTHER_SUFFIXES:
        raise BadPicture(f"{_suffix(path)[1:]} is not read; use {READ}")


def whole(file: Readable) -> bytes:
    """Return the rest of the file, or raise `BadPicture` if it is too long.

    No more than `MAX_BYTES` are read, whatever a header says about the length.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadPicture(f"longer than {MAX_BYTES // 1_000_000} MB")
    return data


def whole_file(path: Path) -> bytes:
    """Return the content of a regular file, or raise `BadPicture`.

    Anything else, such as a named pipe, could keep the reader waiting for ever.
    """
    if path.exists() and not path.is_file():
        raise BadPicture("not a regular file")
    with path.open("rb") as file:
        return whole(file)
