"""A stage as a process: its signals, its exit codes, its last words.

Exit codes: 0 done; 1 refused, with a message that says what to do; 2 the params are
wrong; 130 and 143 stopped by SIGINT and SIGTERM, with everything finished kept.
"""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


class Refusal(Exception):
    """A message for the user instead of a result: what, where, and what to do."""

    exit_code = 1


class Interrupted(BaseException):
    """A signal asked the process to stop.

    Not an `Exception`, so that no handler of errors takes it for one.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.exit_code = 128 + signal_number


class _Mailbox:
    """Holds the first signal while a block must not be torn apart."""

    def __init__(self) -> None:
        self.deferring = False
        self.quiet = False
        self.pending: int | None = None

    def receive(self, signal_number: int, frame: FrameType | None) -> None:
        # A second signal means that the user will not wait: stop at once.
        if self.deferring and self.pending is None:
            self.pending = signal_number
            if not self.quiet:
                say("stopping after this step; once more to stop at once")
        else:
            raise Interrupted(signal_number)


_MAILBOX = _Mailbox()


@contextmanager
def deferred_signals() -> Iterator[Callable[[], None]]:
    """Hold signals back inside the block; yield a function that lets a held one out.

    Call it where stopping is safe. A signal still held at the end raises there.
    """

    def let_out() -> None:
        if _MAILBOX.pending is not None:
            pending, _MAILBOX.pending = _MAILBOX.pending, None
            raise Interrupted(pending)

    _MAILBOX.deferring = True
    try:
        yield let_out
    finally:
        _MAILBOX.deferring = False
    let_out()


def printable(name: str) -> str:
    r"""Return the name with everything that is no visible character escaped.

    Line breaks, terminal codes and text direction marks become `\n`, `\x1b`, `\u202e`;
    a byte that is not UTF-8 becomes `\udcff`, which a Parquet file can hold.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in name
    )


def _lines(text: str) -> str:
    """Return the text for a terminal, whoever wrote it: only its line breaks act."""
    return "\n".join(map(printable, text.rstrip("\n").split("\n"))) + "\n"


def say(message: str) -> None:
    """Print a line for the user, beside any progress bar."""
    sys.stderr.write(_lines(message))
    sys.stderr.flush()


def tell(answer: str) -> None:
    """Print what the user asked for, on the standard output."""
    sys.stdout.write(_lines(answer))


def listen(signals: Sequence[signal.Signals], *, quiet: bool = False) -> None:
    """Raise Interrupted for these signals, or hold them back where they are deferred.

    `quiet` leaves it to others to tell the user.
    """
    _MAILBOX.quiet = quiet
    for number in signals:
        signal.signal(number, _MAILBOX.receive)


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main` and exit with its code; a message instead of a traceback."""
    listen([signal.SIGINT, signal.SIGTERM])
    try:
        main()
    except Refusal as refusal:
        say(f"{refusal}")
        sys.exit(refusal.exit_code)
    except Interrupted as interrupted:
        say(f"stopped by {interrupted}; what was finished is kept")
        sys.exit(interrupted.exit_code)
