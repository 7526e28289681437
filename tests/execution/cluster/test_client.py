"""A cluster that is started for the run: a device each, and answers in order."""

import pytest
import torch

from stages.execution import device
from stages.execution.cluster import client as module
from stages.execution.cluster.client import Pending, connected, in_order, own_workers
from stages.params.execution import ExecutionSettings
from stages.process.stage import Refusal

pytest.importorskip("distributed", reason="Dask is not installed")

DASK = ExecutionSettings(backend="dask")


@pytest.fixture(scope="module")
def own():
    """Return a client of two workers that were started for the run."""
    with connected(DASK, 2) as client:
        client.wait_for_workers(2, timeout=300)
        yield client


def test_each_worker_has_a_gpu_of_its_own(own):
    def chosen():  # travels as a whole, as it is no function of a module's
        from stages.execution import device
        from stages.execution.cluster.here import computing

        found = []
        device.torch.cuda.is_available = lambda: True
        device.torch.cuda.device_count = lambda: 2
        device.torch.cuda.set_device = found.append
        device.set_up_process = lambda: None
        with computing("auto", 1):
            return found

    workers = own.scheduler_info()["workers"]
    asked = [own.submit(chosen, workers=[one], pure=False) for one in workers]
    assert sorted(future.result() for future in asked) == [[0], [1]]


def test_workers_spend_nothing_on_watching_themselves(own):
    def set_up():
        import os

        from dask import config

        watched = config.get("distributed.worker.profile.enabled")
        return os.environ["MALLOC_ARENA_MAX"], watched

    assert list(own.run(set_up).values()) == [("1", False)] * 2


def test_answers_come_in_order_and_what_is_no_task_is_its_own(own):
    items = [Pending("three", -3), "known", None, Pending("four", 4)]
    assert list(in_order(own, abs, iter(items), DASK)) == [3, "known", None, 4]


def test_what_a_task_raises_ends_it_in_a_sentence(own):
    items = [Pending("raises", "no number")]
    with pytest.raises(Refusal, match="cannot run batches: TypeError: bad operand"):
        list(in_order(own, abs, iter(items), DASK))


def test_what_workers_die_of_comes_back_as_none(own):
    def deadly(n):
        import os
        import signal

        if n == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return n

    # No other task beside it: what is at a worker with the deadly one shares the blame.
    items = ["before", Pending("deadly", 1), "after"]
    assert list(in_order(own, deadly, iter(items), DASK)) == ["before", None, "after"]
    others = [Pending("nought", 0), Pending("two", 2)]
    assert list(in_order(own, deadly, iter(others), DASK)) == [0, 2]


def test_few_tasks_are_on_the_way(own, monkeypatch):
    monkeypatch.setattr(module, "LEAST_TASKS", 3)
    monkeypatch.setattr(module, "TASKS_A_THREAD", 1)
    taken = []
    items = (taken.append(i) or Pending(f"task {i}", -i) for i in range(20))
    answers = in_order(own, abs, items, DASK)
    assert [next(answers) for _ in range(5)] == list(range(5))
    assert len(taken) < 10


@pytest.mark.parametrize(
    ("n_gpus", "settings", "expected"),
    [
        (3, {}, (3, 2)),
        (3, {"device": "cuda:1"}, (1, 6)),
        (3, {"device": "cpu"}, (6, 1)),
        (0, {}, (6, 1)),
        (3, {"processes": 4}, (4, 1)),
        (3, {"address": "tcp://127.0.0.1:1"}, (0, 0)),
    ],
)
def test_there_is_a_worker_for_each_gpu_or_each_core(
    monkeypatch, n_gpus, settings, expected
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: n_gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n_gpus)
    monkeypatch.setattr(module, "n_cores", lambda: 6)
    assert device.n_devices() == max(1, n_gpus)
    assert own_workers(DASK.model_copy(update=settings)) == expected
