"""The user's own pictures in a folder, its subfolders included.

Sorted by path, whatever order the file system gives. Linked folders are followed, but
no folder is entered twice, so that links in a circle come to an end.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from stages.process.stage import Refusal, printable
from stages.sources.candidate import (
    READ,
    UNKNOWN_LICENCE,
    Candidate,
    check_format,
    is_hidden,
    is_offered,
    whole_file,
)


@contextmanager
def pictures(*, path: str) -> Iterator[Sequence[Candidate]]:
    """Give the pictures below `path`, named and sorted by their path inside it."""
    root = Path(path)
    if not root.is_dir():
        state = "is a file, not a folder" if root.exists() else "does not exist"
        raise Refusal(f"{root}, named by `fetch.images.path`, {state}. {_REMEDY}")
    candidates = sorted(_candidates(root), key=lambda candidate: candidate.name)
    if not candidates:
        raise Refusal(f"There is no picture in {root}. {_REMEDY}")
    yield candidates


_REMEDY = (
    f"Put {READ} files there (folders inside it count, hidden ones do not), "
    "or let `fetch.images.path` name another folder."
)


def _candidates(root: Path) -> Iterator[Candidate]:
    source = printable(f"folder {root}")
    for path in _files(root):
        name = printable(path.relative_to(root).as_posix())
        yield Candidate(name, source, UNKNOWN_LICENCE, partial(_read, path))


def _files(root: Path) -> Iterator[Path]:
    """Yield the files to offer, and the folders that cannot be read."""
    entered: set[tuple[int, int]] = set()
    directories = [root]
    # The list grows as folders are found: by level, so that of two ways to a folder
    # the shorter one counts.
    for directory in directories:
        status = directory.stat()
        if (status.st_dev, status.st_ino) in entered:
            continue
        entered.add((status.st_dev, status.st_ino))
        try:
            names = sorted(os.listdir(directory))
        except PermissionError:
            yield directory
            continue
        paths = [directory / name for name in names if not is_hidden(name)]
        directories += filter(os.path.isdir, paths)
        yield from (p for p in paths if is_offered(p.name) and not os.path.isdir(p))


def _read(path: Path) -> bytes:
    if path.is_dir():
        # Only a folder that cannot be read is offered; listing it raises the reason.
        os.listdir(path)
    check_format(path.name)
    return whole_file(path)
