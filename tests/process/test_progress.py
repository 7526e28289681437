"""Progress: a line every 30 s without a terminal, a bar on one, time in words."""

import pytest

from stages.process.progress import Progress, duration, running_cost


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_without_a_terminal_a_line_every_thirty_seconds(capsys):
    clock = Clock()
    with Progress("invert", 100, "jobs", terminal=False, clock=clock) as progress:
        for second in range(1, 51):
            clock.now = float(second)
            progress.advance(1)
    lines = capsys.readouterr().err.splitlines()
    # At 30 s, 30 of 100 are done, 29 of them in the 29 s since the first: 70 s to go.
    assert lines == [
        "invert: 30 of 100 jobs, 70 s left",
        "invert: 100 jobs in 50 s",
    ]


def test_on_a_terminal_a_bar_with_the_time_left(capsys):
    clock = Clock()
    with Progress("invert", 4, "jobs", terminal=True, clock=clock) as progress:
        progress.advance(1)
        clock.now = 20.0
        progress.advance(1)
        progress._bar.refresh()
        told = capsys.readouterr().err
        progress.advance(2)
    assert "2/4 jobs [" in told
    assert "40 s left]" in told
    assert "4/4" in capsys.readouterr().err


def test_no_summary_after_an_error(capsys):
    with pytest.raises(RuntimeError), Progress("x", 2, "jobs", terminal=False):
        raise RuntimeError
    assert capsys.readouterr().err == ""


def test_time_left_is_unknown_before_the_first_unit():
    assert Progress("x", 2, "jobs", terminal=False).line() == "x: 0 of 2 jobs"


def test_what_comes_before_the_first_progress_is_no_measure_of_what_is_left():
    clock = Clock()
    progress = Progress("x", 100, "jobs", terminal=False, clock=clock)
    clock.now = 29.0  # loading
    progress.advance(0.02)
    clock.now = 30.0
    progress.advance(0.5)
    assert progress.line() == "x: 0 of 100 jobs"
    clock.now = 49.0
    progress.advance(9.5)
    # 10 jobs in the 20 s since the first progress: 180 s for the other 90.
    assert progress.line() == "x: 10 of 100 jobs, 3 min left"


def test_what_so_many_units_cost_grows_by_each_runs_own():
    cost = running_cost([(2, 60.0), (1, 1.0)])
    assert [cost(n) for n in (0, 0.5, 2, 2.5, 3)] == [0, 15, 60, 60.5, 61]
    assert running_cost([])(0) == 0


def test_time_left_is_by_what_the_units_cost():
    clock = Clock()
    costly_first = [0, 90, 180, 190, 200]
    progress = Progress(
        *("x", 4, "jobs"),
        cost=lambda n: costly_first[int(n)],
        terminal=False,
        clock=clock,
    )
    progress.advance(1)
    clock.now = 90.0
    progress.advance(1)
    # The second took 90 s, as it should; the last two are worth 20.
    assert progress.line() == "x: 2 of 4 jobs, 20 s left"
    clock.now = 100.0
    progress.advance(1)
    progress.advance(1)
    assert progress.line() == "x: 4 of 4 jobs, 0 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3600, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
