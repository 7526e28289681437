"""A study on a Dask cluster of real processes: the same bytes, whatever dies."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from stages import invert
from stages.execution.cluster import client
from stages.execution.cluster import driver as module
from stages.execution.runner import BatchRun
from stages.params.execution import ExecutionSettings
from stages.plan.jobs import jobs
from stages.plan.study import expand
from stages.process.stage import Refusal
from stages.store import paths, tables
from stages.store.objects import Objects
from stages.store.shared_jobs import SharedJobStore
from stages.store.shared_records import SharedRecords
from tests.conftest import PARAMS
from tests.execution.cluster.conftest import go_on_at, until

pytest.importorskip("distributed", reason="Dask is not installed")
pytestmark = pytest.mark.slow

PLACE = Path("data/work/shared")


def found():
    return list(tables.rows(paths.PREIMAGES))


def pictures():
    return {row["key"]: row["image"]["bytes"] for row in found()}


def bundles(place=PLACE):
    return set(place.glob("records/*/*.bundle"))


@pytest.fixture
def driver():
    """Return a function that starts the stage in a process of its own."""
    started = []

    def start(folder="."):
        command = [sys.executable, "-W", "ignore", "-m", "stages.invert"]
        process = subprocess.Popen(
            command, cwd=folder, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


# Workers that take their time, so that something can happen meanwhile.
SLOW = """
import sys, time
if any("dask_worker" in word or "multiprocessing" in word for word in sys.orig_argv):
    from stages.execution import runner
    make = runner.make_batch
    def slow(*arguments):
        time.sleep(2)
        return make(*arguments)
    runner.make_batch = slow
"""


def test_a_cluster_started_for_the_run_makes_the_same_bytes(study, one_thread, capfd):
    study("processes: 1")
    invert.main()
    alone = pictures()
    shutil.rmtree(paths.work())
    study("processes: 1, backend: dask")
    invert.main()
    assert pictures() == alone
    assert "dask: tls://127.0.0.1:" in (words := capfd.readouterr().err)
    assert "/status" in words
    # What is finished there is finished for either backend.
    before = bundles()
    study("processes: 1")
    invert.main()
    assert pictures() == alone
    assert not list(paths.work().glob("jobs/*/*"))
    assert bundles() == before


def test_workers_elsewhere_make_the_same_bytes_through_s3(
    study, two_workers, one_thread, s3, cluster
):
    study("processes: 1")
    invert.main()
    alone = pictures()
    shutil.rmtree(paths.work())
    # Workers that have the server's address, which the shared ones have not.
    cluster.join(2)
    study(f"backend: dask, address: '{cluster.address}', store: '{s3}'")
    invert.main()
    assert pictures() == alone
    assert not PLACE.exists()
    assert len(SharedRecords(Objects(s3)).places) == len(alone)


def test_tasks_carry_no_pixels_and_few_are_on_the_way(study, two_workers, monkeypatch):
    monkeypatch.setattr(client, "LEAST_TASKS", 1)
    monkeypatch.setattr(client, "TASKS_A_THREAD", 0)
    sizes, made = [], module.packed
    monkeypatch.setattr(
        module, "packed", lambda *given: sizes.append(len(made(*given))) or made(*given)
    )
    study(f"backend: dask, address: '{two_workers.address}'")
    invert.main()
    assert {row["status"] for row in found()} == {"done"}
    assert max(sizes) < 3000


def test_a_worker_killed_in_the_middle_of_a_batch_loses_nothing(study, cluster, driver):
    workers = cluster.join(2, SLOW)
    study(f"backend: dask, address: '{cluster.address}'")
    running = driver()
    until(bundles)
    busy = [
        one
        for one in psutil.Process(workers.pid).children(recursive=True)
        if "multiprocessing.spawn" in " ".join(one.cmdline())
    ]
    assert len(busy) == 2
    busy[0].kill()
    _, words = running.communicate(timeout=300)
    assert running.returncode == 0, words
    assert {row["status"] for row in found()} == {"done"}


GUILTY = """
import os, signal, sys
if any("dask_worker" in word or "multiprocessing" in word for word in sys.orig_argv):
    from stages.execution import runner
    make = runner.make_batch
    def deadly(chosen, *others):
        for job in chosen:
            if (job.cell.representation, job.image_name, job.seed) == ("hog", "box", 1):
                os.kill(os.getpid(), signal.SIGKILL)
        return make(chosen, *others)
    runner.make_batch = deadly
