"""A stage as a process: its signals, its exit codes, its last words.

Exit codes: 0 done; 1 refused, with a message that says what to do, also where disk or
memory are too short; 2 the params, or the command line, are wrong; 129, 130 and 143
stopped by SIGHUP, SIGINT and SIGTERM, with everything finished kept; 141 nobody reads
what is printed.
"""

import errno
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from stages.process.loading import obeyed
from stages.process.secrets import masked


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
    """Return the text for a terminal, whoever wrote it: only its line breaks act.

    Addresses in it are without secrets.
    """
    return "\n".join(map(printable, masked(text).rstrip("\n").split("\n"))) + "\n"


def say(message: str) -> None:
    """Print a line for the user, beside any progress bar.

    Where nobody listens any more, the work goes on all the same.
    """
    with suppress(OSError):
        sys.stderr.write(_lines(message))
        sys.stderr.flush()


def tell(answer: str) -> None:
    """Print what the user asked for, on the standard output."""
    if sys.stdout is not None:
        sys.stdout.write(_lines(answer))


def listen(signals: Sequence[signal.Signals], *, quiet: bool = False) -> None:
    """Raise Interrupted for these signals, or hold them back where they are deferred.

    `quiet` leaves it to others to tell the user.
    """
    _MAILBOX.quiet = quiet
    for number in signals:
        signal.signal(number, _MAILBOX.receive)


# What the system may refuse, and that it is no mistake of the program's.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR}
_SCARCE = {errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENAMETOOLONG, errno.ELOOP}

KEPT = "What was finished is kept"


def refused_by_system(error: BaseException, path: str = "") -> str:
    """Return in a sentence what disk, folder or memory refused; empty for all else.

    `path` is the file in question, where the error does not name it.
    """
    if is_shortage_of_memory(error):
        reason = " ".join(f"{error}".split())
        return (
            f"memory is too short{f' ({reason})' if reason else ''}. {KEPT}; a smaller "
            "batch or fewer processes under `execution` need less"
        )
    if not isinstance(error, OSError) or error.errno is None:
        return ""
    names = {f"{name}": None for name in (error.filename, error.filename2) if name}
    place = " and ".join(names) or path or "a file"
    if error.errno in _FULL:
        return (
            f"{place} could not be written: {os.strerror(error.errno)}, with "
            f"{_free(place)}. {KEPT}; make room and run this again"
        )
    if error.errno in _DENIED | _SCARCE:
        return (
            f"{place} could not be opened or written: {os.strerror(error.errno)}. "
            f"{KEPT}; mend that and run this again"
        )
    return ""


def is_shortage_of_memory(error: BaseException) -> bool:
    """Return whether memory was too short, for Python, torch's CPU or a GPU.

    The system may also kill the process, which no program can catch.
    """
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in f"{error}"


def _free(place: str) -> str:
    """Return how much room there is where the file lies; for a nameless one, here
    and where temporary files lie.
    """
    folder = os.path.dirname(os.path.abspath(place))
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    folders = [folder] if place != "a file" else [os.curdir, tempfile.gettempdir()]
    room = [
        f"{shutil.disk_usage(one).free / 1e6:.1f} MB free in {one}" for one in folders
    ]
    return " and ".join(room)


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main` and exit with its code; a message instead of a traceback."""
    listen(obeyed())
    try:
        main()
        if sys.stdout is not None:
            sys.stdout.flush()
    except Refusal as refusal:
        say(f"{refusal}")
        sys.exit(refusal.exit_code)
    except Interrupted as interrupted:
        say(f"stopped by {interrupted}; what was finished is kept")
        sys.exit(interrupted.exit_code)
    except BrokenPipeError:
        # Whoever read, such as `head`, has had enough. Nothing is to be flushed there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except Exception as error:
        refused = refused_by_system(error)
        if not refused:
            raise
        say(refused)
        sys.exit(Refusal.exit_code)
