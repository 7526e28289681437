"""Work behind the main thread's back: in order, one piece at a time, errors told."""

import threading

import pytest

from stages.execution.background import Background, at_once


def test_the_work_runs_while_the_main_thread_goes_on():
    go_on, order = threading.Event(), []
    with Background() as background:
        background.do(lambda: order.append(("behind", go_on.wait(10))))
        order.append("before")
        go_on.set()
    assert order == ["before", ("behind", True)]


def test_pieces_are_done_in_order_and_never_two_at_once():
    running, most, done = [0], [0], []

    def piece(i):
        running[0] += 1
        most[0] = max(most[0], running[0])
        done.append(i)
        running[0] -= 1

    with Background() as background:
        for i in range(20):
            background.do(lambda i=i: piece(i))
    assert (done, most) == (list(range(20)), [1])


def fail():
    raise OSError("no space left")


def test_an_error_is_raised_with_the_next_piece_or_at_the_end():
    with Background() as background:
        background.do(fail)
        with pytest.raises(OSError, match="no space"):
            background.do(fail)
    with pytest.raises(OSError, match="no space"), Background() as background:
        background.do(fail)


def test_what_was_begun_is_finished_when_the_block_is_left_by_a_signal():
    begun, go_on, done = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        go_on.wait(10)
        done.append("written")

    def interrupted():
        with Background() as background:
            background.do(slow)
            begun.wait(10)
            go_on.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["written"]


def test_at_once_is_here_and_now():
    done = []
    at_once(lambda: done.append(threading.current_thread()))
    assert done == [threading.current_thread()]
