"""Finished jobs in a place that several machines share: one object a batch.

    records/ab/abcd....bundle   a batch, as the worker that computed it wrote it
    packs/....pack              many batches, one after the other
    index/....json              where the batches of some keys lie
    damaged/...                 copies of what is not what was written

Nothing is ever changed, and no name is used twice, so that nobody needs a lock: two
runs on one place write some records twice, and read either. A batch that no index knows
yet, since its run was killed, is known by its head. Many small objects are slow on
every shared file system: they are packed when a run ends.
"""

import uuid
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from stages.process.stage import Refusal, say
from stages.store.bundle import (
    HEAD,
    bundled,
    head_bytes,
    keys_in,
    unbundled,
    whole_bytes,
)
from stages.store.objects import Objects
from stages.store.places import Place, Places
from stages.store.record import Record
from stages.store.seals import BrokenSeal, sealed_json, unsealed_json

# Batches after which an index is written, and from which on they are packed; bytes of
# a pack. Our choice: a killed run leaves few heads to read, a pack is read in seconds.
BATCHES_AN_INDEX = 256
BATCHES_TO_PACK = 64
PACK_BYTES = 1 << 25

# Jobs whose batches are packed, and told in an index, at a time, our choice: 10 MB of
# keys and of text are held meanwhile.
JOBS_AT_ONCE = 1 << 15

# Batches kept at hand: those of a cell lie next to each other in the plan.
_AT_HAND = 16


def write_batch(objects: Objects, records: Mapping[str, Record]) -> Place:
    """Write the records of a batch, under a name of its own, and return the place."""
    data, name = bundled(records), uuid.uuid4().hex
    place = Place(f"records/{name[:2]}/{name}.bundle", 0, len(data))
    objects.put(place.name, data)
    return place


