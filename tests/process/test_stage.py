"""A stage as a process: exit codes, and signals that never tear a step apart."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.process import stage

ROOT = Path(__file__).parent.parent.parent

LOOP = """
import sys, time
from stages.process.stage import Interrupted, Refusal, deferred_signals, run

def main():
    with deferred_signals() as let_out:
        print("ready", flush=True)
        for _ in range(1000):
            for _ in range(5):
                time.sleep(0.01)
            print("step", flush=True)
            let_out()

run(main)
"""

REFUSE = """
from stages.process.stage import Refusal, run
def main():
    raise Refusal("the folder is empty: put pictures into it")
run(main)
"""


def start(program):
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_ends_the_process_between_steps_with_its_code(number, code):
    with start(LOOP) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out.endswith("step\n")
    assert "what was finished is kept" in err
    assert "Traceback" not in err


def test_a_second_signal_does_not_wait():
    with start("import time\n" + LOOP.replace("range(5)", "range(2000)")) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143


def test_a_refusal_is_a_message_and_code_one():
    with start(REFUSE) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == "the folder is empty: put pictures into it\n"


def test_a_signal_outside_a_step_interrupts_at_once():
    from stages.process.stage import _MAILBOX, Interrupted, deferred_signals

    previous = signal.signal(signal.SIGTERM, _MAILBOX.receive)
    try:
        with pytest.raises(Interrupted, match="SIGTERM"):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Interrupted), deferred_signals():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, previous)


def test_a_hang_up_that_nohup_ignores_stays_ignored():
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with start(ignoring + LOOP.replace("range(1000)", "range(3)")) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out == "step\n" * 3


# what the system refuses ------------------------------------------------------------

RAISE = """
import errno
from stages.process.stage import run
def main():
    raise {error}
run(main)
"""


def ended(error):
    with start(RAISE.format(error=error)) as process:
        _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            "OSError(errno.ENOSPC, 'No space', 'x/y')",
            r"^x/y could not be written: No s",
        ),
        (
            "OSError(errno.ENOSPC, 'No space')",
            "^a file could not be written: .* MB free",
        ),
        ("OSError(errno.EDQUOT, 'Over', 'x')", "x could not be written: Disk quota"),
        (
            "OSError(errno.EROFS, 'RO', '/x')",
            "^/x could not be opened or written: Read-",
        ),
        ("PermissionError(errno.EACCES, 'No', 'x')", "^x could .*: Permission denied"),
        ("OSError(errno.EMFILE, 'Many', 'x')", "Too many open files"),
        ("MemoryError()", "^memory is too short. What was finished is kept"),
        (
            "RuntimeError('DefaultCPUAllocator: can\\'t allocate memory')",
            "^memory is too",
        ),
        ("OSError(errno.ENOMEM, 'Cannot allocate')", "^memory is too short"),
    ],
)
def test_what_the_system_refuses_is_one_sentence_and_code_one(error, words):
    code, err = ended(error)
    assert code == 1
    assert re.search(words, err)
    assert "What was finished is kept" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "error", ["KeyError('x')", "OSError('odd')", "OSError(9, 'x')"]
)
def test_a_mistake_of_the_program_keeps_its_traceback(error):
    code, err = ended(error)
    assert code == 1
    assert "Traceback" in err


def test_whoever_stops_reading_ends_the_command_quietly():
    program = """
from stages.process.stage import run, tell
def main():
    for i in range(100000):
        tell(f"line {i}")
run(main)
"""
    with start(program) as process:
        assert process.stdout.readline() == "line 0\n"
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == ""


def test_a_message_that_nobody_hears_stops_nothing(monkeypatch):
    class Gone:
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    stage.say("lost")


# the terminal -----------------------------------------------------------------------

HOSTILE = "a\x1b[2J\x07b\r\udcff\u202ec\td"
HARMLESS = r"a\x1b[2J\x07b\r\udcff\u202ec\td"


def test_what_is_said_and_told_is_harmless_to_a_terminal(capsys):
    stage.say(f"{HOSTILE}\nsecond line\n")
    stage.tell(HOSTILE)
    shown = capsys.readouterr()
    assert shown.err == f"{HARMLESS}\nsecond line\n"
    assert shown.out == f"{HARMLESS}\n"


def test_a_name_stays_on_its_line():
    assert stage.printable("two\nlines") == r"two\nlines"
    assert stage.printable("Ångström 猫 x") == "Ångström 猫 x"


# while modules load -----------------------------------------------------------------


def loading(folder, module, number):
    """Send the signal while torch loads; return code and last words."""
    (folder / "torch.py").write_text(
        "import time; print('now', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", module],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{folder}"},
    ) as process:
        assert process.stdout.readline() == "now\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.parametrize("stage", ["fetch", "extract", "invert", "score", "report"])
def test_a_signal_while_a_stage_loads_ends_it_without_a_traceback(tmp_path, stage):
    code, err = loading(tmp_path, f"stages.{stage}", signal.SIGINT)
    assert code == 130
    # The report's modules load in a second: it may have begun by now.
    assert re.fullmatch(r"stopped by SIGINT(;| before anything) .*\n", err)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_other_signals_while_modules_load_have_their_codes(tmp_path, number, code):
    assert loading(tmp_path, "stages.study", number)[0] == code


def test_a_library_leaves_signals_to_its_user():
    program = "import signal, stages; print(signal.getsignal(signal.SIGTERM))"
    with start(program) as process:
        assert process.communicate(timeout=60)[0] == "0\n"
