"""How many processes a study is worth, and has memory and cores for."""

import pytest
import torch

from stages import invert
from stages.execution import processes
from stages.execution.processes import BASE_BYTES, n_processes, n_threads, process_bytes
from stages.plan.jobs import jobs
from stages.plan.study import expand
from tests.conftest import PARAMS

CPU = torch.device("cpu")


@pytest.fixture
def study(small_study):
    """Return a function that changes the processes and the steps of the study."""

    def change(processes, steps):
        text = PARAMS.replace("batch_size: 3", f"batch_size: 3, processes: {processes}")
        small_study(text.replace("steps: 6", f"steps: {steps}"))

    return change


def execution():
    return expand().execution


def batch(n_jobs):
    return jobs(expand(), invert.pictures())[:1] * n_jobs


def test_a_small_study_is_not_worth_a_process(study, monkeypatch):
    study(processes="auto", steps=250)
    monkeypatch.setattr(processes, "most_processes", lambda n_bytes: 4)
    auto = execution()
    assert n_processes(auto, CPU, []) == 1
    assert n_processes(auto, CPU, [batch(3)] * 4) == 1
    assert n_processes(auto, CPU, [batch(6)] * 4) == 2
    assert n_processes(auto, CPU, [batch(6)] * 40) == 4


def test_the_user_has_the_last_word_and_a_gpu_one_process(study):
    study(processes="auto", steps=250)
    large = [batch(6)] * 400
    gpu = torch.device("cuda")
    assert n_processes(execution(), gpu, large) == 1
    study(processes=3, steps=250)
    assert n_processes(execution(), CPU, []) == 3


def test_several_gpus_have_a_process_each_unless_one_is_named(study, monkeypatch):
    study(processes="auto", steps=250)
    chosen, gpu = execution(), torch.device("cuda")
    monkeypatch.setattr(processes, "n_devices", lambda: 4)
    assert chosen.device == "cpu"
    assert n_processes(chosen, gpu, [batch(6)] * 400) == 1
    auto = chosen.model_copy(update={"device": "auto"})
    assert n_processes(auto, gpu, [batch(6)] * 400) == 4
    assert n_processes(auto, gpu, [batch(6)] * 2) == 2
    assert n_processes(auto, gpu, []) == 1


def test_as_many_processes_as_memory_has_room_for(study, monkeypatch):
    study(processes="auto", steps=250)
    many, chosen = [batch(6)] * 400, execution()
    need = process_bytes(many[0][0])
    assert need > BASE_BYTES
    asked = []
    monkeypatch.setattr(processes, "most_processes", lambda n: asked.append(n) or 2)
    assert n_processes(chosen, CPU, many) == 2
    assert asked == [need]


def test_cores_are_divided_among_processes(monkeypatch):
    monkeypatch.setattr(processes, "n_cores", lambda: 8)
    assert n_threads(1) is None
    assert n_threads(2) == 4
    assert n_threads(16) == 1
