"""The loop: independence of jobs, stopping and going on, broken and dead jobs."""

import pytest
import torch

from stages.preimage.data_term import data_term
from stages.preimage.descent import begin, minimise, trace_steps
from stages.preimage.objective import objective
from stages.preimage.outcome import outcomes
from stages.preimage.priors import Prior
from stages.preimage.solvers import fast, paper
from stages.preimage.start import noise
from stages.preimage.state import state

MEAN = torch.full((1, 1, 1), 128.0)
SHAPE = (1, 8, 8)
PRIOR = Prior(lambda_alpha=1.0, lambda_tv=0.1)


def blur(images):
    return torch.nn.functional.avg_pool2d(images, 2)


def problem(targets, phi=blur, prior=PRIOR):
    priors = [prior] * len(targets)
    return objective(data_term(phi, targets), priors, mean=MEAN, norm=551.4)


def starts(n):
    return torch.stack([noise(SHAPE, seed) for seed in range(n)])


def finish(targets, solver, phi=blur, prior=PRIOR, start=None):
    aim = problem(targets, phi, prior)
    solver = solver.solver(MEAN, SHAPE)
    end = begin(aim, solver, starts(len(targets)) if start is None else start)
    for _ in minimise(aim, solver, end):
        pass
    return end


TARGETS = 255 * torch.rand(4, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def test_trace_starts_at_the_start_and_ends_at_the_end():
    assert trace_steps(3) == [0, 1, 2, 3]
    steps = trace_steps(1000)
    assert (len(steps), steps[0], steps[-1]) == (30, 0, 1000)
    assert trace_steps(1) == [0, 1]


@pytest.mark.parametrize("solver", [fast(steps=100), paper()])
def test_the_objective_falls(solver):
    end = finish(TARGETS, solver)
    assert len(end.trace) == len(trace_steps(solver.n_steps))
    first, last = end.trace[0].sum(dim=1), end.trace[-1].sum(dim=1)
    assert (last < first / 4).all()
    assert [outcome.status for outcome in outcomes(end)] == ["done"] * 4


def test_a_stopped_run_goes_on_to_the_same_bytes():
    solver = fast(steps=30)
    whole = finish(TARGETS, solver)
    aim, solver = problem(TARGETS), solver.solver(MEAN, SHAPE)
    half = begin(aim, solver, starts(4))
    for passed in minimise(aim, solver, half):
        if passed.step == 13:
            break
    kept = {name: tensor.clone() for name, tensor in half.tensors().items()}
    again = state(kept, 13, torch.device("cpu"))
    for _ in minimise(aim, solver, again):
        pass
    assert torch.equal(again.x, whole.x)
    assert torch.equal(torch.stack(again.trace), torch.stack(whole.trace))


def test_a_job_that_breaks_keeps_its_last_finite_image_and_harms_no_other():
    def breaks_third(images):
        code = blur(images)
        bad = torch.zeros(len(code), 1, 1, 1)
        # The third job's code overflows once its image has moved far enough.
        moved = (images[2] - starts(4)[2] - MEAN).abs().max().item()
        bad[2] = torch.inf if moved > 20 else 0.0
        return code + bad

    solver = fast(steps=30)
    whole, broken = finish(TARGETS, solver), finish(TARGETS, solver, breaks_third)
    ends = outcomes(broken)
    assert [one.status for one in ends] == ["done", "done", "diverged", "done"]
    assert "data not finite at step" in ends[2].reason
    assert torch.isfinite(broken.x).all()
    others = [0, 1, 3]
    assert torch.equal(broken.x[others], whole.x[others])


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_a_gradient_that_is_not_finite_ends_its_job_alone(bad):
    def breaks_second(images):
        code = blur(images)
        if code.requires_grad:
            code.register_hook(broken)
        return code

    def broken(gradient):
        gradient = gradient.clone()
        gradient[1, 0, 2, 2] = bad
        return gradient

    solver = fast(steps=10)
    whole, ended = finish(TARGETS, solver), finish(TARGETS, solver, breaks_second)
    ends = outcomes(ended)
    assert [one.status for one in ends] == ["done", "diverged", "done", "done"]
    assert "gradient not finite at step 0" in ends[1].reason
    assert torch.equal(ended.x[1], starts(4)[1])
    assert torch.equal(ended.x[[0, 2, 3]], whole.x[[0, 2, 3]])


def test_rising_objective_is_called_diverged():
    # The paper's descent diverges above lambda_tv of about 59 (rate 0.004).
    end = finish(TARGETS, paper(), prior=Prior(lambda_tv=500.0))
    assert {one.status for one in outcomes(end)} == {"diverged"}


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        # The pull of a denoiser, the last term, fades: no objective falls by that.
        ([1.0, 0.0, 0.0, 9.0], [3.0, 0.0, 0.0, 0.1], "diverged"),
        ([1.0, 0.5, 0.0, 0.1], [0.5, 0.1, 0.0, 9.0], "done"),
    ],
)
def test_a_pull_is_no_part_of_what_must_fall(first, last, status):
    end = finish(TARGETS[:1], fast(steps=2))
    end.trace = [torch.tensor([first]), torch.tensor([last])]
    assert [one.status for one in outcomes(end)] == [status]


