"""Work shared among processes: all of it, once, whatever becomes of a process."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.execution import workers
from stages.execution.workers import share
from stages.process.stage import Interrupted, Refusal, deferred_signals

ROOT = Path(__file__).parent.parent.parent


def prepare(slot):
    Path(f"ready-{os.getpid()}").write_text(f"{slot}")


class Special(Refusal):
    """A refusal that is not made of its message alone."""

    def __init__(self, message, extra):
        super().__init__(message)


def note(item, advance):
    """Write the item's file; items tell what else is to happen."""
    if item.startswith("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if item.startswith("raise"):
        raise ValueError("an error of the run's own")
    if item.startswith("refuse"):
        raise Special(f"{item} is damaged", 3)
    if item.startswith("full"):
        raise OSError(errno.ENOSPC, "No space left on device", item)
    for _ in range(2):
        time.sleep(0.01)
        advance(0.5)
        if item.startswith("half"):
            os._exit(5)
    Path(item).write_text(str(os.getpid()))
    return f"done {item}"


def linger(item, advance):
    """Take steps without end; leave a note when asked to stop."""
    Path(f"begun-{item}").touch()
    with deferred_signals() as let_out:
        try:
            while True:
                time.sleep(0.01)
                advance(0.0)
                let_out()
        except Interrupted:
            Path(f"kept-{item}").touch()
            raise


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """Return a function that shares items and returns progress and losses.

    What came of the items is in `results` beside it.
    """
    results = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(items, n_processes=2, instead=None):
        progress, losses = [], []

        def lost(item, how, reached):
            losses.append((item, how, reached))
            return (instead or {}).get(item, [])

        share(
            items,
            note,
            n_processes,
            setup=prepare,
            advance=progress.append,
            lost=lost,
            finished=lambda item, result: results.append((item, result)),
        )
        return sum(progress), losses

    run.results = results
    return run


def test_every_item_is_run_once_by_prepared_processes(shared):
    items = [f"item-{i}" for i in range(7)]
    assert shared(items) == (7.0, [])
    owners = {Path(item).read_text() for item in items}
    assert len(owners) == 2
    assert {p.name for p in Path().glob("ready-*")} == {f"ready-{o}" for o in owners}


def test_no_more_processes_than_items_are_started(shared):
    shared(["one"], n_processes=5)
    assert len(list(Path().glob("ready-*"))) == 1
    shared([], n_processes=5)


def test_a_process_that_dies_loses_its_item_alone(shared, capfd):
    items = ["a", "die-1", "b", "raise-1", "c", "die-2", "d"]
    progress, losses = shared(items)
    assert progress == 4.0
    assert all(Path(item).exists() for item in "abcd")
    told = {item: how for item, how, _ in losses}
    assert "SIGKILL, perhaps for want of memory" in told["die-1"]
    assert set(told) == {"die-1", "die-2", "raise-1"}
    assert "ended with code 1" in told["raise-1"]
    assert "an error of the run's own" in capfd.readouterr().err


def test_what_came_of_an_item_is_told_with_it(shared):
    shared(["a", "die-1", "b"])
    assert sorted(shared.results) == [("a", "done a"), ("b", "done b")]


def test_what_a_dead_process_had_in_hand_is_replaced_and_its_progress_taken_back(
    shared,
):
    progress, losses = shared(["half-1", "a"], instead={"half-1": ["b", "half-2"]})
    assert [(item, reached) for item, _, reached in losses] == [
        ("half-1", 0.5),
        ("half-2", 0.5),
    ]
    assert {item for item, _ in shared.results} == {"a", "b"}
    # Of the one that nothing took the place of, the progress stays.
    assert progress == 2.5


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("refuse-1", r"^refuse-1 is damaged$"),
        ("full-1", "^full-1 could not be written: No space left on device.* kept"),
    ],
)
def test_what_is_true_for_all_ends_all_in_one_sentence(shared, capfd, item, words):
    with pytest.raises(Refusal, match=words):
        shared([item, "a"])
    assert "Traceback" not in capfd.readouterr().err


PROGRAM = """
import sys
from functools import partial
from stages.process.stage import run
from stages.execution.workers import share
from tests.execution.test_workers import linger, prepare

def main():
    share(["a", "b"], linger, 2, setup=prepare, advance=abs, lost=lambda *_: [])

if __name__ == "__main__":
    run(main)
"""


def appeared(folder, names, seconds=60.0):
    end = time.monotonic() + seconds
    while not all((folder / name).exists() for name in names):
        assert time.monotonic() < end, sorted(path.name for path in folder.iterdir())
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)],
)
def test_stopped_in_any_way_the_processes_keep_what_they_have(tmp_path, number, code):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, program], cwd=tmp_path, env=environment, stderr=subprocess.PIPE
    ) as process:
        appeared(tmp_path, ["begun-a", "begun-b"])
        process.send_signal(number)
        assert process.wait(timeout=60) == code
        appeared(tmp_path, ["kept-a", "kept-b"])
        words = process.stderr.read().decode()
    assert "Traceback" not in words
    # Said once, by the process that was asked.
    assert words.count("stopped by") == (0 if number == signal.SIGKILL else 1)


def test_each_process_has_a_slot_of_its_own_and_leaves_it_to_its_successor(shared):
    shared(["die-1", "a"], n_processes=1)
    assert [file.read_text() for file in Path().glob("ready-*")] == ["0", "0"]


def test_two_processes_at_once_have_two_slots(shared):
    shared(["a", "b"], n_processes=2)
    slots = [file.read_text() for file in Path().glob("ready-*")]
    assert sorted(slots) == ["0", "1"]


def test_the_machine_has_a_core_and_memory_for_one(monkeypatch):
    assert workers.most_processes(1) == workers.n_cores()
    assert workers.most_processes(1 << 60) == 1
