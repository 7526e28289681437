"""Whole objects by name in a folder or at an address: what several machines share.

The place is any that fsspec knows: a folder, `s3://bucket/study`. An object appears
whole or not at all, and is never changed. A place that is full, or gone for a while,
is waited for: what a machine has computed is worth more than two minutes.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from stages.process.stage import Refusal, say
from stages.store import files

# Our choice: longer than a file server takes to come back.
SECONDS_OF_PATIENCE = 120.0
_LONGEST_PAUSE = 5.0

# What tells the place from an empty folder where nothing is mounted.
_MARK = "preimages-store"

Answer = TypeVar("Answer")


class Objects:
    """The objects at a place; pickled, it is its address alone.

    Every method waits for the place, and raises Refusal once patience has ended.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._known: set[str] = set()

    def __reduce__(self) -> tuple[type["Objects"], tuple[str]]:
        return Objects, (self.url,)

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The file system, and the place's path in it."""
        # Imported here: a study on one machine needs none of it.
        import fsspec

        system, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        return system, root.rstrip("/")

    @property
    def folder(self) -> Path | None:
        """The place as a folder of this machine; None if it is none."""
        system, root = self._opened
        return Path(root) if "file" in system.protocol else None

    def create(self) -> None:
        """Make the place, unless it is there."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / _MARK).is_file():
                files.write_bytes(self.folder / _MARK, b"1")
        elif not self._patiently(lambda: self._has(_MARK)):
            self._patiently(lambda: self._write(_MARK, b"1"))

    def put(self, name: str, data: bytes | bytearray) -> None:
        """Write an object; two writers of one name write the same."""
        self._patiently(lambda: self._write(name, data))

    def put_file(self, name: str, source: Path) -> None:
        """Write a file as an object, unless it is there; in a folder as a link."""
        if name in self._known or self._patiently(lambda: self._has(name)):
            return
        self._known.add(name)
        if self.folder is None:
            system, root = self._opened
            self._patiently(lambda: system.put_file(f"{source}", f"{root}/{name}"))
            return
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            os.link(source.resolve(), place)
        if not place.is_file():  # another file system
            with files.replacing(place) as temporary:
                temporary.write_bytes(source.read_bytes())

    def get(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Return an object, or its bytes from `start` to `end`.

        Raises FileNotFoundError if the place is there, and it is not.
        """
        (data,) = self.ranges(name, [(start, end)])
        return data

    def ranges(
        self, name: str, wanted: Sequence[tuple[int, int | None]]
    ) -> list[bytes]:
        """Return several ranges of an object; raises as `get` does."""
        system, root = self._opened
        starts, ends = [start for start, _ in wanted], [end for _, end in wanted]
        place = [f"{root}/{name}"] * len(wanted)
        read: list[bytes] = self._patiently(
            lambda: system.cat_ranges(place, starts, ends, on_error="raise")
        )
        return read

    def names(self, folder: str) -> dict[str, int]:
        """Return the names in a folder of the place, and below, with their bytes."""
        system, root = self._opened

        def listed() -> dict[str, int]:
            self._check_mark()
            found = system.find(f"{root}/{folder}", detail=True)
            return {path[len(root) + 1 :]: one["size"] for path, one in found.items()}

        sizes = self._patiently(listed)
        # Names that begin with a dot are being written.
        return {name: n for name, n in sizes.items() if "/." not in name}

    def drop(self, names: Iterable[str]) -> None:
        """Delete objects; one that has gone already is no mistake."""
        system, root = self._opened
        for name in names:
            with suppress(FileNotFoundError):
                self._patiently(partial(system.rm_file, f"{root}/{name}"))

    def _has(self, name: str) -> bool:
        system, root = self._opened
        return bool(system.exists(f"{root}/{name}"))

    def _check_mark(self) -> None:
        if not self._has(_MARK):
            raise OSError(f"{self.url} holds no store")

    def _write(self, name: str, data: bytes | bytearray) -> None:
        system, root = self._opened
        if self.folder is None:
            system.pipe_file(f"{root}/{name}", data)
            return
        if name != _MARK:
            # Or a folder would be made where nothing is mounted.
            self._check_mark()
        files.write_bytes(self.folder / name, data)

    def _patiently(self, action: Callable[[], Answer]) -> Answer:
        """Return what the action does, tried again for as long as patience lasts."""
        end, pause = time.monotonic() + SECONDS_OF_PATIENCE, 0.25
        while True:
            try:
                return action()
            # Whatever a file system raises, of its own or the network's.
            except Exception as error:
                if isinstance(error, FileNotFoundError) and self._is_reached():
                    raise
                if time.monotonic() > end:
                    raise self._refused(error) from error
                if pause == 0.25:
                    say(f"waiting for {self.url}: {error}")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _is_reached(self) -> bool:
        try:
            return self._has(_MARK)
        except Exception:
            return False

    def _refused(self, error: Exception) -> Refusal:
        return Refusal(
            f"the store {self.url} could not be read or written for "
            f"{SECONDS_OF_PATIENCE:.0f} s: {type(error).__name__}: {error}. What was "
            "finished is kept; mend that and run this again"
        )
