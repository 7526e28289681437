"""A Dask scheduler and workers in processes of their own, as on several machines."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from stages import extract
from stages.execution import targets
from tests.conftest import PARAMS

ROOT = Path(__file__).parents[3]


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def stand_ins(folder, driver, **scripts):
    """Write an environment with Dask's own `dask`, and scripts in place of programs.

    `dvc` runs the `driver`, a program in Python, with what the script of `dvc` sets
    before. Returns the folder of the programs.
    """
    programs, python = folder / ".venv" / "bin", f"{sys.executable} -W ignore"
    programs.mkdir(parents=True)
    (programs / "activate").write_text(f"PATH={programs}:$PATH\n")
    (folder / "driver.py").write_text(driver)
    scripts["dask"] = f'exec {python} -m distributed.cli.dask_$1 "${{@:2}}"'
    scripts["dvc"] = f"{scripts.get('dvc', '')} exec {python} driver.py"
    for name, text in scripts.items():
        (programs / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
        (programs / name).chmod(0o755)
    return programs


def until(condition, seconds=300.0):
    """Wait for the condition, and return what it gives."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


class Cluster:
    """A scheduler; workers join when they are asked to. All end with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ends = folder, ExitStack()
        self._file = folder / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._start(
            "dask_scheduler", *options, "--scheduler-file", str(self._file)
        )
        told = until(self._file.is_file) and until(self._file.read_text)
        self.address = json.loads(told)["address"]

    def _start(self, program, *arguments):
        command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.{program}"]
        environment = {**os.environ, "PYTHONPATH": f"{self.folder}:{ROOT}"}
        environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "1"
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [*command, *arguments],
                env=environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._ends.callback(end, process)
        return process

    def join(self, n_workers=1, customise=""):
        """Start workers, which run the text as their first; return their process."""
        (self.folder / "sitecustomize.py").write_text(customise)
        arguments = ["--nworkers", str(n_workers), "--nthreads", "1"]
        arguments += ["--memory-limit", "0", "--no-dashboard", "--host", "127.0.0.1"]
        return self._start("dask_worker", self.address, *arguments)

    def close(self):
        self._ends.close()


def end(process):
    """End a process and all of its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


@pytest.fixture
def cluster(tmp_path_factory):
    """Return a scheduler of the test's own, without workers."""
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """Return a scheduler with two workers, which tests share."""
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    running.join(2)
    yield running
    running.close()


def go_on_at(address):
    """Let a study that was set up with `backend: local` go on at a Dask scheduler."""
    there = f"backend: dask, address: '{address}'"
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("backend: local", there))


@pytest.fixture
def study(small_study, monkeypatch):
    """Return a function that sets `execution` and the steps, and extracts the codes."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def change(execution, steps=6, text=PARAMS):
        text = text.replace("batch_size: 3", f"batch_size: 3, {execution}")
        small_study(text.replace("steps: 6", f"steps: {steps}"))
        extract.main()
        targets._opened.cache_clear()

    yield change
    targets._opened.cache_clear()
