"""Pictures and archives of pictures from the web, each known by its sha256."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from stages.process.stage import Refusal, printable
from stages.sources import archive
from stages.sources.candidate import (
    READ,
    UNKNOWN_LICENCE,
    Candidate,
    whole_file,
)
from stages.sources.download import base_name, fetch_verified, public


@runtime_checkable
class RemoteFile(Protocol):
    """A picture or an archive of pictures: where it is and what it must be."""

    @property
    def url(self) -> str:
        """Return the address, http or https."""

    @property
    def sha256(self) -> str:
        """Return the hash of the file in 64 hexadecimal digits."""

    @property
    def mirrors(self) -> Sequence[str]:
        """Return other addresses of the same file, in the order to try."""


@contextmanager
def pictures(
    *, files: Sequence[RemoteFile], downloads: Path
) -> Iterator[Sequence[Candidate]]:
    """Give the files' pictures: files in the order listed, members by name.

    What a file is shows in its content, not in its suffix. All are downloaded first,
    so that a missing one is known before any work is done.
    """
    paths = [
        fetch_verified([file.url, *file.mirrors], file.sha256, downloads)
        for file in files
    ]
    with ExitStack() as stack:
        yield [
            candidate
            for file, path in zip(files, paths, strict=True)
            for candidate in _candidates(file.url, path, stack)
        ]


def _candidates(address: str, path: Path, stack: ExitStack) -> Sequence[Candidate]:
    source = printable(public(address))
    if not archive.is_archive(path):
        read = partial(whole_file, path)
        return [Candidate(base_name(address), source, UNKNOWN_LICENCE, read)]
    members = stack.enter_context(archive.pictures(path, source=source))
    if not members:
        raise Refusal(f"The archive {source} holds no picture: no {READ}.")
    return members
