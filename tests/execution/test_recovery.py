"""Finished jobs come back out of an earlier output: the same records, checked."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stages import extract, invert
from stages.execution import recovery, targets
from stages.execution.batch import Batch
from stages.plan.jobs import planned
from stages.plan.planned import ROW, Jobs
from stages.plan.study import expand
from stages.store import paths
from stages.store.jobs import JobStore
from tests.conftest import PARAMS


@pytest.fixture
def pulled(small_study, monkeypatch):
    """Run a study; move its output to where DVC's cache would have it."""
    extract.main()
    targets._opened.cache_clear()
    invert.main()
    parts = Path("cache")
    shutil.move(paths.PREIMAGES, parts)
    before = records()
    shutil.rmtree(paths.work())
    found = sorted(parts.iterdir())
    monkeypatch.setattr(recovery, "cached_files", lambda output: found)
    yield before, found
    targets._opened.cache_clear()


def plan():
    return planned(expand(), invert.pictures())


def records():
    job_store = JobStore(paths.work())
    return {job.key: job_store.load(job.key) for job in plan()}


def same(one, other):
    numbers = torch.equal(one.trace, other.trace)
    return numbers and replace(one, trace=other.trace) == other


def test_records_come_back_as_they_were(pulled, capsys):
    before, _ = pulled
    assert not recovery.recover(plan(), JobStore(paths.work()))
    after = records()
    assert before.keys() == after.keys()
    assert all(same(before[key], after[key]) for key in before)
    assert "10 finished jobs came back from DVC's cache\n" in capsys.readouterr().err


def test_one_more_seed_runs_its_own_jobs_alone(pulled, small_study, monkeypatch):
    before, _ = pulled
    small_study(PARAMS.replace("seeds: 2", "seeds: 3"))
    extract.main()
    targets._opened.cache_clear()
    ran = []
    compute = Batch.compute
    monkeypatch.setattr(
        Batch, "compute", lambda b, s: ran.extend(b.keys) or compute(b, s)
    )
    invert.main()
    assert set(ran) == {job.key for job in plan() if job.seed == 2}
    assert before.keys().isdisjoint(ran)


def test_of_a_damaged_file_nothing_is_believed(pulled, capsys):
    _, (part,) = pulled
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    assert len(recovery.recover(plan(), JobStore(paths.work()))) == 10
    assert f"{part} is of no use: " in capsys.readouterr().err
    assert JobStore(paths.work()).finished() == set()


def test_where_nothing_is_wanted_nobody_looks(monkeypatch, tmp_path):
    monkeypatch.setattr(recovery, "cached_files", lambda output: pytest.fail("looked"))
    nothing = Jobs([], [], np.empty(0, ROW))
    assert recovery.recover(nothing, JobStore(tmp_path)) is nothing
