"""Where finished jobs lie: a sorted column of keys, since a study may have a million.

A job takes some twenty bytes here, and a batch some hundred; as texts in a dict it was
ten times as much.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

# A key is so many bytes, written as hexadecimal digits.
KEY_BYTES = 16
_DIGEST = f"S{KEY_BYTES}"

# Jobs noted before they are sorted in among the others, our choice: 8 MB at most.
MOST_RECENT = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch lies: an object and its bytes from `start` to `end`."""

    name: str
    start: int
    end: int

    @property
    def damaged(self) -> str:
        """The name under which the batch is set aside if it is damaged."""
        return f"damaged/{self.name}/{self.start}-{self.end}"


class Places(Mapping[str, Place]):
    """The places of finished jobs by key; of a job noted twice, the latter."""

    def __init__(self) -> None:
        # Of each batch, by its number.
        self._names, self._spans = list[str](), array("q")
        # Keys in order, and the number of the batch that each is in.
        self._keys = np.empty(0, _DIGEST)
        self._numbers = np.empty(0, np.uint32)
        self._recent: dict[bytes, int] = {}

    def note(self, place: Place, keys: list[str]) -> None:
        """Note where a batch of these keys lies; raises ValueError if one is none."""
        number = len(self._names)
        self._recent.update(dict.fromkeys(map(digest, keys), number))
        self._names.append(place.name)
        self._spans.extend((place.start, place.end))
        if len(self._recent) >= MOST_RECENT:
            self._sort_in()

    def move(self, number: int, place: Place) -> None:
        """Note that the batch of this number lies elsewhere by now."""
        self._names[number] = place.name
        self._spans[2 * number : 2 * number + 2] = array("q", (place.start, place.end))

    def batches(self) -> Iterator[tuple[int, Place, list[str]]]:
        """Yield each batch's number, its place and its keys, in order of the numbers.

        Batches may be moved meanwhile.
        """
        self._sort_in()
        order = np.argsort(self._numbers, kind="stable").astype(np.uint32)
        numbers, starts = np.unique(self._numbers[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        for number, start, end in zip(numbers, starts, ends, strict=True):
            keys = [_text(one) for one in self._keys[order[start:end]].tolist()]
            yield int(number), self._place(int(number)), keys

    def __getitem__(self, key: str) -> Place:
        number = self._number(key)
        if number is None:
            raise KeyError(key)
        return self._place(number)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._number(key) is not None

    def __iter__(self) -> Iterator[str]:
        self._sort_in()
        return (_text(one) for one in self._keys)

    def __len__(self) -> int:
        self._sort_in()
        return len(self._keys)

    def _place(self, number: int) -> Place:
        start, end = self._spans[2 * number : 2 * number + 2]
        return Place(self._names[number], start, end)

    def _number(self, key: str) -> int | None:
        try:
            wanted = digest(key)
        except ValueError:
            return None
        if wanted in self._recent:
            return self._recent[wanted]
        at = int(np.searchsorted(self._keys, np.array(wanted, _DIGEST)))
        there = at < len(self._keys) and _whole(self._keys[at]) == wanted
        return int(self._numbers[at]) if there else None

    def _sort_in(self) -> None:
        """Put what was noted of late in its order."""
        if not self._recent:
            return
        keys = np.array(sorted(self._recent), _DIGEST)
        numbers = [self._recent[_whole(one)] for one in keys.tolist()]
        at = np.searchsorted(self._keys, keys)
        known = _same(self._keys, at, keys)
        column = np.array(numbers, np.uint32)
        self._numbers[at[known]] = column[known]
        self._keys = np.insert(self._keys, at[~known], keys[~known])
        self._numbers = np.insert(self._numbers, at[~known], column[~known])
        self._recent = {}


def digest(key: str) -> bytes:
    """Return a key as bytes; raise ValueError if it is none."""
    data = bytes.fromhex(key)
    if len(data) != KEY_BYTES:
        raise ValueError(f"a key has {2 * KEY_BYTES} digits, got {key!r}")
    return data


def _whole(stored: bytes) -> bytes:
    """Return the bytes of a key; numpy leaves out those that are 0 at its end."""
    return stored.ljust(KEY_BYTES, b"\0")


def _text(stored: bytes) -> str:
    return _whole(stored).hex()


def _same(
    known: Shaped[np.ndarray, " n"],
    at: Shaped[np.ndarray, " m"],
    keys: Shaped[np.ndarray, " m"],
) -> Shaped[np.ndarray, " m"]:
    """Return of each key whether it is what is known at its place."""
    found = np.zeros(len(keys), bool)
    inside = at < len(known)
    found[inside] = known[at[inside]] == keys[inside]
    return found
