"""Signals while the modules of a command load, which takes seconds.

Imported by `stages/__init__.py`, before anything that is slow. Nothing has begun then:
the process says so and ends, without a traceback. Later, `process.run` listens.
"""

import os
import signal
import sys
from types import FrameType

SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):  # pragma: no branch  (not on Windows)
    SIGNALS.append(signal.SIGHUP)


def obeyed() -> list[signal.Signals]:
    """Return the signals to stop at: a hang-up that `nohup` ignores stays ignored."""
    ignored = [
        number
        for number in SIGNALS
        if number is not signal.SIGINT and signal.getsignal(number) is signal.SIG_IGN
    ]
    return [number for number in SIGNALS if number not in ignored]


def end_at_signals() -> None:
    """End at a signal from now on, if this is a command and not a library.

    Python gives a program the name `-m` while it looks for the module to run.
    """
    if sys.argv[:1] == ["-m"]:
        for number in obeyed():
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    name = signal.Signals(number).name
    os.write(2, f"stopped by {name} before anything began\n".encode())
    os._exit(128 + number)
