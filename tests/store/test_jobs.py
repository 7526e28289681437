"""The job store: whole files, one writer, failures and checkpoints, pruning."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stages.process.stage import Refusal
from stages.store.jobs import Checkpoint, JobStore, Record
from tests.conftest import RECORD

KEY, OTHER = "ab" + "0" * 30, "cd" + "1" * 30


@pytest.fixture
def job_store(tmp_path):
    return JobStore(tmp_path / "work")


def same(left: Record, right: Record) -> bool:
    plain = replace(left, trace=right.trace) == right
    return plain and torch.equal(left.trace, right.trace)


def test_a_record_comes_back_as_it_was(job_store):
    assert job_store.finished() == set()
    assert job_store.load(KEY) is None
    job_store.save(KEY, RECORD)
    assert job_store.finished() == {KEY}
    assert same(job_store.load(KEY), RECORD)


def test_a_damaged_file_is_named_dropped_and_computed_again(
    job_store, tmp_path, capsys
):
    job_store.save(KEY, RECORD)
    (path,) = (tmp_path / "work").rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:20])
    assert job_store.load(KEY) is None
    assert "is damaged" in capsys.readouterr().err
    assert job_store.finished() == set()


def test_a_changed_bit_is_noticed(job_store, tmp_path):
    job_store.save(KEY, RECORD)
    (path,) = (tmp_path / "work").rglob("*.safetensors")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert job_store.load(KEY) is None


def test_what_a_killed_run_left_half_written_is_swept_away(job_store, tmp_path):
    job_store.save(KEY, RECORD)
    half = tmp_path / "work" / "jobs" / "ab" / f".{OTHER}.safetensors.x1"
    half.write_bytes(b"half")
    with job_store.locked():
        assert not half.exists()
    assert job_store.finished() == {KEY}


def test_a_failure_is_remembered_until_the_job_succeeds(job_store):
    job_store.save_failure(KEY, "RuntimeError: no")
    assert job_store.failed() == {KEY: "RuntimeError: no"}
    assert job_store.finished() == set()
    job_store.save(KEY, RECORD)
    assert job_store.failed() == {}


def test_a_checkpoint_replaces_its_predecessor_and_can_be_dropped(job_store):
    keys = (KEY, OTHER)
    job_store.save_checkpoint(Checkpoint(keys, {"x": torch.zeros(2)}))
    job_store.save_checkpoint(Checkpoint(keys, {"x": torch.ones(2)}))
    (found,) = job_store.checkpoints()
    assert found.keys == keys
    assert torch.equal(found.tensors["x"], torch.ones(2))
    job_store.drop_checkpoint(keys)
    assert job_store.checkpoints() == []


def test_a_damaged_checkpoint_is_dropped(job_store, tmp_path):
    job_store.save_checkpoint(Checkpoint((KEY,), {"x": torch.zeros(2)}))
    (path,) = (tmp_path / "work" / "checkpoints").iterdir()
    path.write_bytes(b"half")
    assert job_store.checkpoints() == []
    assert not path.exists()


def test_unneeded_lists_files_of_all_kinds_and_spares_the_needed(job_store):
    job_store.save(KEY, RECORD)
    job_store.save(OTHER, RECORD)
    job_store.save_failure("ef" + "2" * 30, "reason")
    job_store.save_checkpoint(Checkpoint((OTHER, "gone"), {"x": torch.zeros(2)}))
    files = job_store.unneeded({KEY})
    assert {path.parent.name for path in files} == {"cd", "failed", "checkpoints"}
    assert all(size > 0 for size in files.values())
    assert len(job_store.unneeded({KEY, OTHER})) == 1


HOLD = """
import sys
from pathlib import Path
from stages.store.jobs import JobStore
from tests.conftest import RECORD
with JobStore(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_by_name_until_the_first_is_gone(
    job_store, tmp_path
):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "work")]
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as first:
        assert first.stdout.readline() == "locked\n"
        with pytest.raises(Refusal, match=f"kill {first.pid}"), job_store.locked():
            pass
        first.kill()
        first.wait()
    with job_store.locked():
        job_store.save(KEY, RECORD)
    assert job_store.finished() == {KEY}
