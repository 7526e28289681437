"""Pre-images cut into chunks, each of which can be scored by itself.

One look at the labels of all jobs says where: not inside a batch of pictures that are
measured together, nor between seeds of one cell and picture, which are compared. What
is kept of a job is some twenty bytes, never a row or a picture.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

import numpy as np
from jaxtyping import Int64

from stages.metrics.reference import CodePart
from stages.store import schemas
from stages.store.tables import Row

# Images whose codes are computed at once, our choice: 16 images of 128 pixels already
# keep a processor busy, and take little memory.
BATCH = 16

# Rows that a chunk has at least, our choice: few enough to be held, with the pictures
# of some, and enough that a cluster's tasks take seconds.
CHUNK = 256

JOB = [field.name for field in (*schemas.CELL, *schemas.JOB)]
# What tells how pre-images are to be cut.
LABELS = [*JOB, "status"]

Siblings = tuple[object, ...]


def code_part(row: Row) -> CodePart:
    """Return the selection of a code that a row is about."""
    names = ("representation", "layer", "channels", "region")
    numbers = (row[name] for name in ("channel_indices", "window", "tokens"))
    return CodePart(*(row[name] for name in names), *map(_frozen, numbers))


def _frozen(numbers: list[int] | None) -> tuple[int, ...] | None:
    return None if numbers is None else tuple(numbers)


def siblings(row: Row) -> Siblings:
    """Return what the seeds of one cell and picture have in common."""
    return (*code_part(row), row["prior"], row["solver"], row["image_id"])


class Layout:
    """How the rows of a study lie: its chunks, and the baselines that it needs.

    `strange` are the names of representations and pictures that are not known.
    """

    def __init__(
        self, rows: Iterable[Row], representations: Iterable[str], image_ids: list[str]
    ) -> None:
        self._ids = image_ids
        self._known = set(representations)
        self._places = {image_id: place for place, image_id in enumerate(image_ids)}
        # The places of the pictures of each selection, in the order of the rows.
        self._parts: dict[CodePart, array[int]] = {}
        self._starts, self._sets = array("q"), array("Q")
        # Where each selection begins.
        self._begun: list[tuple[int, str]] = []
        self.strange: set[str] = set()
        previous, begun = None, 0
        for i, row in enumerate(rows):
            part = code_part(row)
            if part != previous:
                previous, begun = part, i
                self._begun.append((i, part.representation))
            if (i - begun) % BATCH == 0:
                self._starts.append(i)
            self._note(row, part)

    def _note(self, row: Row, part: CodePart) -> None:
        place = self._places.get(row["image_id"])
        if place is None or part.representation not in self._known:
            names = {row["image_id"], part.representation}
            self.strange |= names - self._known - self._places.keys()
            return
        # A set is known by a hash: of a million two are alike by a chance of 3e-8.
        name = blake2b(repr(siblings(row)).encode(), digest_size=8).digest()
        self._sets.append(int.from_bytes(name, "big"))
        pictures = self._parts.setdefault(part, array("I"))
        if not pictures or pictures[-1] != place:  # or the next seed of the same
            pictures.append(place)

    @property
    def n_rows(self) -> int:
        """How many jobs there are."""
        return len(self._sets)

    def runs(self) -> Iterator[tuple[int, str]]:
        """Yield how many rows follow each other of a representation, and its name."""
        ends = [*(first for first, _ in self._begun), self.n_rows][1:]
        for (first, name), end in zip(self._begun, ends, strict=True):
            yield end - first, name

    def chunks(self) -> Iterator[range]:
        """Yield the places of the rows of each chunk, in order.

        Seeds that lie far apart make a chunk larger, as a rule not beyond one cell.
        """
        begun = 0
        for end in self._cuts():
            if end - begun >= CHUNK or end == self.n_rows:
                yield range(begun, int(end))
                begun = int(end)

    def _cuts(self) -> Int64[np.ndarray, " cuts"]:
        """Return the ends of batches that no set of siblings reaches across."""
        if not self.n_rows:
            return np.empty(0, np.int64)
        _, inverse = np.unique(
            np.frombuffer(self._sets, np.uint64), return_inverse=True
        )
        last = np.zeros(inverse.max() + 1, np.int64)
        last[inverse] = np.arange(self.n_rows)  # of equal places the last one counts
        reached = np.maximum.accumulate(last[inverse])
        ends = np.append(np.frombuffer(self._starts, np.int64)[1:], self.n_rows)
        cuts: np.ndarray = ends[reached[ends - 1] < ends]
        return cuts

    def baselines(self) -> Iterator[tuple[CodePart, list[str]]]:
        """Yield some pictures at a time that each selection is inverted for."""
        for part, pictures in self._parts.items():
            ids = [self._ids[place] for place in dict.fromkeys(pictures)]
            whole = max(1, CHUNK // BATCH) * BATCH  # batches, as they are measured
            for first in range(0, len(ids), whole):
                yield part, ids[first : first + whole]


def label_row(part: CodePart, image_id: str, names: Mapping[str, str]) -> Row:
    """Return the labels of a baseline: of no prior, no solver and no seed."""
    indices, window, tokens = (
        None if numbers is None else list(numbers) for numbers in part[4:]
    )
    return {
        "representation": part.representation,
        "layer": part.layer,
        "channels": part.channels,
        "channel_indices": indices,
        "region": part.region,
        "window": window,
        "tokens": tokens,
        "image_id": image_id,
        "image_name": names[image_id],
        **{"prior": "none", "solver": "none", "seed": None},
        **{"status": "done", "reason": ""},
    }