"""


def test_a_job_that_workers_die_of_fails_alone_with_the_reason(study, cluster, capfd):
    cluster.join(2, GUILTY)
    study(f"backend: dask, address: '{cluster.address}'")
    invert.main()
    rows = {(r["representation"], r["image_name"], r["seed"]): r for r in found()}
    guilty = rows.pop(("hog", "box", 1))
    assert guilty["status"] == "failed"
    assert "the process of its worker died" in guilty["reason"]
    assert {row["status"] for row in rows.values()} == {"done"}
    assert "failed: hog / " in capfd.readouterr().err


def test_a_batch_that_a_busy_scheduler_gave_up_is_asked_for_again(
    small_study, tmp_path
):
    job_store = SharedJobStore(tmp_path, Objects(f"{tmp_path / 'place'}"))
    execution = ExecutionSettings(backend="dask")
    backend = module.DaskBackend(execution, job_store, torch.device("cpu"))
    one = BatchRun(jobs(expand(), invert.pictures())[:1])
    given_up = SimpleNamespace(status="cancelled")

    def gone():
        raise OSError("Timed out trying to connect")

    there = SimpleNamespace(nthreads=dict)
    with pytest.raises(Refusal, match="scheduler of this run has gone"):
        backend._settled(one, given_up, SimpleNamespace(nthreads=gone))
    for _ in range(3):
        assert backend._settled(one, given_up, there) == [one]
    with pytest.raises(Refusal, match="scheduler of this run has gone"):
        backend._settled(one, given_up, there)


def test_a_driver_that_is_killed_goes_on_where_it_was(study, cluster, driver):
    cluster.join(1, SLOW)
    study(f"backend: dask, address: '{cluster.address}'")
    killed = driver()
    until(bundles)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = SharedRecords(Objects(str(PLACE.absolute()))).places
    assert 0 < len(before) < 10
    again = driver()
    _, words = again.communicate(timeout=300)
    assert again.returncode == 0, words
    left = re.search(r"invert: (\d+) jobs in", words)
    assert left is not None
    # Or fewer: the worker ends the batch that it has in hand.
    assert int(left[1]) <= 10 - len(before)
    after = SharedRecords(Objects(str(PLACE.absolute()))).places
    assert {key: after[key] for key in before} == dict(before)
    assert {row["status"] for row in found()} == {"done"}


def test_a_driver_that_is_asked_to_stop_keeps_what_was_finished(study, cluster, driver):
    cluster.join(1, SLOW)
    study(f"backend: dask, address: '{cluster.address}'")
    running = driver()
    until(bundles)
    running.send_signal(signal.SIGTERM)
    _, words = running.communicate(timeout=300)
    assert running.returncode == 143
    assert words.count("what was finished is kept") == 1
    assert "Traceback" not in words
    assert SharedRecords(Objects(str(PLACE.absolute()))).places


def test_a_worker_may_join_late(study, cluster, driver):
    study("backend: local")
    go_on_at(cluster.address)
    running = driver()
    assert running.stderr.readline().startswith(f"dask: {cluster.address}")
    waits = running.stderr.readline()
    assert waits == f"no worker has joined yet: `dask worker {cluster.address}`\n"
    cluster.join()
    _, words = running.communicate(timeout=300)
    assert running.returncode == 0, words
    assert {row["status"] for row in found()} == {"done"}


def test_a_scheduler_that_goes_away_is_told_in_a_sentence(study, cluster, driver):
    cluster.join(1, SLOW)
    study(f"backend: dask, address: '{cluster.address}'")
    running = driver()
    until(bundles)
    cluster.scheduler.kill()
    _, words = running.communicate(timeout=300)
    assert running.returncode == 1
    last = words.splitlines()[-1]
    assert last.startswith(f"the Dask scheduler {cluster.address} has gone")
    assert "run this again" in last
    assert "Traceback" not in words
    assert SharedRecords(Objects(str(PLACE.absolute()))).places


def test_where_no_scheduler_answers_it_is_said(study, monkeypatch):
    monkeypatch.setattr(client, "SECONDS_TO_CONNECT", 1.0)
    study("backend: local")
    go_on_at("tcp://127.0.0.1:9")
    with pytest.raises(
        Refusal, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"
    ):
        invert.main()


def test_a_place_that_is_gone_for_a_while_costs_nothing(study, cluster, driver):
    cluster.join(1, SLOW)
    study(f"backend: dask, address: '{cluster.address}'")
    running = driver()
    until(bundles)
    away = PLACE.with_name("away")
    PLACE.rename(away)
    time.sleep(6)
    assert not PLACE.exists()
    away.rename(PLACE)
    _, words = running.communicate(timeout=300)
    assert running.returncode == 0, words
    assert {row["status"] for row in found()} == {"done"}


def test_two_drivers_on_one_place_do_no_harm(study, two_workers, driver, tmp_path):
    place = tmp_path / "place"
    study(f"backend: dask, address: '{two_workers.address}', store: '{place}'")
    other = tmp_path / "other"
    other.mkdir()
    shutil.copytree("data", other / "data")
    shutil.copy("params.yaml", other)
    both = [driver(), driver(other)]
    for one in both:
        _, words = one.communicate(timeout=300)
        assert one.returncode == 0, words
    mine = pictures()
    os.chdir(other)
    assert pictures() == mine
    assert set(SharedRecords(Objects(f"{place}")).places) == set(mine)


OTHER_VERSION = """
import sys
if any("dask_worker" in word or "multiprocessing" in word for word in sys.orig_argv):
    from stages.plan import keys
    keys.source_digest = lambda cell: "another"
