"""Progress with the time left: a bar on a terminal, a line every 30 s elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType

import numpy as np
from tqdm import tqdm

from stages.process.stage import say

SECONDS_BETWEEN_LINES = 30.0

# A bar whose time left is ours: its own takes every unit for as long as another.
BAR = "{l_bar}{bar}| {n:.4g}/{total_fmt} {unit} [{elapsed}{postfix}]"

# An estimate takes that much work after the first word of it: what comes before, such
# as loading and compiling, tells nothing of the time left.
SECONDS_TO_JUDGE = 10.0


class Progress:
    """Count finished units of work and tell the user how much is left.

    Use it as a context manager. `cost` tells what the first so many units cost
    together, in any unit, where one may take a hundred times as long as another; by
    default all cost the same. `terminal` and `clock` are arguments for tests only.
    """

    def __init__(
        self,
        label: str,
        total: int,
        unit: str,
        *,
        cost: Callable[[float], float] = float,
        terminal: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._cost = cost
        terminal = sys.stderr.isatty() if terminal is None else terminal
        self._bar = (
            tqdm(total=total, desc=label, unit=unit, file=sys.stderr, bar_format=BAR)
            if terminal
            else None
        )
        self._clock = clock
        self._begun = self._said = clock()
        self._done = 0.0
        # When the first progress was told, and how much was done then.
        self._first: tuple[float, float] | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif kind is None and self._total:
            seconds = self._clock() - self._begun
            say(f"{self._label}: {self._total} {self._unit} in {duration(seconds)}")

    def advance(self, amount: float = 1.0) -> None:
        """Count `amount` more units as done; fractions of a unit are welcome."""
        self._done += amount
        if self._first is None and self._done:
            self._first = self._clock(), self._done
            if self._bar is not None:
                self._bar.unpause()
        if self._bar is not None:
            self._bar.set_postfix_str(self._when(), refresh=False)
            self._bar.update(amount)
        elif self._clock() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = self._clock()
            say(self.line())

    def line(self) -> str:
        """Return the state in one line: done, total, time left."""
        told = f"{self._label}: {int(self._done)} of {self._total} {self._unit}"
        return ", ".join(filter(None, [told, self._when()]))

    def _when(self) -> str:
        left = self._left()
        return "" if left is None else f"{duration(left)} left"

    def _left(self) -> float | None:
        """Return the seconds that are left; None as long as they are not known."""
        if self._first is None:
            return None
        begun, done = self._first
        elapsed = self._clock() - begun
        spent = self._cost(self._done) - self._cost(done)
        if elapsed < SECONDS_TO_JUDGE or spent <= 0:
            return None
        return elapsed / spent * (self._cost(self._total) - self._cost(self._done))


def running_cost(runs: Iterable[tuple[int, float]]) -> Callable[[float], float]:
    """Return what the first so many units cost, where runs of units differ in it.

    `runs` tell how many units follow each other that cost the same, and what the run
    costs. Inside of one the cost grows evenly.
    """
    ends = np.cumsum(np.array([(0, 0.0), *runs]), axis=0)
    return lambda n_units: float(np.interp(n_units, ends[:, 0], ends[:, 1]))


def duration(seconds: float) -> str:
    """Return the seconds in words for people: `12 s`, `4 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
