"""Work done while the main thread goes on: encoding and writing, beside computing.

One piece at a time and in order: whoever brings the next waits for the one before, so
that no more than one is held in memory, and an error is raised where it can be told.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

Work = Callable[[], None]


class Background:
    """A thread for pieces of work; a context manager that waits for the last of them.

    Also when the block is left by an error or a signal: what was begun is finished.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._last: Future[None] | None = None

    def do(self, work: Work) -> None:
        """Begin the work, once the piece before is done; raise what that one raised."""
        self._wait()
        self._last = self._thread.submit(work)

    def __enter__(self) -> "Background":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True)
        if error is None:
            self._wait()

    def _wait(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.result()


def at_once(work: Work) -> None:
    """Do the work here and now."""
    work()
