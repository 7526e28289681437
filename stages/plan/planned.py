"""Jobs in columns: a study may have a million, of which few are looked at at a time."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from jaxtyping import Bool, Int, Shaped

from stages.plan.cells import Cell

# A job: which cell it is of, which picture, its seed, and the two halves of its key.
ROW = np.dtype(
    [
        ("cell", np.uint32),
        ("picture", np.uint32),
        ("seed", np.int64),
        ("high", np.uint64),
        ("low", np.uint64),
    ]
)

# The same in Python's numbers.
Row = tuple[int, int, int, int, int]

# Jobs made at once where all are looked at in order.
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture of the study: its identity and its name."""

    image_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Job:
    """One pre-image to compute: a cell, a picture, a seed; `key` names the result.

    `batch_size` is how many jobs its batch holds; `precision` what most of it runs in.
    """

    cell: Cell
    image_id: str
    image_name: str
    seed: int
    key: str
    batch_size: int
    precision: str = "float32"

    @property
    def group(self) -> tuple[object, ...]:
        """What the jobs of a batch must share."""
        cell = self.cell
        return cell.representation, cell.layer, cell.steps, cell.weights.form


@dataclass(frozen=True, slots=True)
class Common:
    """What the jobs of a cell have in common."""

    cell: Cell
    batch_size: int
    precision: str


class Jobs(Sequence[Job]):
    """Jobs in order, 32 bytes each; one is made whenever it is looked at.

    `rows` names the cells and pictures of each by their places in the other two.
    """

    def __init__(
        self,
        cells: Sequence[Common],
        pictures: Sequence[Pictured],
        rows: Shaped[np.ndarray, " n"],
    ) -> None:
        self._cells, self._pictures, self._rows = cells, pictures, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Job: ...

    @overload
    def __getitem__(self, place: slice) -> "Jobs": ...

    def __getitem__(self, place: int | slice) -> "Job | Jobs":
        if isinstance(place, slice):
            return self.at(np.arange(len(self))[place])
        return self._job(*self._rows[place].tolist())

    def __iter__(self) -> Iterator[Job]:
        for first in range(0, len(self), _AT_ONCE):
            for row in self._rows[first : first + _AT_ONCE].tolist():
                yield self._job(*row)

    def at(self, places: Int[np.ndarray, " n"]) -> "Jobs":
        """Return the jobs at these places."""
        return Jobs(self._cells, self._pictures, self._rows[places])

    def where(self, wanted: Callable[[str], bool]) -> "Jobs":
        """Return the jobs whose keys are wanted; themselves where all are."""
        each = (wanted(job.key) for job in self)
        chosen: Bool[np.ndarray, " n"] = np.fromiter(each, bool, len(self))
        return self if chosen.all() else self.at(np.flatnonzero(chosen))

    def once(self) -> "Jobs":
        """Return the jobs of each key once, the first; themselves where all are."""
        high, low = self._rows["high"], self._rows["low"]
        order = np.lexsort((low, high))  # which keeps the order of equals
        before, after = order[:-1], order[1:]
        same = (high[after] == high[before]) & (low[after] == low[before])
        if not same.any():
            return self
        return self.at(np.sort(order[np.append(True, ~same)]))

    def _job(self, cell: int, picture: int, seed: int, high: int, low: int) -> Job:
        common, shown = self._cells[cell], self._pictures[picture]
        return Job(
            common.cell,
            shown.image_id,
            shown.name,
            seed,
            f"{high:016x}{low:016x}",
            common.batch_size,
            common.precision,
        )


class Batches(Sequence[list[Job]]):
    """Jobs that fit together, as many at a time as a batch holds; made when looked at.

    The order of the jobs is kept within a group, and groups come as they appear.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        groups: dict[tuple[object, ...], int] = {}
        each = (groups.setdefault(job.group, len(groups)) for job in jobs)
        ranks = np.fromiter(each, np.uint32, len(jobs))
        self._jobs = jobs
        self._order = np.argsort(ranks, kind="stable").astype(np.uint32)
        ends = np.cumsum(np.bincount(ranks, minlength=len(groups))).tolist()
        # Where batches begin in the order, and where the last one ends.
        self._cuts = array("q")
        first = 0
        for end in ends if groups else ():
            size = jobs[int(self._order[first])].batch_size
            self._cuts.extend(range(first, end, size))
            first = end
        self._cuts.append(first)

    def __len__(self) -> int:
        return len(self._cuts) - 1

    @overload
    def __getitem__(self, place: int) -> list[Job]: ...

    @overload
    def __getitem__(self, place: slice) -> list[list[Job]]: ...

    def __getitem__(self, place: int | slice) -> list[Job] | list[list[Job]]:
        which = range(len(self))[place]
        if isinstance(which, range):
            return [self[one] for one in which]
        chosen = self._order[self._cuts[which] : self._cuts[which + 1]]
        return [self._jobs[one] for one in chosen.tolist()]
