"""What ends a process is found out in a copy of it, which alone is ended."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from stages.process.stage import Interrupted
from stages.process.trial import ending

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied there")


@linux
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: os._exit(7), "it ended its process with code 7"),
        (lambda: os._exit(0), "it ended its process with code 0"),
        (lambda: sys.exit(3), "it ended its process with code 3"),
        (lambda: sys.exit("no"), "it ended its process with code 1"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "it was ended by SIGKILL"),
    ],
)
def test_how_a_call_ends_its_process_is_told(call, words):
    assert ending(call) == words


def fail():
    raise RuntimeError("an error is no end")


@pytest.mark.parametrize("call", [fail, lambda: 3])
def test_what_returns_or_raises_ends_nothing(call):
    assert ending(call) == ""


@linux
def test_the_copy_is_not_heard_and_what_waits_here_is_not_said_twice(capfd):
    sys.stdout.write("once ")
    assert ending(lambda: os.write(2, b"never") and os._exit(1))
    sys.stdout.flush()
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("once ", "")


@linux
def test_stopped_the_process_takes_its_copy_with_it(tmp_path):
    place = tmp_path / "pid"

    def linger():
        place.write_text(f"{os.getpid()}")
        time.sleep(60)

    def stop(number, frame):
        while not (place.exists() and place.read_text()):
            time.sleep(0.01)
        raise Interrupted(number)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Interrupted):
            ending(linger)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not Path(f"/proc/{place.read_text()}").exists()
