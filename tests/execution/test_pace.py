"""The time of a study from a few steps: what is tried, and what is made of it."""

import os
import time
from functools import partial

import pytest
import torch

from stages.execution import pace
from stages.execution.batch import Batch
from stages.execution.device import prepare
from stages.execution.pace import Measured, Pace, Tried, Unmeasured, measured
from stages.params.execution import ExecutionSettings
from stages.plan.cells import Cell
from stages.plan.planned import Job
from stages.preimage.priors import Prior
from stages.preimage.solvers import fast
from stages.representations.hog import HogDefinition
from stages.representations.selection import Selection

CPU = torch.device("cpu")
ALONE = ExecutionSettings(device="cpu", processes=1)
TWO = ExecutionSettings(device="cpu", processes=2)


def jobs(n, kind="hog", side=32, steps=6):
    cell = Cell(
        representation=kind,
        definition=HogDefinition(side=side),
        layer="hog",
        channels="",
        region="",
        selection=Selection(),
        prior="",
        weights=Prior(lambda_tv=0.05),
        solver="",
        steps=fast(steps=steps, rate=8.0),
    )
    return [Job(cell, f"{i}", f"{i}", 0, f"{kind} {i}", 2) for i in range(n)]


@pytest.fixture
def tried(monkeypatch):
    """Return a function that has processes tell this, one after another, untried."""

    def telling(*answers):
        def share(items, run, n, *, finished, **others):
            assert len(items) == n == len(answers)
            for item, answer in zip(items, answers, strict=True):
                finished(item, answer)

        monkeypatch.setattr(pace, "share", share)

    return telling


def test_a_batch_takes_its_steps_and_what_is_evaluated_at_both_ends():
    assert Pace(first=100.0, step=2.0).batch(16) == (16 + 3) * 2.0


def test_alone_the_start_and_the_first_batch_count_once(tried):
    tried(Tried(5.0, [Pace(first=7.0, step=2.0)]))
    # 5 jobs, 2 a batch: 3 batches of 6 + 3 steps' worth each.
    assert measured(ALONE, jobs(5), CPU) == Measured(5 + 7 + 3 * 9 * 2)


def test_processes_share_the_batches_and_start_after_the_stage(tried):
    tried(Tried(4.0, [Pace(6.0, 1.0)], 30), Tried(6.0, [Pace(8.0, 3.0)], 20))
    # Of 3 batches one process has two, of 9 steps' worth; all seconds are means.
    expected = 2 * 5.0 + 7.0 + 2 * 9 * 2.0
    assert measured(TWO, jobs(5), CPU) == Measured(expected, 30)


def test_no_more_processes_are_tried_than_there_are_batches(tried):
    tried(Tried(1.0, [Pace(0.0, 1.0)]))
    # The stage started, and the one that it started.
    assert measured(TWO, jobs(2), CPU).seconds == 2 * 1 + 9


def test_what_is_done_takes_no_time_and_starts_nothing(tried):
    tried()
    assert measured(TWO, [], CPU) == Measured(0.0)


def test_each_process_takes_the_next_batch_and_builds_each_kind_once():
    hog, net = jobs(2), jobs(2, "net", steps=1)
    paces = {hog[0].group: Pace(10.0, 1.0), net[0].group: Pace(20.0, 10.0)}
    # One: hog for 10 + 9 s, then net for 20 + 40 s; the other hog and net, too, then
    # whoever is free first, the one of hog, has what comes last, 40 s without building.
    assert pace.until_done([hog, hog, net, net], paces, 2) == 19 + 60
    assert pace.until_done([hog, hog, net, net, net], paces, 2) == 19 + 60 + 40
    assert pace.until_done([hog, hog, hog], paces, 2) == 19 + 9


def test_building_counts_for_the_first_batch_of_a_process_alone(monkeypatch):
    build = HogDefinition.build

    def slow(self, **options):
        time.sleep(0.5)
        return build(self, **options)

    monkeypatch.setattr(HogDefinition, "build", slow)
    kinds = [jobs(2, side=44), jobs(2, side=44, steps=7)]
    told = pace.attempt(time.time() - 3, None, kinds=kinds, device=CPU)
    assert isinstance(told, Tried), told
    assert 3 <= told.start < 4
    first, second = told.paces
    assert 0.5 <= first.first
    assert 0 <= second.first < 0.5
    assert 0 < first.step < 0.5


def test_a_step_that_fails_is_told(monkeypatch, tried):
    def fail(batch, n_steps):
        raise RuntimeError("no step")

    monkeypatch.setattr(Batch, "probe", fail)
    told = pace.attempt(time.time(), None, kinds=[jobs(1)], device=CPU)
    tried(told)
    with pytest.raises(Unmeasured, match="RuntimeError: no step"):
        measured(ALONE, jobs(1), CPU)


def end(asked, advance):
    os._exit(3)


def test_a_process_that_ends_is_told():
    setup = partial(prepare, "cpu", 1)
    with pytest.raises(Unmeasured, match="its process ended with code 3"):
        pace._tried(end, setup, 1)


def test_the_start_of_real_processes_is_counted():
    begun = time.perf_counter()
    told = measured(TWO, jobs(3), CPU)
    # Two starts, of the stage and of its processes, are no more than twice what it took
    # to try; and none is over in a twentieth of a second.
    assert 0.1 < told.seconds < 2 * (time.perf_counter() - begun)
