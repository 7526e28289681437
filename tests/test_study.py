"""The plan as shown before and after fetch, and the care of the job store."""

import re
import resource
import sys
import time
from types import SimpleNamespace

import pytest
import torch

from stages import study
from stages.execution import forecast
from stages.execution.pace import Measured, Unmeasured
from stages.plan.jobs import jobs
from stages.plan.planned import Job
from stages.plan.study import expand
from stages.process.stage import Refusal
from stages.store import paths
from stages.store.jobs import JobStore
from stages.store.record import Checkpoint
from tests.conftest import RECORD

PARAMS = """
fetch: {images: {source: builtin, names: [astronaut, camera, coffee]}}
representations:
  hog: {kind: hog, side: 32}
priors: {default: {lambda_tv: 0.05}, none: {}}
solvers: {fast: {kind: fast, steps: 6}}
grid:
  - {representation: hog, seeds: 2}
  - {representation: hog, prior: none, images: 1}
execution: {device: cpu, batch_size: 3}
report: {}
"""
STRAY = "ef" + "0" * 30


@pytest.fixture
def job_store(small_study) -> JobStore:
    """Begin a study of two fetched pictures; return its empty job store."""
    small_study(PARAMS, ("oval", "box"))
    return JobStore(paths.work())


@pytest.fixture
def say(monkeypatch, capsys):
    """Return a function that runs the command and returns what it printed."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["study", *arguments])
        study.main()
        printed = capsys.readouterr()
        return printed.out + printed.err

    return run


def plan() -> list[Job]:
    whole = expand()
    return jobs(whole, study.known_pictures(whole)[0])


def stored() -> list[str]:
    """Return the names of all that lies in the job store."""
    return sorted(path.stem for path in paths.work().rglob("*.*"))


# the plan ---------------------------------------------------------------------------


def test_before_fetch_the_named_pictures_are_counted(job_store, say):
    paths.IMAGES.unlink()
    shown = say()
    assert "pictures  3 (builtin, not fetched yet)\n" in shown
    assert "cells     2\n" in shown
    # 3 pictures with 2 seeds each, and 1 without a prior.
    assert "jobs      7: 0 done, 7 to do\n" in shown


@pytest.mark.parametrize(
    ("images", "counted"),
    [
        ("source: builtin, names: [astronaut, camera], limit: 1", "1 (builtin, not f"),
        ("source: folder, limit: 5", "5 (folder, not fetched yet)\n"),
        ("source: folder", "1 (folder, not fetched yet; counted as one)\n"),
        (
            "source: torchvision, dataset: Imagenette",
            "1 (torchvision, not fetched yet; counted as one)\n",
        ),
    ],
)
def test_before_fetch_a_limit_stands_for_unknown_pictures(
    small_study, say, images, counted
):
    named = "source: builtin, names: [astronaut, camera, coffee]"
    small_study(PARAMS.replace(named, images))
    paths.IMAGES.unlink()
    assert f"pictures  {counted}" in say()


def test_before_fetch_the_files_of_a_folder_are_counted(small_study, say):
    named = "source: builtin, names: [astronaut, camera, coffee]"
    small_study(PARAMS.replace(named, "source: folder"))
    paths.IMAGES.unlink()
    for name in ("a.png", "b.JPG", "deeper/c.webp", "notes.txt"):
        place = paths.PICTURES / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"not looked into")
    assert "pictures  3 (folder, not fetched yet; all its files)\n" in say()


def test_after_fetch_cells_jobs_disk_and_time_are_shown(job_store, say):
    *_, last = plan()
    job_store.save(plan()[0].key, RECORD)
    job_store.save(STRAY, RECORD)
    job_store.save_failure(last.key, "RuntimeError: no")
    shown = say()
    assert "pictures  2 (builtin, fetched)\n" in shown
    assert "jobs      5: 1 done, 4 to do (1 of them failed before)\n" in shown
    table = [line.split() for line in shown.splitlines() if line.startswith("  ")]
    assert table[0][-2:] == ["jobs", "done"]
    assert table[1] == "hog / hog / all / all / default / fast 4 1".split()
    assert table[2] == "hog / hog / all / all / none / fast 1 0".split()
    # 5 grey pictures of 32 x 32 bytes, each in 3 places, and their records: 60 kB; two
    # codes of 432 numbers.
    assert re.search(r"disk      0\.06 MB when all is done \(.* GB free\)\n", shown)
    assert re.search(r"time      about 8 s on \d+ cores?, as estimated", shown)
    assert re.search(r"memory    .* GB, 0\.4\d GB a process, as estimated\n", shown)
    label = "hog / hog / all / all / none / fast"
    assert f"failed    {label}, oval: RuntimeError: no\n" in shown


def test_time_is_what_was_measured_of_the_jobs_that_are_left(
    job_store, say, monkeypatch
):
    asked = []

    def measured(execution, todo, device):
        asked.append([job.key for job in todo])
        return Measured(600.0 * len(todo), 5_000_000 * len(todo))

    monkeypatch.setattr(forecast, "measured", measured)
    first, *others = plan()
    job_store.save(first.key, RECORD)
    shown = say("--measure")
    assert "time      about 40 min to go on cpu (" in shown
    assert "GPU       20.0 MB of memory at most\n" in shown
    assert sorted(asked[0]) == sorted(job.key for job in others)
    for job in others:
        job_store.save(job.key, RECORD)
    shown = say("--measure")
    assert "jobs      5: 5 done, 0 to do\n" in shown
    assert "time      about 0 s to go" in shown
    assert shown.endswith(", measured\n")


def test_where_no_step_can_be_taken_the_plan_is_shown_with_the_reason(
    job_store, say, monkeypatch
):
    def measured(execution, todo, device):
        raise Unmeasured("RuntimeError: no step")

    monkeypatch.setattr(forecast, "measured", measured)
    shown = say("--measure")
    assert "jobs      5: 0 done, 5 to do\n" in shown
    assert "time      unknown: RuntimeError: no step\n" in shown


LARGE = [
    ("seeds: 2", "seeds: 1000000", "3,000,001 jobs (more than"),
    ("steps: 6", "steps: 1000000000000", "of computing"),
    ("batch_size: 3", "batch_size: 1000000", "of memory ("),
    ("side: 32", "side: 4096", ""),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(("old", "new", "words"), LARGE)
def test_a_plan_of_any_size_is_shown_at_once_and_in_little_memory(
    job_store, say, tmp_path, old, new, words
):
    large = tmp_path / "large.yaml"
    large.write_text(PARAMS.replace(old, new))
    paths.IMAGES.unlink()
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF)
    shown = say("--params", str(large), *(["--measure"] if words else []))
    assert time.process_time() - begun < 4
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_maxrss - before.ru_maxrss < 500_000
    assert ("too large for this machine: " in shown) == bool(words)
    assert words in shown
    assert "measured" not in shown
    assert ("allow_large: true" in shown) == bool(words)


def test_what_is_allowed_to_be_large_is_still_said_to_be(job_store, say):
    paths.PARAMS.write_text(
        PARAMS.replace("batch_size: 3", "batch_size: 1000000, allow_large: true")
    )
    shown = say()
    assert "too large for this machine: " in shown
    assert "stages refuse it" not in shown


def test_other_params_can_be_looked_at(job_store, say, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(PARAMS.replace("seeds: 2", "seeds: 4"))
    assert "jobs      9: 0 done" in say("--params", str(other))


def test_pictures_of_this_study_are_no_other_studys(job_store, say, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(PARAMS.replace(", camera, coffee]", "]"))
    assert other.read_text() != PARAMS
    assert "pictures  1 (builtin, not fetched yet)\n" in say("--params", str(other))
    paths.PARAMS.write_text("nothing: of use")
    assert "pictures  1 (builtin, not fetched yet)\n" in say("--params", str(other))


def test_looking_writes_nothing(job_store, say):
    say()
    assert not paths.work().exists()


def test_help_names_what_can_be_done(say, capsys):
    with pytest.raises(SystemExit) as ended:
        say("--help")
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: python -m stages.study ")
    assert all(f"--{name}" in shown for name in ("params", "retry-failed", "prune"))


def test_pruning_and_retrying_exclude_each_other(say, capsys):
    with pytest.raises(SystemExit):
        say("--prune", "--retry-failed")
    assert "not allowed with argument" in capsys.readouterr().err


# pruning ----------------------------------------------------------------------------


@pytest.fixture
def half_needed(job_store, small_study, tmp_path, monkeypatch) -> list[str]:
    """Fill the store; return the names of what is needed by the params or a preset."""
    preset = tmp_path / "presets" / "more.yaml"
    preset.parent.mkdir()
    preset.write_text(PARAMS.replace("seeds: 2", "seeds: [7]"))
    monkeypatch.setattr(study, "PRESETS", preset.parent)
    keys = [job.key for job in plan()]
    small_study(preset.read_text())
    keys += [job.key for job in plan()[:1]]
    small_study(PARAMS)
    for key in [*keys, STRAY]:
        job_store.save(key, RECORD)
    job_store.save_failure("ab" + "1" * 30, "RuntimeError: no")
    job_store.save_checkpoint(Checkpoint((STRAY,), {"x": torch.zeros(1)}))
    return sorted(keys)


def test_pruning_off_a_terminal_shows_the_files_and_refuses(
    half_needed, say, capsys, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    before = stored()
    with pytest.raises(Refusal, match="nothing was dropped: add --yes to drop them"):
        say("--prune")
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 3
    assert f"{STRAY}.safetensors" in printed.out
    assert not any(key in printed.out for key in half_needed)
    assert re.search(r"^3 files, \d+\.\d MB, that no plan needs", printed.err)
    assert stored() == before


def test_pruning_with_yes_drops_what_is_unneeded_alone(half_needed, say):
    assert "dropped 3 files" in say("--prune", "--yes")
    assert stored() == half_needed
    assert "every job in the store is needed by a plan" in say("--prune", "--yes")
    assert stored() == half_needed


@pytest.mark.parametrize(
    ("answer", "dropped"), [("y", True), (" YES ", True), ("n", False), ("", False)]
)
def test_pruning_on_a_terminal_asks(half_needed, say, monkeypatch, answer, dropped):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert ("dropped 3 files" in say("--prune")) == dropped
    assert (stored() == half_needed) == dropped


def test_pruning_waits_for_no_other_run(half_needed, job_store, say):
    with job_store.locked(), pytest.raises(Refusal, match="another run writes to"):
        say("--prune", "--yes")
    assert STRAY in stored()


# retrying ---------------------------------------------------------------------------


@pytest.fixture
def dvc(monkeypatch) -> SimpleNamespace:
    """Stand in for DVC: record the commands; each ends with the next of the codes."""
    found = SimpleNamespace(commands=[], codes=[0, 0])

    def run(command: list[str]) -> SimpleNamespace:
        found.commands.append(command)
        return SimpleNamespace(returncode=found.codes[len(found.commands) - 1])

    monkeypatch.setattr(study.subprocess, "run", run)
    return found


INVERT = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", "invert"]
FOLLOWING = INVERT[:4]


def test_without_a_failed_job_of_this_study_there_is_nothing_to_retry(
    job_store, say, dvc
):
    job_store.save_failure(STRAY, "RuntimeError: of another study")
    assert "no job of this study has failed: nothing to retry" in say("--retry-failed")
    assert dvc.commands == []


def test_a_failed_job_is_retried_by_invert_alone_then_by_what_follows(
    job_store, say, dvc
):
    job_store.save_failure(plan()[0].key, "RuntimeError: no")
    assert say("--retry-failed") == ""
    assert dvc.commands == [INVERT, FOLLOWING]


@pytest.mark.parametrize("codes", [[3, 0], [0, 3]])
def test_a_retry_stops_at_the_first_command_that_fails(job_store, say, dvc, codes):
    dvc.codes = codes
    job_store.save_failure(plan()[0].key, "RuntimeError: no")
    with pytest.raises(Refusal, match=r"`-m dvc repro.*` ended with code 3"):
        say("--retry-failed")
    assert dvc.commands == [INVERT, FOLLOWING][: codes.index(3) + 1]
