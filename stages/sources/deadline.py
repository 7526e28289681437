"""A download with an end: given up when too little comes, or when it takes too long.

The timeout of requests counts from one byte to the next. A name server that is silent,
a host with a dozen addresses of which none answers, and a server that sends a byte a
second all keep it waiting. So the download runs in a thread of its own, which is left
behind when its time is up, and ends by itself at the next byte or timeout.
"""

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from typing import Any

import requests

# Seconds between two looks at the download, and those that its own, more exact message
# of a timeout is waited for. Our choice.
_LOOK, _GRACE = 0.02, 0.2


class TooSlow(requests.Timeout):
    """The download was given up; the message says why."""


class Beats:
    """A progress bar, in the form that pooch asks for, that notes when bytes came.

    Unlike the bar of tqdm within, it is true in a condition though no total be known:
    pooch would leave it alone.
    """

    def __init__(self, bar: Any) -> None:
        self.bar = bar
        self.latest = monotonic()
        self.is_over = False

    @property
    def total(self) -> int:
        """Return the size of the file in bytes; 0 if the server did not say."""
        return int(self.bar.total or 0)

    @total.setter
    def total(self, n_bytes: int) -> None:
        self.latest = monotonic()
        self.bar.total = n_bytes

    def update(self, n_bytes: int) -> None:
        """Note that bytes came; raises TooSlow if nobody waits for them any more."""
        if self.is_over:
            raise TooSlow("given up")
        self.latest = monotonic()
        self.bar.update(n_bytes)

    def reset(self) -> None:
        """Set the bar back to its start."""
        self.bar.reset()

    def close(self) -> None:
        """Leave the bar as it is."""
        self.bar.close()


def within(
    work: Callable[[], None], beats: Beats, seconds: float, total: float
) -> None:
    """Run a download; raise what it raises, or TooSlow when its time is up.

    It may take `total` seconds in all and `seconds` without a beat.
    """
    done, failures = Event(), list[Exception]()

    def run() -> None:
        try:
            work()
        except Exception as error:
            if not beats.is_over:
                failures.append(error)
        finally:
            done.set()

    beats.latest = start = monotonic()
    Thread(target=run, daemon=True).start()
    try:
        while not done.wait(_LOOK):
            _check(monotonic(), start + total, beats.latest + seconds, seconds, total)
    finally:
        beats.is_over = True
    if failures:
        # Taken out, so that the error and its frames do not hold each other: sockets
        # are closed as soon as it is dealt with.
        raise failures.pop()


def _check(now: float, end: float, silent: float, seconds: float, total: float) -> None:
    """Raise TooSlow if one of the two times has passed."""
    if now > end:
        raise TooSlow(f"not done after {total:g} s")
    if now > silent + _GRACE:
        raise TooSlow(f"next to nothing came for {seconds:g} s")
