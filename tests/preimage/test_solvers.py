"""The two solvers: their defaults, their settings and their step rules, by hand."""

import math

import pytest
import torch

from stages.preimage.adam import SHORTEST, Adam, Fast, falling, kept
from stages.preimage.data_term import data_term
from stages.preimage.momentum import SCHEDULES, MomentumDescent, Paper
from stages.preimage.objective import objective
from stages.preimage.parameterisations.pixels import Pixels
from stages.preimage.priors import Prior
from stages.preimage.solver import Solver, SolverSettings
from stages.preimage.solvers import fast, paper

ONE = torch.ones(1, 1, 1, 1)


SHAPE = (1, 1, 1)


def adam(steps, rate, reach=1e6):
    """Return Adam of one pixel that may go so far either way."""
    pixels = Pixels(-reach * ONE[0], reach * ONE[0], SHAPE)
    return Adam(Fast(steps, rate, 0.0, "pixels"), pixels)


def double(images):
    return 2 * images


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
    solver = MomentumDescent(Paper(((2, 1.0), (1, 0.1))), norm=10.0)
    torch.testing.assert_close(walk(solver, [1, 1, 1]), [-0.4, -1.16, -1.20])


def test_without_a_change_of_rate_the_velocity_goes_on():
    # v = -0.4, -0.36, -0.324 with no gradient after the first step
    solver = MomentumDescent(Paper(((3, 1.0),)), norm=10.0)
    torch.testing.assert_close(walk(solver, [1, 0, 0]), [-0.4, -0.76, -1.084])


@pytest.mark.parametrize(
    ("progress", "held", "share"),
    [
        *[(0.0, 0.0, 1.0), (0.5, 0.0, 0.5), (1.0, 0.0, 0.0)],
        *[(0.0, 0.4, 1.0), (0.4, 0.4, 1.0), (0.7, 0.4, 0.5), (1.0, 0.4, 0.0)],
    ],
)
def test_a_rate_falls_on_a_cosine_once_it_was_held(progress, held, share):
    assert falling(progress, held) == pytest.approx(share)


def test_adam_holds_its_rate_for_as_long_as_the_parameterisation_says():
    class Held(Pixels):
        held = 0.5

    solver = Adam(Fast(4, 2.0, 0.0, "pixels"), Held(-1e6 * ONE[0], 1e6 * ONE[0], SHAPE))
    # Equal gradients: each step is as long as the rate, which is whole until half way.
    quarter = (1 + math.cos(math.pi / 2)) / 2
    expected = [-2, -4, -6, -6 - 2 * quarter]
    assert walk(solver, [3, 3, 3, 3]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "n_steps"), [("cnn", 400), ("region", 600), ("descriptors", 800)]
)
def test_published_schedules_have_their_length(name, n_steps):
    assert paper(name).n_steps == n_steps
    assert sum(n for n, _ in SCHEDULES[name]) == n_steps


def test_first_step_of_adam_is_the_rate_whatever_the_gradient():
    for gradient in (1e-3, 1.0, 1e3):
        assert walk(adam(10, 8.0), [gradient])[0] == pytest.approx(-8.0, rel=1e-4)


def test_adam_follows_torch_adam_while_its_memory_is_shortest():
    # Over a schedule of 10,000 steps the cosine is 1 for the first few.
    ours = walk(adam(10**4, 0.5), [1, -2, 3, 0.5])
    pixel, beta = torch.zeros(1, requires_grad=True), 1 - 1 / SHORTEST
    theirs, optimiser = [], torch.optim.Adam([pixel], lr=0.5, betas=(beta, beta))
    for gradient in (1, -2, 3, 0.5):
        pixel.grad = torch.tensor([float(gradient)])
        optimiser.step()
        theirs.append(pixel.item())
    assert ours == pytest.approx(theirs, rel=1e-5)


def test_the_memory_of_adam_grows_to_its_longest():
    # An eighth of the steps passed: 2.5 up to 20 steps, 10 after 80, at most 20.
    shares = [kept(step) for step in (0, 19, 79, 159, 10_000)]
    assert shares == pytest.approx([1 - 1 / 2.5, 1 - 1 / 2.5, 0.9, 0.95, 0.95])


def test_the_moments_of_adam_are_weighted_means_of_all_gradients():
    # Worked with the weights of each gradient written out, past the shortest memory.
    gradients = [math.sin(step) + 0.3 for step in range(60)]
    ours = walk(adam(60, 0.5), gradients)
    weights, x = [], 0.0
    for step, rate in enumerate(
        0.25 * (1 + math.cos(math.pi * s / 60)) for s in range(60)
    ):
        weights = [w * kept(step) for w in weights] + [1 - kept(step)]
        seen = list(zip(weights, gradients, strict=False))
        mean = sum(w * g for w, g in seen) / sum(weights)
        square = sum(w * g * g for w, g in seen) / sum(weights)
        x -= rate * mean / math.sqrt(square)
    assert ours[-1] == pytest.approx(x, rel=1e-4)


def test_fast_is_less_precise_but_for_the_last_tenth_of_its_steps():
    data = data_term(double, ONE, precision=torch.bfloat16)
    rough = objective(data, [Prior()], mean=ONE[0], norm=1.0)
    rule = fast(steps=20).solver(ONE[0], SHAPE)
    reduced = [rule.descended(rough, step).data.phi is not double for step in range(20)]
    assert reduced == 18 * [True] + 2 * [False]
    slow = paper().solver(ONE[0], SHAPE)
    assert all(slow.descended(rough, step).data.phi is double for step in range(400))


def test_fast_stays_inside_the_pixel_range():
    mean = torch.tensor([100.0])[:, None, None]
    solver = fast(steps=3, rate=1000.0).solver(mean, SHAPE)
    assert walk(solver, [1, 1, 1])[-1] == -100
    assert walk(solver, [-1, -1, -1])[-1] == 155


def test_wrong_arguments_are_refused():
    with pytest.raises(
        ValueError, match=r"cnn, steady, region, descriptors; got 'cmm'"
    ):
        paper("cmm")
    with pytest.raises(ValueError, match=r"`schedule` must list"):
        paper([(0, 1.0)])
    with pytest.raises(ValueError, match=r"must be positive, got 0 and 16"):
        fast(steps=0)
    with pytest.raises(ValueError, match=r"pixels, fourier, .* got 'wavelets'"):
        fast(parameterisation="wavelets")


@pytest.mark.parametrize("settings", [fast(), paper()])
def test_settings_make_their_solver_and_can_be_told_apart(settings):
    assert isinstance(settings, SolverSettings)
    solver = settings.solver(ONE[0], SHAPE)
    assert isinstance(solver, Solver)
    assert type(settings).__module__ == type(solver).__module__
    assert settings.n_steps == solver.n_steps
    assert settings == eval(repr(settings))
    assert len({settings, fast(), paper(), fast(steps=7)}) == 3


def test_settings_name_the_modules_that_are_chosen_by_name():
    assert fast().modules() == ("stages.preimage.parameterisations.pixels",)
    waves = fast(parameterisation="fourier")
    assert waves.modules() == ("stages.preimage.parameterisations.fourier",)
    assert waves.rate == 8
    assert paper().modules() == ()
