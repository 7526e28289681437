"""A stage as a process: exit codes, and signals that never tear a step apart."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
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
