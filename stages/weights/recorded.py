"""Downloads whose whole sha256 is recorded when they are first fetched.

Of many published files only a part of the hash is known beforehand, or none. What came
first is what is wanted from then on.
"""

from collections.abc import Sequence
from pathlib import Path

from stages.sources.download import Patience, Unfetched, downloaded, fetch_verified
from stages.sources.known_hash import known_hash_of
from stages.store import files
from stages.weights.description import Url

# The file beside the downloads that maps their names to their sha256.
RECORD = "hashes.json"
# Digits of the sha256 in the names of downloads: as many as are always known.
N_DIGITS = 8


def lying_there(source: Url, downloads: Path) -> Path | None:
    """Return the file if it lies among the downloads, None if it does not."""
    wanted = _recorded(downloads).get(source.file, source.known_hash)
    known = known_hash_of(wanted, source.address)
    return downloaded(known, downloads, source.file, N_DIGITS)


def fetch_recorded(
    source: Url, downloads: Path, mirrors: Sequence[str], patience: Patience
) -> Path:
    """Return the path of the file, downloaded if it is not there yet.

    A sha256 that is recorded is required; else what the source says of it. `mirrors`
    are addresses of folders to try after the file's own.

    Raises Unfetched if no address gives the file.
    """
    recorded = _recorded(downloads).get(source.file)
    others = [f"{mirror.rstrip('/')}/{source.file}" for mirror in mirrors]
    try:
        return fetch_verified(
            [source.address, *others],
            recorded or source.known_hash,
            downloads,
            name=source.file,
            n_digits=N_DIGITS,
            patience=patience,
        )
    except Unfetched as refusal:
        if recorded is None:
            raise
        hint = (
            f"sha256 {recorded} was recorded when the file was first fetched; "
            f"if another one is right, delete {downloads / RECORD}"
        )
        raise Unfetched(f"{refusal}\n{hint}", [*refusal.failures, hint]) from refusal


def remember(source: Url, downloads: Path, sha256: str) -> None:
    """Record the sha256 of a file that proved to be the one that was wanted."""
    recorded = _recorded(downloads)
    if recorded.get(source.file) != sha256:
        files.write_json(downloads / RECORD, {**recorded, source.file: sha256})


def _recorded(downloads: Path) -> dict[str, str]:
    record = downloads / RECORD
    read: dict[str, str] = files.read_json(record) if record.is_file() else {}
    return read
