"""One file of weights from the first of its sources that gives it.

What lies among the downloads is taken first. Then each source is asked for a moment,
so that a machine that does not reach the first one gets the next at once; where the
weights are required, all are asked again, and patiently.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stages.sources.download import Patience, Unfetched
from stages.weights import package, recorded
from stages.weights.description import Package, Source, Url, WeightsFile

# Our choice: who can do without weights waits some seconds for them, or as long as they
# come at a megabyte a second and a minute more; who cannot, an hour.
SILENCE = 4.0
STRICT = Patience(total=3600.0)


class Obtained(NamedTuple):
    """A source that gave its file, verified, and where it lies."""

    source: Source
    path: Path

    def content(self) -> Path | bytes:
        """Return the file of weights: its path, or its bytes out of a package.

        Raises Refusal if the package is damaged or has another file inside.
        """
        if isinstance(self.source, Package):
            return package.member_bytes(self.source, self.path)
        return self.path


def obtain(
    file: WeightsFile, downloads: Path, mirrors: Sequence[str], *, required: bool
) -> Obtained:
    """Return the first source that gives its file, and the file.

    Raises Unfetched, which says of each source why it did not.
    """
    for source in file.sources:
        path = _lying_there(source, downloads)
        if path is not None:
            return Obtained(source, path)
    refusals: list[Unfetched] = []
    for patient in _rounds(file, required):
        refusals = []
        for source in file.sources:
            patience = STRICT if patient else _moment(source)
            try:
                path = _fetched(source, downloads, mirrors, patience)
                return Obtained(source, path)
            except Unfetched as refusal:
                refusals.append(refusal)
    raise Unfetched(
        "\nor else: ".join(f"{refusal}" for refusal in refusals),
        [reason for refusal in refusals for reason in refusal.failures],
    )


def _rounds(file: WeightsFile, required: bool) -> Iterator[bool]:
    """Yield for each round whether it is a patient one."""
    if not required or len(file.sources) > 1:
        yield False
    if required:
        yield True


def _moment(source: Source) -> Patience:
    total = 3600.0 if source.megabytes is None else 60.0 + source.megabytes
    return Patience(seconds=SILENCE, attempts=1, total=total)


def _lying_there(source: Source, downloads: Path) -> Path | None:
    if isinstance(source, Url):
        return recorded.lying_there(source, downloads)
    return package.lying_there(source, downloads)


def _fetched(
    source: Source, downloads: Path, mirrors: Sequence[str], patience: Patience
) -> Path:
    if isinstance(source, Url):
        return recorded.fetch_recorded(source, downloads, mirrors, patience)
    return package.fetch_distribution(source, downloads, mirrors, patience)
