"""Downloads whose whole sha256 is recorded when they are first fetched.

Of many published files only a part of the hash is known beforehand, or none. What came
first is what is wanted from then on.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from stages.sources.download import Patience, Unfetched, fetch_verified
from stages.store import files


def fetch_recorded(
    url: str,
    known_hash: str,
    record: Path,
    mirrors: Sequence[str],
    patience: Patience,
    n_digits: int = 12,
) -> tuple[Path, str]:
    """Return the path and the sha256 of a file, downloaded if it is not there yet.

    It lies beside `record`, which maps names of files to their sha256; one that it
    holds is required. Else the file must have `known_hash`, see `fetch_verified`.
    `mirrors` are addresses of folders to try after the file's own.

    Raises Unfetched if no address gives the file.
    """
    name = url.rpartition("/")[2]
    recorded: dict[str, str] = files.read_json(record) if record.is_file() else {}
    known = recorded.get(name)
    try:
        path = fetch_verified(
            url,
            known or known_hash,
            record.parent,
            [f"{mirror.rstrip('/')}/{name}" for mirror in mirrors],
            n_digits=n_digits,
            patience=patience,
        )
    except Unfetched as refusal:
        if known is None:
            raise
        hint = (
            f"sha256 {known} was recorded when the file was first fetched; "
            f"if another one is right, delete {record}"
        )
        raise Unfetched(f"{refusal}\n{hint}", [*refusal.failures, hint]) from refusal
    with path.open("rb") as file:
        return path, hashlib.file_digest(file, "sha256").hexdigest()


def remember(record: Path, name: str, sha256: str) -> None:
    """Record the sha256 of a file that proved to be the one that was wanted."""
    recorded: dict[str, str] = files.read_json(record) if record.is_file() else {}
    if recorded.get(name) != sha256:
        files.write_json(record, {**recorded, name: sha256})
