"""The state of a run: to the disk and back, and who is taken out of the race."""

import torch

from stages.preimage.state import LOST, State, mark_lost, retire, state


def fresh(n=3):
    """Return the state of n jobs of two variables after a step from 0 to 1."""
    none = torch.full((n,), -1)
    return State(
        x=torch.ones(n, 2),
        previous=torch.zeros(n, 2),
        slots={"mean": torch.arange(2.0 * n).view(n, 2)},
        step=7,
        broken_step=none,
        broken_term=none.clone(),
        dead=torch.zeros(n, dtype=torch.bool),
        trace=[torch.rand(n, 3), torch.rand(n, 3)],
        memory={"learned": {"drawn": torch.rand(n, 1)}},
    )


def test_its_tensors_give_it_back():
    one = fresh()
    again = state(one.tensors(), one.step, torch.device("cpu"))
    assert again.step == 7
    assert torch.equal(again.slots["mean"], one.slots["mean"])
    assert torch.equal(torch.stack(again.trace), torch.stack(one.trace))
    assert torch.equal(again.memory["learned"]["drawn"], one.memory["learned"]["drawn"])
    for name in ("x", "previous", "broken_step", "broken_term", "dead"):
        assert torch.equal(getattr(again, name), getattr(one, name))


def test_without_a_trace_it_comes_back_without_one():
    one = fresh()
    one.trace = []
    assert state(one.tensors(), 0, torch.device("cpu")).trace == []


def test_a_broken_job_goes_back_a_step_and_names_its_first_bad_term():
    one, finite = fresh(), torch.ones(3, 4, dtype=torch.bool)
    finite[1, 2:] = False
    retire(one, finite)
    assert one.x.tolist() == [[1, 1], [0, 0], [1, 1]]
    assert one.broken_term.tolist() == [-1, 2, -1]
    assert one.broken_step.tolist() == [-1, 7, -1]
    assert one.alive.tolist() == [True, False, True]


def test_a_lost_job_keeps_its_image_and_a_broken_one_its_reason():
    one, finite = fresh(), torch.ones(3, 4, dtype=torch.bool)
    finite[1, 0] = False
    retire(one, finite)
    mark_lost(one, torch.tensor([True, True, False]))
    assert one.broken_term.tolist() == [LOST, 0, -1]
    assert one.x[0].tolist() == [1, 1]
    assert one.alive.tolist() == [False, False, True]
