import itertools

import pytest
import torch

from stages.images import reference_norm
from stages.preimage.denoiser import Denoiser
from stages.preimage.learned_prior import (
    DENOISED,
    LearnedPrior,
    NoiseOfJob,
    learned_slope,
)

SHAPE = (3, 12, 12)
NORM = reference_norm(SHAPE)
MEAN = torch.tensor([120.0, 110.0, 100.0])[:, None, None]
STEPS = 10
JOBS = [NoiseOfJob(0, "cat"), NoiseOfJob(1, "cat"), NoiseOfJob(0, "dog")]


def centred(n=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 60 * torch.randn(n, *SHAPE, generator=generator)


def halved(images, sigma):
    """Return images half as far from black: a denoiser whose result is known."""
    return images / 2


class Recorded:
    """A denoiser that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, images, sigma):
        self.asked.append((images.clone(), sigma.clone()))
        return images / 2


def network():
    torch.manual_seed(0)
    made = Denoiser((8, 16), (0, 1), (1, 0)).requires_grad_(False)
    for parameter in made.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    return made


def slope(x, step, memory, *, prior=None, denoise=halved, weights=None, jobs=JOBS):
    prior = prior or LearnedPrior(5.0)
    return learned_slope(
        prior,
        denoise,
        x,
        weights=torch.full((len(x),), prior.weight) if weights is None else weights,
        mean=MEAN,
        norm=NORM,
        step=step,
        n_steps=STEPS,
        generators=jobs,
        memory=memory,
    )


def test_value_and_gradient_without_noise_are_those_of_the_formula():
    x = centred()
    prior = LearnedPrior(5.0, renoise=False)
    value, gradient = slope(x, 0, {}, prior=prior)
    residue = (x + MEAN) / 2
    expected = 5 * residue.square().sum(dim=(1, 2, 3)) / NORM**2
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient, 10 * residue / NORM**2)


def test_gradient_is_that_of_the_value_with_the_denoised_image_held():
    x = centred(1).double().requires_grad_()
    memory = {}
    prior = LearnedPrior(2.0)
    given = {"prior": prior, "denoise": network().double(), "jobs": JOBS[:1]}
    _, gradient = slope(x.detach(), 0, memory, **given)
    value, _ = slope(x, 1, memory, **given)
    (expected,) = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(gradient, expected)


def test_noise_has_the_level_of_the_step_and_the_denoiser_is_told():
    x, denoise = centred(), Recorded()
    prior = LearnedPrior(1.0, first=80.0, last=20.0, every=1)
    for step in (0, 5, 9):
        slope(x, step, {}, prior=prior, denoise=denoise)
    for (images, sigma), level in zip(
        denoise.asked, (80.0, 40.0, 80 * 0.25**0.9), strict=True
    ):
        torch.testing.assert_close(sigma, torch.full((3,), level))
        # 432 numbers an image: the deviation of their spread is 2 %.
        spread = (images - x - MEAN).flatten(1).std(dim=1)
        torch.testing.assert_close(spread, sigma, rtol=0.15, atol=0)


def test_noise_level_falls_geometrically_from_first_to_last():
    prior = LearnedPrior(1.0, first=60.0, last=10.0)
    found = [prior.sigma(step, 100) for step in range(101)]
    assert found[0] == 60
    assert found[100] == pytest.approx(10)
    ratios = {round(b / a, 9) for a, b in itertools.pairwise(found)}
    assert ratios == {round((1 / 6) ** 0.01, 9)}


def test_without_renoising_the_denoiser_sees_the_image_itself():
    x, denoise = centred(), Recorded()
    slope(x, 0, {}, prior=LearnedPrior(1.0, renoise=False), denoise=denoise)
    assert torch.equal(denoise.asked[0][0], x + MEAN)


def test_denoiser_runs_at_every_kth_step_and_pulls_to_the_same_place_between():
    x, denoise, memory = centred(), Recorded(), {}
    prior = LearnedPrior(1.0, every=3)
    kept = []
    for step in range(7):
        slope(x + step, step, memory, prior=prior, denoise=denoise)
        kept.append(memory[DENOISED])
    assert len(denoise.asked) == 3
    assert kept[0] is kept[2]
    assert not torch.equal(kept[2], kept[3])
    value, gradient = slope(x, 7, memory, prior=prior, denoise=denoise)
    residue = x + MEAN - kept[6]
    torch.testing.assert_close(gradient, 2 * residue / NORM**2)
    torch.testing.assert_close(value, residue.square().sum(dim=(1, 2, 3)) / NORM**2)


def test_run_that_was_stopped_goes_on_to_the_same_bytes():
    def run(x, steps, memory):
        for step in steps:
            _, gradient = slope(x, step, memory, denoise=network(), prior=prior)
            x = x - 1e4 * gradient
        return x

    prior = LearnedPrior(5.0, every=3)
    whole = run(centred(), range(STEPS), {})
    memory = {}
    half = run(centred(), range(5), memory)
    # As from a file: stored row by row, in memory of its own.
    kept = {name: t.clone(memory_format=torch.contiguous_format) for name, t in
            memory.items()}  # fmt: skip
    assert memory[DENOISED].is_contiguous()
    assert torch.equal(run(half.clone(), range(5, STEPS), kept), whole)


def test_company_and_place_in_the_batch_change_no_byte():
    x, denoise = centred(), network()
    value, gradient = slope(x, 4, {}, denoise=denoise)
    order = [2, 0, 1]
    jobs = [JOBS[i] for i in order]
    other_value, other = slope(x[order], 4, {}, denoise=denoise, jobs=jobs)
    assert torch.equal(other, gradient[order])
    assert torch.equal(other_value, value[order])
    others = centred(seed=7)
    others[1] = x[0]
    jobs = [NoiseOfJob(8, "x"), JOBS[0], NoiseOfJob(9, "y")]
    value_there, there = slope(others, 4, {}, denoise=denoise, jobs=jobs)
    assert torch.equal(there[1], gradient[0])
    assert torch.equal(value_there[1], value[0])


def test_noise_comes_from_seed_image_and_step_alone():
    torch.manual_seed(5)
    first = torch.randn(9, generator=NoiseOfJob(3, "cat").at(7))
    torch.manual_seed(6)
    assert torch.equal(torch.randn(9, generator=NoiseOfJob(3, "cat").at(7)), first)
    others = [
        NoiseOfJob(4, "cat").at(7),
        NoiseOfJob(3, "dog").at(7),
        NoiseOfJob(3, "cat").at(8),
    ]
    for generator in others:
        assert not torch.equal(torch.randn(9, generator=generator), first)


def test_every_image_has_its_own_weight_and_none_is_no_pull():
    x = centred()
    weights = torch.tensor([0.0, 1.0, 4.0])
    value, gradient = slope(x, 0, {}, weights=weights)
    alone, pull = slope(x, 0, {}, weights=torch.ones(3))
    torch.testing.assert_close(value, weights * alone)
    assert not gradient[0].any()
    torch.testing.assert_close(gradient[2], 4 * pull[2])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"weight": -1.0}, "`weight` must not be negative, got -1.0"),
        ({"weight": 1.0, "first": 5.0, "last": 10.0}, "`first` must be at least"),
        ({"weight": 1.0, "last": 0.0}, "both positive, got 60.0 and 0.0"),
        ({"weight": 1.0, "every": 0}, "`every` must be at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, named):
    with pytest.raises(ValueError, match=named):
        LearnedPrior(**settings)


def test_jobs_of_a_batch_share_all_but_the_weight():
    assert LearnedPrior(1.0).form == LearnedPrior(2.0).form
    for other in (
        LearnedPrior(1.0, first=70.0),
        LearnedPrior(1.0, last=9.0),
        LearnedPrior(1.0, every=3),
        LearnedPrior(1.0, renoise=False),
    ):
        assert other.form != LearnedPrior(1.0).form


def test_lost_memory_and_missing_generators_are_refused():
    x = centred()
    with pytest.raises(ValueError, match="kept at step 4, got nothing at step 5"):
        slope(x, 5, {})
    with pytest.raises(ValueError, match=r"one an image \(3\), got 2"):
        slope(x, 0, {}, jobs=JOBS[:2])
