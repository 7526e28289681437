"""Whole stages on damaged files and full disks: told in a sentence, nothing lost."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages import extract, invert, report, score
from stages.execution import runner, targets
from stages.process.stage import Refusal
from stages.store import files, paths, tables
from stages.store.jobs import JobStore
from tests.conftest import PARAMS

ROOT = Path(__file__).parent.parent
STAGES = {"extract": extract, "invert": invert, "score": score, "report": report}


def run(*names):
    for name in names:
        targets._opened.cache_clear()
        if name == "report":
            report.main()
        else:
            STAGES[name].main()


@pytest.fixture
def study(small_study, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("data").mkdir(exist_ok=True)
    Path("data/embedded").symlink_to(ROOT / "data" / "embedded")
    yield small_study
    targets._opened.cache_clear()


def flip(path, place=None):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 1
    path.write_bytes(data)


def contents(folder):
    return {p: p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


CODES = paths.TARGETS / "hog" / "hog.safetensors"
PART = paths.PREIMAGES / "part-00000.parquet"
STATISTICS = paths.TARGETS / "statistics.json"


# damaged inputs ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damaged", "maker", "readers"),
    [
        (paths.IMAGES, "fetch", ["extract", "invert", "score", "report"]),
        (CODES, "extract", ["invert", "score"]),
        (STATISTICS, "extract", ["report"]),
        (PART, "invert", ["score", "report"]),
        (paths.SCORES, "score", ["report"]),
        (paths.SKIPPED, "fetch", ["report"]),
    ],
    ids=lambda one: one.name if isinstance(one, Path) else None,
)
def test_a_stage_on_a_damaged_file_names_it_and_computes_nothing(
    study, damaged, maker, readers
):
    run("extract", "invert", "score", "report")
    shutil.rmtree(paths.work())
    flip(damaged, None if damaged != CODES else damaged.stat().st_size - 3)
    for reader in readers:
        outputs = {
            "extract": paths.TARGETS,
            "invert": paths.PREIMAGES,
            "score": paths.SCORES,
            "report": paths.METRICS,
        }
        before = contents(outputs[reader].parent)
        before = {p: data for p, data in before.items() if "work" not in p.parts}
        with pytest.raises(Refusal, match=f"^{damaged} is damaged: .*-f {maker}`$"):
            run(reader)
        after = contents(outputs[reader].parent)
        assert before == {p: d for p, d in after.items() if "work" not in p.parts}
        assert JobStore(paths.work()).failed() == {}


def test_damage_found_by_a_process_of_several_ends_the_stage_with_the_same_words(study):
    study(PARAMS.replace("batch_size: 3", "batch_size: 3, processes: 2"))
    run("extract")
    flip(CODES, CODES.stat().st_size - 3)
    with pytest.raises(Refusal, match=f"^{CODES} is damaged: .*-f extract`$"):
        run("invert")
    assert JobStore(paths.work()).failed() == {}


# a full disk ------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Mount a small file system in memory; only the system's owner may."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes the rights of the system's owner")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk, left):
    """Fill the disk but for some bytes."""
    free = shutil.disk_usage(disk).free
    (disk / "filler").write_bytes(bytes(free - left))


# The room that the plan needs is not looked at.
ALLOWED = PARAMS.replace("batch_size: 3", "batch_size: 3, allow_large: true")


@pytest.mark.parametrize(("stage", "left"), [("extract", 4096), ("invert", 60_000)])
def test_room_is_looked_for_before_anything_is_computed(
    small_disk, study, monkeypatch, stage, left
):
    project, others = small_disk / "project", shutil.ignore_patterns("disk")
    shutil.copytree(".", project, symlinks=True, ignore=others)
    monkeypatch.chdir(project)
    if stage == "invert":
        run("extract")
    fill(small_disk, left)
    before = contents("data")
    words = r"data/\w+ needs about .* MB of disk .*, and 0\.0\d MB is free: nothing was"
    with pytest.raises(Refusal, match=words):
        run(stage)
    lock = {paths.work() / "lock", paths.work() / "owner"}
    after = {path: data for path, data in contents("data").items() if path not in lock}
    assert after == before
    (small_disk / "filler").unlink()
    run(stage)


def test_a_full_disk_is_told_and_loses_nothing(small_disk, study, monkeypatch):
    study(ALLOWED)
    project, others = small_disk / "project", shutil.ignore_patterns("disk")
    shutil.copytree(".", project, symlinks=True, ignore=others)
    monkeypatch.chdir(project)
    filler = small_disk / "filler"
    words = "could not be written: No space left on device, with .* MB free in .*kept"
    for stage, left in [
        ("extract", 4096),
        ("invert", 24_000),
        ("score", 4096),
        ("report", 8192),
    ]:
        fill(small_disk, left)
        before = contents(paths.work())
        with pytest.raises(Refusal, match=words) as told:
            run(stage)
        assert f"{told.value}".count("\n") == 0
        jobs = {p: d for p, d in before.items() if p.suffix == ".safetensors"}
        assert jobs.items() <= contents(paths.work()).items()
        filler.unlink()
        run(stage)
        assert not [p for p in Path().rglob(".*") if p.is_file()]
    statuses = {row["status"] for row in tables.rows(paths.PREIMAGES, ["status"])}
    assert statuses == {"done"}


def test_a_disk_that_fills_while_jobs_are_kept_ends_the_stage(study, monkeypatch):
    run("extract")
    write, n_written = Path.write_bytes, []

    def full(path, data):
        if "jobs" in path.parts:
            n_written.append(path)
            if len(n_written) > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Refusal, match=r"jobs/.*\.safetensors could not be written: No"):
        run("invert")
    job_store = JobStore(paths.work())
    assert len(job_store.finished()) == 2
    assert job_store.failed() == {}
    monkeypatch.setattr(Path, "write_bytes", write)
    run("invert")
    assert len(job_store.finished()) == 10


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_folder_that_may_not_be_written_is_told(tmp_path, monkeypatch, number):
    def denied(**options):
        raise OSError(number, os.strerror(number), f"{options['dir']}/.x.1")

    monkeypatch.setattr(files.tempfile, "mkstemp", denied)
    words = rf"^{tmp_path}/x could not be .*written: {os.strerror(number)}"
    with pytest.raises(Refusal, match=words):
        files.write_text(tmp_path / "x", "text")


def test_what_a_body_fails_to_read_while_it_writes_is_not_told_as_unwritten(tmp_path):
    def fail():
        with files.replacing(tmp_path / "x"):
            raise PermissionError(errno.EACCES, "Permission denied", "/other/file")

    with pytest.raises(PermissionError, match="/other/file"):
        fail()


@pytest.mark.parametrize(("text", "told"), [("", False), ("half", True)])
def test_what_was_written_and_taken_back_is_told_if_it_was_anything(
    tmp_path, text, told
):
    def fail(number):
        with files.replacing(tmp_path / "x") as new:
            new.write_text(text)
            raise OSError(number, os.strerror(number))

    with pytest.raises(Refusal) as refused:
        fail(errno.ENOSPC)
    assert ("; 0.0 MB of it were written and taken back" in f"{refused.value}") == told
    # A mistake of the program's own is no matter of room, whatever was written.
    with pytest.raises(OSError, match="Illegal seek"):
        fail(errno.ESPIPE)


def test_short_memory_of_a_single_job_is_its_reason(study, monkeypatch):
    run("extract")

    def short(*arguments):
        raise MemoryError("too large")

    monkeypatch.setattr(runner, "make_batch", short)
    run("invert")
    reasons = set(JobStore(paths.work()).failed().values())
    assert reasons == {"MemoryError: too large"}
