"""The job store with what machines finished that share a place with this one."""

from collections.abc import Container
from pathlib import Path

from stages.store.jobs import JobStore
from stages.store.objects import Objects
from stages.store.places import Place
from stages.store.record import Record
from stages.store.shared_records import SharedRecords

# What lies in the shared place for as long as a run takes.
PASSING = ("inputs", "codes", "scores", "damaged")


class SharedJobStore(JobStore):
    """A job store in a folder, and finished jobs in a shared place.

    A job is finished if it is so in either. Failures and checkpoints are the folder's.
    """

    def __init__(self, folder: Path, objects: Objects) -> None:
        super().__init__(folder)
        self.objects = objects
        self._shared = SharedRecords(objects)

    def finished(self) -> set[str]:
        """Return the keys of all finished jobs."""
        return super().finished() | self._shared.places.keys()

    def holds(self, key: str) -> bool:
        """Return whether a job is finished; one in the shared place is not read."""
        return key in self._shared.places or super().holds(key)

    def load(self, key: str) -> Record | None:
        """Return a finished job; None if there is none."""
        return self._shared.load(key) or super().load(key)

    def note_finished(self, place: Place, keys: list[str]) -> None:
        """Note what a worker wrote; failures noted before are forgotten."""
        self._shared.note(place, keys)
        for key in keys:
            self.forget_failure(key)

    def unneeded_objects(self, needed: Container[str]) -> dict[str, int]:
        """Return what the shared place holds that is not needed, with its bytes.

        Finished jobs by their keys; and what is made again where it is used: published
        inputs, codes and scores that a killed run left, and what was damaged.
        """
        passing = [self.objects.names(folder) for folder in PASSING]
        left = {name: n for names in passing for name, n in names.items()}
        return self._shared.unneeded(needed) | left

    def drop_objects(self, needed: Container[str]) -> None:
        """Drop what `unneeded_objects` tells. Nobody else may be at work there."""
        self._shared.drop_unneeded(needed)
        for folder in PASSING:
            self.objects.drop(self.objects.names(folder))

    def settle(self) -> None:
        """Index and pack what was finished: at the end of a run."""
        self._shared.pack()

    def index(self) -> None:
        """Index what was finished: when a run is left."""
        self._shared.write_index()