def test_a_dead_gradient_is_a_status_and_keeps_the_start():
    def dead(images):
        return (images * 0 - 1).relu() + images.detach().mean() * 0

    end = finish(torch.ones(2, 1, 8, 8), fast(steps=5), dead)
    assert [one.status for one in outcomes(end)] == ["dead-gradient"] * 2
    assert [one.steps for one in outcomes(end)] == [0, 0]
    assert torch.equal(end.x, starts(2))


def silent_below(level):
    """Return a code that is switched off where the mean of 2x2 pixels is lower."""
    return lambda images: (blur(images) - level).relu()


def test_fast_wakes_a_code_that_starts_switched_off_and_paper_says_that_it_is():
    # Noise around 128 of natural energy does not reach 220 anywhere.
    targets, off = torch.full((2, 1, 4, 4), 10.0), silent_below(220)
    assert not off(starts(2).clamp(-128, 127) / 4 + MEAN).any()
    start = starts(2) / 4
    woken = finish(targets, fast(steps=100), off, Prior(), start)
    assert [one.status for one in outcomes(woken)] == ["done"] * 2
    assert (woken.trace[-1][:, 0] < 0.01).all()
    still = finish(targets, paper(), off, Prior(), start)
    assert [one.status for one in outcomes(still)] == ["dead-gradient"] * 2


def test_a_code_that_stays_switched_off_is_a_status_and_not_a_grey_picture():
    # No pixel reaches 300: whatever leaks, nothing wakes.
    targets = torch.full((2, 1, 4, 4), 10.0)
    end = finish(targets, fast(steps=5), silent_below(300), start=starts(2))
    ends = outcomes(end)
    assert [one.status for one in ends] == ["dead-gradient"] * 2
    assert [(one.reason, one.steps) for one in ends] == [
        ("the code has no gradient at the end", 5)
    ] * 2


def test_a_code_without_gradient_is_refused():
    with pytest.raises(ValueError, match=r"`phi` must be differentiable"):
        finish(torch.ones(1, 1, 8, 8), fast(), lambda images: images.detach())
    free = torch.ones(1, 1, 8, 8, requires_grad=True)
    with pytest.raises(ValueError, match=r"`phi` must depend on its images"):
        finish(torch.zeros(1, 1, 8, 8), fast(), lambda images: free)


def test_the_trace_is_the_objective_s_own_and_smoothing_costs_no_forward_pass():
    calls, images = [], []

    def phi(x):
        calls.append(len(x))
        return x.square().cumsum(dim=-1)

    priors = [Prior(lambda_tv=weight) for weight in (0.02, 0.0, 50.0)]
    data = data_term(phi, torch.rand(3, 1, 4, 4))
    aim = objective(data, priors, mean=MEAN, norm=10.0)
    rule = fast(steps=12, rate=4.0, smoothing=5.0).solver(MEAN, (1, 4, 4))
    state = begin(aim, rule, torch.randn(3, 1, 4, 4))
    calls.clear()
    images.append(state.x)
    for passed in minimise(aim, rule, state):
        images.append(passed.x)
    # One a step, one for the terms and one for the gradient at the end.
    assert len(calls) == 12 + 2
    expected = [aim.terms(x).stacked() for x in images[:13]]
    torch.testing.assert_close(torch.stack(state.trace), torch.stack(expected))
