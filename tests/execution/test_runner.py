"""Batches shared among processes: the same bytes, nothing lost, one failure alone."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from stages import extract, invert
from stages.execution import batch as batch_module
from stages.execution import processes, runner, targets
from stages.execution.batch import Batch
from stages.plan.jobs import batches
from stages.plan.jobs import jobs as planned
from stages.plan.study import expand
from stages.store import paths, tables
from stages.store.jobs import JobStore
from tests.conftest import PARAMS

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


@pytest.fixture
def study(small_study, monkeypatch):
    """Return a function that changes `execution` and the steps of the study."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def change(processes, steps=6):
        text = PARAMS.replace("batch_size: 3", f"batch_size: 3, processes: {processes}")
        small_study(text.replace("steps: 6", f"steps: {steps}"))
        extract.main()
        targets._opened.cache_clear()

    yield change
    targets._opened.cache_clear()


@pytest.fixture
def at_start(monkeypatch):
    """Return a function that has processes of several run this text as they start."""

    def write(text):
        body = f"import os, signal\nfrom stages.execution import runner\n{text}\n"
        indented = "".join(f"    {line}\n" for line in body.splitlines())
        condition = 'if "--multiprocessing-fork" in sys.argv:'
        Path("sitecustomize.py").write_text(f"import sys\n{condition}\n{indented}")
        monkeypatch.setenv("PYTHONPATH", f"{os.getcwd()}:{ROOT}")

    return write


def jobs():
    return planned(expand(), invert.pictures())


def pictures():
    return {row["key"]: row["image"]["bytes"] for row in tables.rows(paths.PREIMAGES)}


def test_several_processes_make_the_same_bytes_as_one(study, one_thread, monkeypatch):
    monkeypatch.setattr(processes, "n_cores", lambda: 2)
    study(processes=1)
    invert.main()
    alone = pictures()
    for path in (paths.work() / "jobs").rglob("*.safetensors"):
        path.unlink()
    study(processes=2)
    invert.main()
    assert pictures() == alone
    assert {row["device"] for row in tables.rows(paths.PREIMAGES)} == {"cpu (1 thread)"}


def test_stopped_in_several_processes_a_run_goes_on_where_it_was(study, at_start):
    study(processes=2, steps=100_000)
    at_start("runner.SECONDS_BETWEEN_CHECKPOINTS = 0.5")
    command = [sys.executable, "-m", "stages.invert"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while len(list(paths.work().glob("checkpoints/*.safetensors"))) < 2:
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=60)
    assert process.returncode == 143
    assert words.count("what was finished is kept") == 1
    assert "Traceback" not in words
    found = JobStore(paths.work()).checkpoints()
    assert len(found) == 2
    assert all(one.tensors["progress"][0] > 0 for one in found)
    one = [job for job in jobs() if job.key == found[0].keys[0]]
    (wanted,) = runner.batch_runs(one, JobStore(paths.work()))
    assert wanted == runner.BatchRun(one, found[0].keys)


def test_a_process_that_dies_leaves_a_reason_and_the_others_alone(
    study, at_start, capfd
):
    study(processes=2)
    at_start(KILLER)
    invert.main()
    rows = list(tables.rows(paths.PREIMAGES))
    failed = [row for row in rows if row["status"] == "failed"]
    assert {row["representation"] for row in failed} == {"hog"}
    assert all("SIGKILL" in row["reason"] for row in failed)
    assert len(failed) == 4
    assert "failed: hog / hog" in capfd.readouterr().err


def test_a_network_of_ones_own_that_ends_its_process_costs_its_own_jobs(
    small_study, monkeypatch, capfd
):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("data/models").mkdir(parents=True)
    Path("data/models/deadly.py").write_text(DEADLY)
    kind = "{kind: custom, callable: 'deadly:make', side: 32}"
    text = PARAMS.replace("hogb: {kind: hog, side: 32, assignment: bilinear}", "")
    text = text.replace("priors:", f"  own: {kind}\npriors:", 1)
    text = text.replace("[hog, hogb], seeds: 2", "[hog, own]")
    text = text.replace("  - {representation: hogb, prior: none, solver: paper}\n", "")
    small_study(text.replace("batch_size: 3", "batch_size: 1, processes: 1"))
    extract.main()
    targets._opened.cache_clear()
    invert.main()
    found = list(tables.rows(paths.PREIMAGES))
    failed = [row for row in found if row["status"] == "failed"]
    assert {row["representation"] for row in failed} == {"own"}
    assert all(re.fullmatch(ENDED, row["reason"]) for row in failed)
    assert {r["status"] for r in found if r["representation"] == "hog"} == {"done"}
    told = capfd.readouterr().err
    assert "failed: own / " in told
    assert "its process ended with code 7; going on with another" in told


