"""The job store with what machines finished that share a place with this one."""

from pathlib import Path

from stages.store.jobs import JobStore
from stages.store.objects import Objects
from stages.store.record import Record
from stages.store.shared_records import Place, SharedRecords


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

    def settle(self) -> None:
        """Index and pack what was finished: at the end of a run."""
        self._shared.pack()

    def index(self) -> None:
        """Index what was finished: when a run is left."""
        self._shared.write_index()
