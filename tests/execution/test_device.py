"""The device that `auto` is, on machines of simulated GPUs."""

import pytest
import torch

from stages.execution import device
from stages.execution.device import n_devices, prepare
from stages.process.stage import Refusal


@pytest.fixture
def gpus(monkeypatch):
    """Return a function that simulates a number of GPUs, and those that were chosen."""
    chosen = []

    def simulate(n):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n)
        monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
        return chosen

    monkeypatch.setattr(device, "set_up_process", lambda: None)
    return simulate


def test_without_a_gpu_auto_is_the_cpu(gpus):
    chosen = gpus(0)
    assert prepare("auto") == torch.device("cpu")
    assert (n_devices(), chosen) == (1, [])


def test_each_slot_has_a_gpu_of_its_own(gpus):
    chosen = gpus(3)
    assert {prepare("auto", slot=slot) for slot in range(4)} == {torch.device("cuda")}
    assert (n_devices(), chosen) == (3, [0, 1, 2, 0])


def test_a_gpu_that_is_named_is_the_one(gpus):
    chosen = gpus(3)
    assert prepare("cuda:1", slot=2) == torch.device("cuda:1")
    assert chosen == []
    with pytest.raises(Refusal, match="cuda:3, but 3 GPUs were found"):
        prepare("cuda:3")