ENDED = r"its process ended with code 7, after step [3-6] of 6"


# It ends the process that follows its gradient for longer than a look does.
DEADLY = """
import os
from torch import nn

class Deadly(nn.Module):
    n_seen = 0

    def forward(self, images):
        self.n_seen += images.requires_grad
        if self.n_seen > 6:
            os._exit(7)
        return images * 2

def make():
    return nn.Sequential(Deadly())
"""


@pytest.fixture
def one_run(study):
    """Return a function that is told that a process of a batch died."""
    study(processes=1)
    job_store = JobStore(paths.work())

    def lose(one):
        return runner._lost(job_store, one, "its process was ended by SIGKILL", 0.5)

    return lose


def test_a_batch_whose_process_was_killed_goes_on_then_its_jobs_alone(one_run):
    batch = batches(jobs())[0]
    (again,) = one_run(runner.BatchRun(batch))
    assert (again.jobs, again.died) == (batch, True)
    alone = one_run(again)
    assert [one.jobs for one in alone] == [[job] for job in batch]
    assert all(one.died for one in alone)
    assert JobStore(paths.work()).failed() == {}
    assert one_run(alone[0]) == []
    (reason,) = JobStore(paths.work()).failed().values()
    assert reason == "its process was ended by SIGKILL, after step 3 of 6"


def test_what_a_job_raises_is_told_with_the_step(study, monkeypatch):
    study(processes=1)
    usual = batch_module.minimise

    def failing(*arguments):
        for passed in usual(*arguments):
            yield passed
            if passed.step == 2:
                raise ValueError("no\nmore")

    monkeypatch.setattr(batch_module, "minimise", failing)
    invert.main()
    reasons = {row["reason"] for row in tables.rows(paths.PREIMAGES)}
    assert len(reasons) == 2
    assert all(
        one.startswith("ValueError: no more, after step 2 of ") for one in reasons
    )


@pytest.mark.parametrize(
    "shortage",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_out_of_memory_a_batch_goes_on_at_half_its_size(
    study, monkeypatch, capsys, shortage
):
    study(processes=1)
    make_batch = runner.make_batch

    def short_of_memory(chosen, door, batch_size=None):
        if (batch_size or 3) > 1 and chosen[0].cell.representation == "hog":
            raise shortage
        return make_batch(chosen, door, batch_size)

    monkeypatch.setattr(runner, "make_batch", short_of_memory)
    invert.main()
    rows = list(tables.rows(paths.PREIMAGES))
    assert {row["status"] for row in rows} == {"done"}
    sizes = {row["representation"]: row["batch_size"] for row in rows}
    assert sizes.pop("hog") == 1
    assert set(sizes.values()) == {3}
    assert (
        "out of memory with 3 jobs a batch: going on with 1" in capsys.readouterr().err
    )


def test_a_single_job_without_memory_fails_alone(study, monkeypatch):
    study(processes=1)

    def short_of_memory(chosen, *others):
        raise MemoryError("a lot")

    monkeypatch.setattr(runner, "make_batch", short_of_memory)
    invert.main()
    reasons = {row["reason"] for row in tables.rows(paths.PREIMAGES)}
    assert reasons == {"MemoryError: a lot"}


def test_a_batch_is_saved_while_the_next_one_runs(study, monkeypatch):
    study(processes=1)
    n_all, order = len(batches(jobs())), []
    compute, save = Batch.compute, JobStore.save

    def computed(batch, after_step):
        order.append("computes")
        encode = compute(batch, after_step)
        return lambda: order.append("encodes") or encode()

    def saved(job_store, key, record):
        # Wait for the next batch to begin, if there is one.
        n_batches = order.count("encodes")
        while order.count("computes") == n_batches < n_all and time.monotonic() < end:
            time.sleep(0.01)
        save(job_store, key, record)

    monkeypatch.setattr(Batch, "compute", computed)
    monkeypatch.setattr(JobStore, "save", saved)
    end = time.monotonic() + 30
    invert.main()
    assert order.count("encodes") == order.count("computes") == n_all > 2
    assert time.monotonic() < end
    assert {row["status"] for row in tables.rows(paths.PREIMAGES)} == {"done"}


KILLER = """
make = runner.make_batch
def deadly(chosen, *others):
    if chosen[0].cell.representation == "hog":
        os.kill(os.getpid(), signal.SIGKILL)
    return make(chosen, *others)
runner.make_batch = deadly
"""
