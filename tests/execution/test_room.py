"""Room on the disk: what is needed, what there is, and what is said of it."""

import shutil

import pytest

from stages.execution.room import check_room, codes_bytes, gigabytes
from stages.params.execution import ExecutionSettings
from stages.plan.study import expand
from stages.process.stage import Refusal
from stages.store import paths
from tests.conftest import PARAMS


def test_codes_that_are_computed_again_take_no_disk(small_study):
    paths.PARAMS.write_text(
        PARAMS.replace("batch_size: 3", "batch_size: 3, targets: recompute")
    )
    assert codes_bytes(expand(), 2) == 0


def test_folders_on_one_disk_share_its_room(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    here, there = tmp_path / "a" / "deeper", tmp_path / "b"
    check_room(ExecutionSettings(), {here: 60, there: 40})
    with pytest.raises(Refusal, match=r"0\.00 MB of disk .* is free: nothing was"):
        check_room(ExecutionSettings(), {here: 60, there: 41})
    check_room(ExecutionSettings(allow_large=True), {here: 60, there: 41})


@pytest.mark.parametrize(
    ("n_bytes", "words"), [(2.5e9, "2.50 GB"), (1e7, "0.01 GB"), (4e4, "0.04 MB")]
)
def test_bytes_in_words(n_bytes, words):
    assert gigabytes(n_bytes) == words