"""


def test_workers_with_another_version_of_the_program_are_refused(study, cluster):
    cluster.join(1, OTHER_VERSION)
    study(f"backend: dask, address: '{cluster.address}'")
    with pytest.raises(Refusal, match="another version of this program"):
        invert.main()
    assert not bundles()


OWN = """
from beside import scale
from torch import nn

class Scaled(nn.Module):
    def forward(self, images):
        return images * scale

def make():
    return nn.Sequential(Scaled())
"""


def test_a_network_of_ones_own_travels_to_the_workers(study, cluster):
    cluster.join()
    Path("data/models").mkdir(parents=True)
    Path("data/models/own_of_cluster.py").write_text(OWN)
    Path("data/models/beside.py").write_text("scale = 2.0\n")
    kind = "{kind: custom, callable: 'own_of_cluster:make', side: 32}"
    text = PARAMS.replace("priors:", f"  own: {kind}\npriors:", 1)
    text = text.replace("[hog, hogb], seeds: 2", "[hog, own]")
    study(f"backend: dask, address: '{cluster.address}'", text=text)
    invert.main()
    assert {row["status"] for row in found()} == {"done"}
    assert "own" in {row["representation"] for row in found()}


def test_codes_may_be_computed_by_the_workers(study, two_workers, one_thread):
    study("processes: 1, targets: recompute")
    invert.main()
    alone = pictures()
    shutil.rmtree(paths.work())
    study(f"targets: recompute, backend: dask, address: '{two_workers.address}'")
    invert.main()
    assert pictures() == alone
