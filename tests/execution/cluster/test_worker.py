"""A worker takes one version of the user's own code, and one alone."""

import sys

import pytest

from stages.execution.cluster import worker
from stages.execution.cluster.inputs import Inputs
from stages.process.stage import Refusal
from stages.store.objects import Objects


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    objects = Objects(f"{tmp_path / 'place'}")
    objects.create()
    objects.put("inputs/one.py", b"VERSION = 1")
    monkeypatch.setattr(worker, "_LOADED", set())
    monkeypatch.setattr(sys, "path", list(sys.path))
    return Inputs(objects, tmp_path / "worker")


def test_own_modules_are_found_first_and_once(inputs):
    before = list(sys.path)
    for _ in range(2):
        worker._load((("mine.py", "inputs/one.py"),), inputs)
    assert sys.path[1:] == before
    with open(f"{sys.path[0]}/mine.py") as file:
        assert file.read() == "VERSION = 1"


def test_another_version_of_own_modules_is_refused(inputs):
    worker._load((("mine.py", "inputs/one.py"),), inputs)
    worker._load((), inputs)
    with pytest.raises(Refusal, match="start the workers again"):
        worker._load((("mine.py", "inputs/two.py"),), inputs)


def test_what_a_batch_leaves_is_gathered_and_no_checkpoint_is_kept():
    gathered = worker._Gathered()
    gathered.save_failure("key", "reason")
    assert gathered.checkpoint(("key",)) is None
    assert gathered.failures == {"key": "reason"}