class SharedRecords:
    """The finished jobs at a place, by key.

    The places are read when they are first asked for, and again by `refresh`.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._places: Places | None = None
        self._unindexed: dict[Place, list[str]] = {}
        self._indexes: set[str] = set()
        self._batch = lru_cache(_AT_HAND)(self._read)

    @property
    def places(self) -> Places:
        """Where each finished job lies."""
        if self._places is None:
            self._places = self._read_all()
        return self._places

    def refresh(self) -> None:
        """Read what there is: the indexes, then the heads of batches in none."""
        self._places = self._read_all()

    def _read_all(self) -> Places:
        sizes = self._sizes()
        damaged = self.objects.names("damaged").keys()
        places, self._indexes, indexed = Places(), set(), set[str]()
        for place, keys in self._indexed():
            # What was packed since an index was written lies in a pack.
            if place.name in sizes and place.damaged not in damaged:
                places.note(place, keys)
                indexed.add(place.name)
        for name in sorted(sizes.keys() - indexed):
            for place, keys in self._heads(name, sizes[name]):
                if place.damaged not in damaged:
                    places.note(place, keys)
                    self._index_soon(place, keys)
        return places

    def _indexed(self) -> Iterator[tuple[Place, list[str]]]:
        for name in sorted(self.objects.names("index")):
            try:
                lines = unsealed_json(self.objects.get(name))
            except FileNotFoundError:  # another run has put it into its own
                continue
            except BrokenSeal:  # the batches' own heads tell the same
                self.objects.drop([name])
                continue
            self._indexes.add(name)
            for object_name, start, end, keys in lines:
                yield Place(object_name, start, end), keys

    def _heads(self, name: str, n_bytes: int) -> Iterator[tuple[Place, list[str]]]:
        """Yield the batches in an object, and their keys, as their heads tell them."""
        start = 0
        while start < n_bytes:
            try:
                head = self._head(name, start)
                place = Place(name, start, start + whole_bytes(head))
                yield place, keys_in(head)
            except FileNotFoundError:  # packed by another run
                return
            except BrokenSeal as broken:
                self._set_aside(Place(name, start, n_bytes), broken)
                return
            start = place.end

    def _head(self, name: str, start: int) -> bytes:
        head = self.objects.get(name, start, start + HEAD)
        if head_bytes(head) > len(head):
            head = self.objects.get(name, start, start + head_bytes(head))
        return head

    def note(self, place: Place, keys: list[str]) -> None:
        """Note that a batch was written; its keys are in an index soon."""
        self.places.note(place, keys)
        self._index_soon(place, keys)

    def _index_soon(self, place: Place, keys: list[str]) -> None:
        self._unindexed[place] = keys
        if len(self._unindexed) >= BATCHES_AN_INDEX:
            self.write_index()

    def write_index(self) -> None:
        """Write an index of the batches that are in none."""
        if self._unindexed:
            self._write_index(self._unindexed)
            self._unindexed = {}

    def _write_index(self, batches: Mapping[Place, list[str]]) -> None:
        name = f"index/{uuid.uuid4().hex}.json"
        lines = [[one.name, one.start, one.end, k] for one, k in batches.items()]
        self.objects.put(name, sealed_json(lines).encode())
        self._indexes.add(name)

    def load(self, key: str) -> Record | None:
        """Return a finished job, None if there is none.

        Raises Refusal if its batch is damaged: then it was set aside.
        """
        place = self.places.get(key)
        if place is None:
            return None
        try:
            return self._batch(place)[key]
        except FileNotFoundError:  # another run has packed it
            self.refresh()
            again = self.places.get(key)
            return None if again in (None, place) else self.load(key)
        except (BrokenSeal, KeyError) as broken:
            self._set_aside(place, broken)
            raise Refusal(
                f"{place.name} in {self.objects.url} was damaged ({broken}): it was "
                "set aside; run this again, and what it held is computed again"
            ) from broken

    def _read(self, place: Place) -> dict[str, Record]:
        return unbundled(self.objects.get(place.name, place.start, place.end))

    def _set_aside(self, place: Place, why: object) -> None:
        """Take a batch for damaged from now on, whichever index still knows it."""
        say(f"{place.name} in {self.objects.url} is damaged ({why}): it is not used")
        data = self.objects.get(place.name, place.start, place.end)
        self.objects.put(place.damaged, data)

    def pack(self) -> None:
        """Put small objects together, and all indexes into one, where it is worth it.

        A batch that is there twice, from two runs, is kept once.
        """
        self.write_index()
        n_loose = sum(_is_loose(place) for _, place, _ in self.places.batches())
        if n_loose < BATCHES_TO_PACK:
            return
        stale = set(self._indexes)
        for some in _pieces(self.places.batches()):
            lines, loose = {}, [place for _, place, _ in some if _is_loose(place)]
            moved = self._packed(loose)
            for number, place, keys in some:
                lines[moved.get(place, place)] = keys
                if place in moved:
                    self.places.move(number, moved[place])
            self._write_index(lines)
            # Only now, when the new index names all of them.
            self.objects.drop(place.name for place in loose)
        self.objects.drop(stale)
        self._indexes -= stale

    def unneeded(self, needed: Container[str]) -> dict[str, int]:
        """Return the objects that hold what no key in `needed` is in, with its bytes.

        A batch stays as a whole if one of its jobs is needed.
        """
        sizes = self._sizes()
        for place in self._needed(needed):
            sizes[place.name] -= place.end - place.start
        return {name: n_bytes for name, n_bytes in sizes.items() if n_bytes}

    def drop_unneeded(self, needed: Container[str]) -> None:
        """Drop what `unneeded` tells; what is left of a pack becomes another one."""
        gone, stale = self.unneeded(needed), set(self._indexes)
        batches = self._needed(needed)
        cut = [place for place in batches if place.name in gone]
        for old, new in self._packed(cut).items():
            batches[new] = batches.pop(old)
        self._write_index(batches)
        # Only now, when the new index names all that is left.
        self.objects.drop([*stale, *gone])
        self._indexes -= stale
        self._places = Places()
        for place, keys in batches.items():
            self._places.note(place, keys)
        self._unindexed = {}

    def _sizes(self) -> dict[str, int]:
        return self.objects.names("records") | self.objects.names("packs")

    def _needed(self, needed: Container[str]) -> dict[Place, list[str]]:
        return {
            place: keys
            for _, place, keys in self.places.batches()
            if any(key in needed for key in keys)
        }

    def _packed(self, batches: Sequence[Place]) -> dict[Place, Place]:
        """Write packs of these batches; return where each of them lies then."""
        moved: dict[Place, Place] = {}
        for group in _groups(batches):
            name, data = f"packs/{uuid.uuid4().hex}.pack", bytearray()
            for place in group:
                piece = self.objects.get(place.name, place.start, place.end)
                moved[place] = Place(name, len(data), len(data) + len(piece))
                data += piece
            self.objects.put(name, data)
        return moved


# A batch: its number, its place and its keys.
Numbered = tuple[int, Place, list[str]]


def _pieces(batches: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """Yield batches together, of so many jobs as are looked at at once."""
    some, n_jobs = list[Numbered](), 0
    for batch in batches:
        some.append(batch)
        n_jobs += len(batch[2])
        if n_jobs >= JOBS_AT_ONCE:
            yield some
            some, n_jobs = [], 0
    if some:
        yield some


def _is_loose(place: Place) -> bool:
    return place.name.startswith("records/")


def _groups(places: Sequence[Place]) -> Iterator[list[Place]]:
    """Yield the places in groups that fill a pack."""
    group, n_bytes = list[Place](), 0
    for place in places:
        group.append(place)
        n_bytes += place.end - place.start
        if n_bytes >= PACK_BYTES:
            yield group
            group, n_bytes = [], 0
    if group:
        yield group
