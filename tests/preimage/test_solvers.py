"""The two step rules against their formulas, worked by hand."""

import pytest
import torch

from stages.preimage.adam import BETAS, Adam
from stages.preimage.momentum import SCHEDULES, MomentumDescent
from stages.preimage.parameterisation import Pixels
from stages.preimage.solvers import fast, paper

ONE = torch.ones(1, 1, 1, 1)


def walk(solver, gradients, x=0.0):
    """Return the positions after each step, for a pixel and its gradients."""
    position, positions = ONE * x, []
    slots = solver.slots(position)
    for step, gradient in enumerate(gradients):
        position = solver.update(position, ONE * gradient, slots, step)
        positions.append(position.item())
    return positions


def test_momentum_descent_of_three_steps():
    # rate 0.004, s = 10, so each gradient of 1 adds -0.4 to the velocity:
    # v = -0.4, then -0.76, then (rate / 10, velocity reset) -0.04
    solver = MomentumDescent([(2, 1.0), (1, 0.1)], norm=10.0)
    torch.testing.assert_close(walk(solver, [1, 1, 1]), [-0.4, -1.16, -1.20])


def test_without_a_change_of_rate_the_velocity_goes_on():
    # v = -0.4, -0.36, -0.324 with no gradient after the first step
    solver = MomentumDescent([(3, 1.0)], norm=10.0)
    torch.testing.assert_close(walk(solver, [1, 0, 0]), [-0.4, -0.76, -1.084])


@pytest.mark.parametrize(
    ("name", "n_steps"), [("cnn", 400), ("region", 600), ("descriptors", 800)]
)
def test_published_schedules_have_their_length(name, n_steps):
    assert paper(1.0, schedule=name).n_steps == n_steps
    assert sum(n for n, _ in SCHEDULES[name]) == n_steps


def test_first_step_of_adam_is_the_rate_whatever_the_gradient():
    low, high = torch.full((1, 1, 1), -100.0), torch.full((1, 1, 1), 100.0)
    for gradient in (1e-3, 1.0, 1e3):
        solver = Adam(10, 8.0, Pixels(low, high))
        assert walk(solver, [gradient])[0] == pytest.approx(-8.0, rel=1e-4)


def test_adam_follows_torch_adam_at_a_constant_rate():
    # Over a schedule of a million steps the cosine is 1 for the first few.
    wide = torch.full((1, 1, 1), 1e6)
    ours = walk(Adam(10**6, 0.5, Pixels(-wide, wide)), [1, -2, 3, 0.5])
    pixel = torch.zeros(1, requires_grad=True)
    theirs, optimiser = [], torch.optim.Adam([pixel], lr=0.5, betas=BETAS)
    for gradient in (1, -2, 3, 0.5):
        pixel.grad = torch.tensor([float(gradient)])
        optimiser.step()
        theirs.append(pixel.item())
    assert ours == pytest.approx(theirs, rel=1e-5)


def test_fast_stays_inside_the_pixel_range():
    mean = torch.tensor([100.0])[:, None, None]
    assert walk(fast(mean, steps=3, rate=1000.0), [1, 1, 1])[-1] == -100
    assert walk(fast(mean, steps=3, rate=1000.0), [-1, -1, -1])[-1] == 155


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"cnn, region, descriptors; got 'cmm'"):
        paper(1.0, schedule="cmm")
    with pytest.raises(ValueError, match=r"`schedule` must list"):
        paper(1.0, schedule=[(0, 1.0)])
    with pytest.raises(ValueError, match=r"must be positive, got 0 and 16"):
        fast(torch.zeros(1, 1, 1), steps=0)
