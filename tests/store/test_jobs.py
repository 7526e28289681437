"""The job store: whole files, one writer, failures and checkpoints, pruning."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from stages.process.stage import Refusal
from stages.store import jobs
from stages.store.jobs import JobStore
from stages.store.record import Checkpoint, Record
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


def set_aside(tmp_path):
    folder = tmp_path / "work" / "damaged"
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_a_damaged_file_is_named_set_aside_and_computed_again(
    job_store, tmp_path, capsys
):
    job_store.save(KEY, RECORD)
    (path,) = (tmp_path / "work").rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:20])
    assert job_store.load(KEY) is None
    assert f"{path} is damaged" in capsys.readouterr().err
    assert job_store.finished() == set()
    assert set_aside(tmp_path) == [f"{KEY}.safetensors"]


def test_every_changed_byte_of_a_record_is_noticed(job_store, tmp_path):
    job_store.save(KEY, RECORD)
    path = next((tmp_path / "work").rglob("*.safetensors"))
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 7
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(changed)
        assert job_store.load(KEY) is None, place
    path.write_bytes(whole)
    assert same(job_store.load(KEY), RECORD)


def test_a_record_under_the_name_of_another_job_is_noticed(job_store, tmp_path):
    job_store.save(KEY, RECORD)
    path = next((tmp_path / "work").rglob("*.safetensors"))
    other = path.parent.parent / OTHER[:2] / f"{OTHER}.safetensors"
    other.parent.mkdir()
    path.rename(other)
    assert job_store.load(OTHER) is None


def test_a_record_without_a_checksum_over_it_all_is_not_believed(job_store, tmp_path):
    """Earlier versions covered the picture and the trace alone."""
    path = tmp_path / "work" / "jobs" / KEY[:2] / f"{KEY}.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(save({"trace": RECORD.trace}, {"record": "{}"}))
    assert job_store.load(KEY) is None
    assert set_aside(tmp_path) == [path.name]


def test_what_is_no_file_of_the_store_is_named_set_aside_and_stops_nothing(
    job_store, tmp_path, capsys
):
    job_store.save(KEY, RECORD)
    jobs = tmp_path / "work" / "jobs"
    (jobs / "cd" / f"{OTHER}.safetensors" / "deep").mkdir(parents=True)
    (jobs / "ab" / ".hidden").mkdir()
    (jobs / "ab" / "notes.txt").write_text("mine")
    (jobs / "ab" / os.fsdecode(b"\xff\x1b[2J.safetensors")).write_bytes(b"?")
    (tmp_path / "work" / "failed" / f"{OTHER}.json").mkdir(parents=True)
    (tmp_path / "work" / "checkpoints").write_text("no folder")
    (tmp_path / "work" / "owner").write_bytes(b"\xff")
    assert job_store.failed() == {}
    with job_store.locked():
        pass
    said = capsys.readouterr().err
    assert said.count("it was set aside as") == 6
    assert "notes.txt is damaged" in said
    assert len(set_aside(tmp_path)) == 6
    assert job_store.finished() == {KEY}
    assert job_store.load(OTHER) is None
    job_store.save(OTHER, RECORD)
    job_store.save_failure("ef" + "2" * 30, "reason")
    job_store.save_checkpoint(Checkpoint((OTHER,), {"x": torch.zeros(2)}))
    with job_store.locked():
        assert capsys.readouterr().err == ""


def test_a_folder_in_the_place_of_a_record_is_set_aside_when_it_is_asked_for(
    job_store, tmp_path
):
    (tmp_path / "work" / "jobs" / KEY[:2] / f"{KEY}.safetensors").mkdir(parents=True)
    assert job_store.finished() == set()
    assert job_store.load(KEY) is None
    job_store.save(KEY, RECORD)
    assert same(job_store.load(KEY), RECORD)


def test_a_file_that_may_not_be_read_is_set_aside(job_store, tmp_path, monkeypatch):
    job_store.save(KEY, RECORD)

    def denied(path, framework):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(jobs, "safe_open", denied)
    assert job_store.load(KEY) is None
    assert set_aside(tmp_path) == [f"{KEY}.safetensors"]


def test_too_many_open_files_are_no_damage(job_store, tmp_path, monkeypatch):
    job_store.save(KEY, RECORD)

    def short(path, framework):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(jobs, "safe_open", short)
    with pytest.raises(OSError, match="Too many open files"):
        job_store.load(KEY)
    assert set_aside(tmp_path) == []


def test_a_changed_or_foreign_note_of_a_failure_is_set_aside(job_store, tmp_path):
    job_store.save_failure(KEY, "reason")
    path = tmp_path / "work" / "failed" / f"{KEY}.json"
    path.write_text(path.read_text().replace("reason", "season"))
    (path.parent / f"{OTHER}.json").write_bytes(b"\xff")
    assert job_store.failed() == {}
    assert set_aside(tmp_path) == sorted([f"{KEY}.json", f"{OTHER}.json"])


def test_what_a_killed_run_left_half_written_is_swept_away(job_store, tmp_path):
    job_store.save(KEY, RECORD)
    half = tmp_path / "work" / "jobs" / "ab" / f".{OTHER}.safetensors.x1"
    half.write_bytes(b"half")
    with job_store.locked():
        assert not half.exists()
    assert set_aside(tmp_path) == []
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


def test_every_changed_byte_of_a_checkpoint_is_noticed(job_store, tmp_path):
    tensors = {"x": torch.zeros(2), "progress": torch.tensor([3.0, 0.5]).double()}
    job_store.save_checkpoint(Checkpoint((KEY,), tensors))
    (path,) = (tmp_path / "work" / "checkpoints").iterdir()
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 7
        path.write_bytes(changed)
        assert job_store.checkpoint((KEY,)) is None, place
    path.write_bytes(b"half")
    assert job_store.checkpoints() == []
    assert not path.exists()


def test_a_checkpoint_of_other_jobs_is_not_gone_on_from(job_store, tmp_path):
    job_store.save_checkpoint(Checkpoint((KEY,), {"x": torch.zeros(2)}))
    (path,) = (tmp_path / "work" / "checkpoints").iterdir()
    path.rename(job_store._checkpoint_path((OTHER,)))
    assert job_store.checkpoint((OTHER,)) is None


def test_unneeded_lists_files_of_all_kinds_and_spares_the_needed(job_store, tmp_path):
    job_store.save(KEY, RECORD)
    job_store.save(OTHER, RECORD)
    job_store.save_failure("ef" + "2" * 30, "reason")
    job_store.save_checkpoint(Checkpoint((OTHER, "gone"), {"x": torch.zeros(2)}))
    files = job_store.unneeded({KEY})
    assert {path.parent.name for path in files} == {"cd", "failed", "checkpoints"}
    assert all(size > 0 for size in files.values())
    assert len(job_store.unneeded({KEY, OTHER})) == 1
    next((tmp_path / "work").rglob(f"{KEY}.safetensors")).write_bytes(b"?")
    assert job_store.load(KEY) is None
    assert {path.parent.name for path in job_store.unneeded({KEY, OTHER})} == {
        "failed",
        "damaged",
    }


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
    root = Path(__file__).parents[2]
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
