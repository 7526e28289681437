"""Which backend the params choose, and which job store."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stages.execution.backend import Backend, backend, opened_store
from stages.execution.place import shared_place
from stages.execution.runner import LocalBackend
from stages.params.execution import ExecutionSettings
from stages.plan.source_text import ROOT
from stages.store.shared_jobs import SharedJobStore

CPU = torch.device("cpu")
LOCAL, DASK = ExecutionSettings(), ExecutionSettings(backend="dask")


@pytest.fixture(autouse=True)
def _project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)


def test_on_one_machine_nothing_is_shared():
    job_store = opened_store(LOCAL)
    assert not isinstance(job_store, SharedJobStore)
    assert isinstance(backend(LOCAL, job_store, CPU), LocalBackend)
    assert not list(Path().rglob("*"))


def test_a_cluster_shares_a_folder_of_the_job_store_by_default():
    job_store = opened_store(DASK)
    assert isinstance(job_store, SharedJobStore)
    assert job_store.objects.url == f"{Path.cwd() / 'data/work/shared'}"
    made = backend(DASK, job_store, CPU)
    assert isinstance(made, Backend)
    assert not isinstance(made, LocalBackend)
    # From now on, what it finished is finished for the other backend, too.
    assert isinstance(opened_store(LOCAL), SharedJobStore)
    assert isinstance(backend(LOCAL, opened_store(LOCAL), CPU), LocalBackend)


def test_a_place_that_is_named_is_used_by_either_backend(tmp_path):
    named = {"store": f"{tmp_path / 'place'}"}
    for execution in (LOCAL, DASK):
        chosen = execution.model_copy(update=named)
        assert shared_place(chosen) == named["store"]
        assert isinstance(opened_store(chosen), SharedJobStore)


@pytest.mark.parametrize("stage", ["extract", "invert", "score", "study"])
def test_no_stage_imports_dask_before_it_is_asked_for(stage):
    code = f"import sys, stages.{stage}; print('distributed' in sys.modules)"
    found = subprocess.check_output(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, text=True
    )
    assert found.strip() == "False"
