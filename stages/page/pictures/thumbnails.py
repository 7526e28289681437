"""Thumbnails: made once, kept on disk, and laid into the page or into a folder beside.

Thousands of pictures pass through here while one at a time is held: a `Spool` keeps the
encoded ones in a temporary file, so that their sizes are known before it is decided
which of them fit. What is inside is a whole number of pictures, evenly spaced over the
study, with all of their pre-images: never chosen by score.
"""

import base64
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import IO, Any, TypeVar

from PIL import Image as PillowImage

from stages.page.pictures.picture import Picture

# Budget of the page whatever the size of the study, our choice: still fit for mail.
# `fitting` holds it to it.
MOST_BYTES = 25_000_000
# Longest side of a thumbnail, and up to which it is kept as it is, without loss.
SIDE, LOSSLESS = 128, 64
# The side in studies of few jobs, our choice: their pictures may be large.
LARGE_SIDE, FEW_JOBS = 256, 400
# Longest side of a picture that stands on the page itself.
SHOWN_SIDE = 256
# Thumbnails that are decoded together in the browser.
CHUNK = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a thumbnail lies in the spool: its name, whose it is, its bytes, notes.

    What it says of its bytes in the page is never less than it takes there.
    """

    name: str
    owner: str
    offset: int
    n_picture: int
    n_notes: int

    @property
    def n_inside(self) -> int:
        """How many bytes of the page it takes: base64, notes, quotes and its name."""
        return 4 * -(-self.n_picture // 3) + self.n_notes + len(_json(self.name)) + 14

    @property
    def n_beside(self) -> int:
        """How many bytes of the page it takes if it lies beside: its name, its file."""
        return len(_json(self.name)) + len(file_name(self)) + 4


class Spool:
    """Thumbnails with notes (JSON), in a file; `entries` says where."""

    def __init__(self, file: IO[bytes], side: int = SIDE) -> None:
        self._file = file
        self._side = side
        self._end = 0
        self.entries: list[Entry] = []

    def add(self, name: str, owner: str, picture: Picture, notes: Any = None) -> None:
        """Encode a picture of this owner and keep it with its notes."""
        data = thumbnail(picture, self._side)
        text = _json(notes).encode()
        self.entries.append(Entry(name, owner, self._end, len(data), len(text)))
        self._file.write(data + text)
        self._end += len(data) + len(text)

    def picture(self, entry: Entry) -> bytes:
        """Return the encoded thumbnail."""
        self._file.seek(entry.offset)
        return self._file.read(entry.n_picture)

    def notes(self, entry: Entry) -> str:
        """Return the notes as JSON."""
        self._file.seek(entry.offset + entry.n_picture)
        return self._file.read(entry.n_notes).decode()


def side_for(n_jobs: int) -> int:
    """Return the longest side of the thumbnails of a study of so many jobs."""
    return LARGE_SIDE if n_jobs <= FEW_JOBS else SIDE


def thumbnail(picture: Picture, side: int = SIDE) -> bytes:
    """Return the picture as WebP: small ones without loss, large ones made smaller."""
    small = picture.copy()
    small.thumbnail((side, side), PillowImage.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if max(picture.size) <= LOSSLESS:
        small.save(buffer, "WEBP", lossless=True, quality=20, method=1)
    else:
        small.save(buffer, "WEBP", quality=88, method=2)
    return buffer.getvalue()


def evenly_spaced(items: Sequence[T], most: int) -> list[T]:
    """Return at most `most` of the items, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    if most < 2:
        return list(items[:most])
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def inside(entries: Sequence[Entry], most_bytes: int, most_owners: int) -> list[Entry]:
    """Return the entries that go into the page: of as many owners as fit.

    If the first owner's alone do not fit, an evenly spaced subset of those.
    """
    by_owner: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_owner[entry.owner].append(entry)

    def bytes_of(owners: Sequence[str]) -> int:
        return sum(entry.n_inside for owner in owners for entry in by_owner[owner])

    names = evenly_spaced(list(by_owner), most_owners)
    owners = set(_most_that_fit(names, lambda some: bytes_of(some) <= most_bytes))
    if owners or not names:
        return [entry for entry in entries if entry.owner in owners]

    def fits(some: Sequence[Entry]) -> bool:
        return sum(entry.n_inside for entry in some) <= most_bytes

    first = by_owner[names[0]]
    sizes = accumulate(sorted(entry.n_inside for entry in first))
    # Of many pictures not even so many of the smallest ones fit.
    most = sum(size <= most_bytes for size in sizes)
    return _most_that_fit(first, fits, most)


def _most_that_fit(
    items: Sequence[T], fits: Callable[[list[T]], bool], most: int | None = None
) -> list[T]:
    """Return the largest evenly spaced subset of so many that fits, or none."""
    begun = len(items) if most is None else most
    subsets = (evenly_spaced(items, n) for n in range(begun, 0, -1))
    return next((subset for subset in subsets if fits(subset)), [])


def chunks(
    spool: Spool,
    entries: Sequence[Entry],
    chosen: Sequence[Entry],
    folder: str = "pictures",
) -> Iterator[str]:
    """Yield elements with the chosen thumbnails, a few at a time, then an index.

    A thumbnail is a pair of base64 and notes. The index lists the names inside, in
    order, and the file in the folder beside the page of each other one.
    """
    for first in range(0, len(chosen), CHUNK):
        yield _element("chunk", _pairs(spool, chosen[first : first + CHUNK]))
    names = {entry.name for entry in chosen}
    files = {e.name: file_name(e) for e in entries if e.name not in names}
    inside = [e.name for e in chosen]
    index = {"chunk": CHUNK, "inside": inside, "files": files, "folder": folder}
    yield _element("index", _json(index))


def _json(value: Any) -> str:
    """Return the value as JSON of ASCII without any `<`."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _pairs(spool: Spool, entries: Sequence[Entry]) -> str:
    pairs = (
        f'["{base64.b64encode(spool.picture(entry)).decode()}",{spool.notes(entry)}]'
        for entry in entries
    )
    return f"[{','.join(pairs)}]"


def _element(name: str, text: str) -> str:
    return f'<script type="application/json" class="{name}">{text}</script>\n'


def file_name(entry: Entry) -> str:
    """Return the thumbnail's file name: a hash, as names may be anything."""
    return f"{hashlib.sha256(entry.name.encode()).hexdigest()[:20]}.webp"


def shown_uri(picture: Picture) -> str:
    """Return the picture as it stands on the page itself, in a URI."""
    data = base64.b64encode(thumbnail(picture, SHOWN_SIDE)).decode()
    return f"data:image/webp;base64,{data}"
