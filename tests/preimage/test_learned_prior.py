"""The learned prior: a pull to what a denoiser says, alike in every company."""

import itertools
import math
import pickle
from pathlib import Path

import pytest
import torch

from stages.images import reference_norm
from stages.preimage import (
    Options,
    Prior,
    fast,
    invert,
    learned_prior,
    with_denoiser,
)
from stages.preimage.coarse_waves import coarse, without_coarse
from stages.preimage.data_term import data_term
from stages.preimage.denoiser import Denoiser
from stages.preimage.descent import begin, minimise
from stages.preimage.learned_prior import DENOISED, LEAST, MOST, WIDE, LearnedPrior
from stages.preimage.objective import objective
from stages.preimage.prior_term import Jobs
from stages.preimage.start import noise
from stages.preimage.state import state
from stages.representations.definition import WeightsFile

SHAPE = (3, 12, 12)
NORM = reference_norm(SHAPE)
MEAN = torch.tensor([120.0, 110.0, 100.0])[:, None, None]
SEEDS = ("cat:0", "cat:1", "dog:0")
LONGEST = 8.0
FILE = WeightsFile(Path("toy.safetensors"), "0" * 64)


def centred(n=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 60 * torch.randn(n, *SHAPE, generator=generator)


class Toy:
    """A denoiser whose result is known, which remembers what it was asked."""

    def __init__(self, denoise):
        self.denoise, self.asked = denoise, []

    def __call__(self, images, sigma):
        self.asked.append((images.clone(), sigma.clone()))
        return self.denoise(images)


@pytest.fixture
def toy(monkeypatch):
    """Return what puts a denoiser into the place of every file's."""

    def put(denoise):
        one = denoise if isinstance(denoise, Denoiser) else Toy(denoise)
        monkeypatch.setattr(learned_prior, "trained", lambda file, device, dtype: one)
        return one

    return put


def network():
    torch.manual_seed(0)
    made = Denoiser((8, 16), (0, 1), (1, 0)).requires_grad_(False)
    for parameter in made.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    return made


def term(weights=(5.0, 5.0, 5.0), seeds=SEEDS, **numbers):
    given = {
        **{"sigma": (60.0, 10.0), "denoise_every": 2, "renoise": 1.0},
        "longest_wave": LONGEST,
    }
    jobs = Jobs(NORM, MEAN, tuple(seeds))
    return LearnedPrior(torch.tensor(weights), jobs, FILE, **given | numbers)


def pull(one, x):
    """Return the value and the gradient of a term that begins here."""
    value, gradient, factor = one.value_and_gradient(x, one.memory(x))
    return value, gradient * factor


def test_a_denoiser_that_changes_nothing_does_not_pull(toy):
    toy(lambda images: images)
    value, gradient = pull(term(renoise=0.0), centred())
    assert value.abs().max() < 1e-9
    assert gradient.abs().max() < 1e-6


def test_a_denoiser_that_always_says_grey_pulls_there(toy):
    toy(lambda images: torch.full_like(images, 128.0))
    x = centred()
    value, gradient = pull(term((1.0, 2.0, 4.0)), x)
    residue = without_coarse(x + MEAN - 128, LONGEST)
    weights = torch.tensor([1.0, 2.0, 4.0])
    expected = weights * residue.square().sum(dim=(1, 2, 3)) / NORM**2
    torch.testing.assert_close(value, expected)
    scale = 2 * weights[:, None, None, None] / NORM**2
    torch.testing.assert_close(gradient, scale * residue)
    torch.testing.assert_close(term((1.0, 2.0, 4.0)).value(x), expected)


def test_what_the_denoiser_says_of_light_and_colour_is_not_heard(toy):
    toy(lambda images: images + torch.tensor([90.0, -20.0, 5.0])[:, None, None])
    value, gradient = pull(term(renoise=0.0), centred())
    assert value.abs().max() < 1e-6
    assert gradient.abs().max() < 1e-5


def test_only_waves_that_are_shorter_than_the_longest_pull(toy):
    toy(torch.zeros_like)
    columns = (torch.arange(SHAPE[2]) + 0.5) / SHAPE[2]
    # Of wavelengths of 8 and 6 pixels.
    wave = [torch.cos(torch.pi * k * columns).expand(1, *SHAPE) for k in (3, 4)]
    one = term([1.0], SEEDS[:1], renoise=0.0, longest_wave=8.0)
    told = [pull(one, 50 * each - MEAN)[0].item() for each in wave]
    assert told[0] < 1e-6 < 1e-2 < told[1]


def test_mean_colour_is_drawn_to_that_of_photographs_by_its_share(toy):
    toy(lambda images: images)
    x = centred()
    x += torch.tensor([30.0, -20.0, 0.0])[:, None, None]
    value, gradient = pull(term((1.0, 2.0, 4.0), renoise=0.0, mean_share=0.25), x)
    mean = x.mean(dim=(2, 3), keepdim=True)
    weights = torch.tensor([1.0, 2.0, 4.0])
    colours = mean.expand_as(x).square().sum(dim=(1, 2, 3))
    torch.testing.assert_close(value, 0.25 * weights * colours / NORM**2)
    scale = 2 * weights[:, None, None, None] / NORM**2
    expected = (0.25 * scale * mean).expand_as(x)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-4)


def test_light_that_the_code_hardly_sees_ends_at_that_of_photographs(toy):
    toy(lambda images: images)
    ends = []
    for share in (0.0, 100.0):
        found = invert(
            lambda images: images.mean(dim=(1, 2, 3))[:, None],
            torch.tensor([[168.0]]),
            shape=SHAPE,
            solver=fast(steps=60),
            prior=with_denoiser(Prior(), FILE, 0.5, mean_share=share),
            options=Options(mean=128.0),
        )
        ends.append(float((found.preimage - 128).mean()))
    assert abs(ends[1]) < 5 < 35 < ends[0]


def test_gradient_is_that_of_the_value_with_the_denoised_image_held(toy):
    toy(network().double())
    x = centred(1).double().requires_grad_()
    one = term([2.0], SEEDS[:1], mean_share=0.3)
    memory = one.memory(x.detach())
    one.value_and_gradient(x.detach(), memory)
    _, gradient, factor = one.at(1, 10).value_and_gradient(x.detach(), memory)
    value, _, _ = one.at(1, 10).value_and_gradient(x, memory)
    (expected,) = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(gradient * factor, expected)


def test_noise_has_the_level_of_the_step_and_the_denoiser_is_told(toy):
    denoise, x = toy(lambda images: images / 2), centred()
    one = term(sigma=(80.0, 20.0))
    for step in (0, 5, 9):
        one.at(step, 10).value(x)
    levels = (80.0, 40.0, 80 * 0.25**0.9)
    for (images, sigma), level in zip(denoise.asked, levels, strict=True):
        torch.testing.assert_close(sigma, torch.full((3,), level))
        # 432 numbers an image: the deviation of their spread is 3 %.
        spread = (images - x - MEAN).flatten(1).std(dim=1)
        torch.testing.assert_close(spread, sigma, rtol=0.15, atol=0)


def test_more_noise_may_be_added_than_the_denoiser_is_told(toy):
    denoise, x = toy(lambda images: images / 2), centred()
    for renoise in (1.0, 1.5):
        term(renoise=renoise).value(x)
    (as_told, sigma), (more, still) = denoise.asked
    assert torch.equal(sigma, still)
    noise = as_told - x - MEAN
    torch.testing.assert_close(more - x - MEAN, 1.5 * noise, rtol=0, atol=1e-3)


def test_noise_level_falls_geometrically_from_first_to_last():
    found = [term().at(step, 100).level for step in range(101)]
    assert found[0] == 60
    assert found[100] == pytest.approx(10)
    ratios = {round(b / a, 9) for a, b in itertools.pairwise(found)}
    assert ratios == {round((1 / 6) ** 0.01, 9)}


@pytest.mark.parametrize(
    ("longest", "left"),
    [
        (LEAST * WIDE, LEAST),
        (LEAST**0.5 * WIDE, LEAST),
        (0.7 * WIDE, 0.49),
        (MOST**0.5 * WIDE, MOST),
        (3 * WIDE, MOST),
    ],
)
def test_weight_falls_on_a_line_to_a_share_that_grows_with_the_longest_wave(
    toy, longest, left
):
    toy(lambda images: torch.zeros_like(images))
    x, one = centred(), term(longest_wave=longest)
    begun = one.at(0, 100).value(x)
    for step, share in ((0, 1.0), (50, (1 + left) / 2), (100, left)):
        torch.testing.assert_close(one.at(step, 100).value(x), share * begun)


def test_weight_falls_with_the_code_error_of_each_job(toy):
    toy(lambda images: torch.zeros_like(images))
    x, data = centred(), torch.tensor([0.04, 1.0, 9.0])
    value, gradient = pull(term(), x)
    beside, turned = pull(term().beside(data), x)
    share = torch.tensor([0.2, 1.0, 1.0])
    torch.testing.assert_close(beside, share * value)
    torch.testing.assert_close(turned, share[:, None, None, None] * gradient)


def test_objective_tells_the_code_error_whether_it_asks_for_a_gradient_or_not(toy):
    toy(lambda images: torch.zeros_like(images))
    x, aim = centred(), aim_at(SEEDS)
    value = aim.priors["denoiser"].value(x)
    error = aim.data_term(x).clamp(max=1).sqrt()
    assert (error < 0.9).all()
    with_gradient, _ = aim.terms_and_gradient(x)
    for terms in (aim.terms(x), with_gradient):
        torch.testing.assert_close(terms["denoiser"], error * value)


def test_without_renoising_the_denoiser_sees_the_image_itself(toy):
    denoise, x = toy(lambda images: images / 2), centred()
    term(renoise=0.0).value(x)
    assert torch.equal(denoise.asked[0][0], x + MEAN)


def test_denoiser_runs_at_every_kth_step_and_pulls_to_the_same_place_between(toy):
    denoise, x = toy(lambda images: images / 2), centred()
    one = term(denoise_every=3)
    memory = one.memory(x)
    kept = []
    for step in range(7):
        one.at(step, 10).value_and_gradient(x + step, memory)
        kept.append(memory[DENOISED].clone())
    assert len(denoise.asked) == 3
    assert torch.equal(kept[0], kept[2])
    assert not torch.equal(kept[2], kept[3])
    last = one.at(7, 10)
    value, residue, _ = last.value_and_gradient(x, memory)
    expected = without_coarse(x - kept[6], LONGEST)
    torch.testing.assert_close(residue, expected)
    expected = last.fading * 5 * expected.square().sum(dim=(1, 2, 3)) / NORM**2
    torch.testing.assert_close(value, expected)


def test_company_and_place_in_the_batch_change_no_byte(toy):
    toy(network())
    x = centred()
    value, gradient = pull(term().at(4, 10), x)
    order = [2, 0, 1]
    turned = term(seeds=[SEEDS[i] for i in order]).at(4, 10)
    other_value, other = pull(turned, x[order])
    assert torch.equal(other, gradient[order])
    assert torch.equal(other_value, value[order])
    others = centred(seed=7)
    others[1] = x[0]
    company = term((1.0, 5.0, 0.0), ["x:8", SEEDS[0], "y:9"]).at(4, 10)
    value_there, there = pull(company, others)
    assert torch.equal(there[1], gradient[0])
    assert torch.equal(value_there[1], value[0])


def test_noise_comes_from_seed_image_and_step_alone(toy):
    denoise, x = toy(lambda images: images), centred(1)
    for seed, step in [("a:0", 2), ("a:0", 2), ("a:1", 2), ("b:0", 2), ("a:0", 4)]:
        torch.manual_seed(len(denoise.asked))
        term([1.0], [seed], sigma=(9.0, 9.0)).at(step, 10).value(x)
    first, *seen = [images for images, _ in denoise.asked]
    assert torch.equal(first, seen[0])
    assert not any(torch.equal(first, other) for other in seen[1:])


def test_a_job_that_does_not_weigh_it_is_not_pulled(toy):
    toy(lambda images: images / 2)
    value, gradient = pull(term((0.0, 1.0, 4.0)), centred())
    assert not gradient[0].any()
    assert value[0] == 0
    assert value[1] > 0


def test_a_memory_of_a_start_is_useless_between_runs(toy):
    toy(lambda images: images)
    x = centred()
    _, gradient = pull(term().at(5, 10), x)
    assert gradient.isnan().all()


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ({"sigma": (5.0, 10.0)}, "`sigma` must not rise and be positive, got 5.0"),
        ({"sigma": (60.0, 0.0)}, "be positive, got 60.0 and 0.0"),
        ({"sigma": (math.inf, 5.0)}, "be positive, got inf and 5.0"),
        ({"renoise": -0.1}, "`renoise` must be a share of at least 0, got -0.1"),
        ({"renoise": math.inf}, "`renoise` must be a share of at least 0, got inf"),
        ({"mean_share": -0.1}, "`mean_share` must be a share of at least 0, got -0.1"),
        ({"mean_share": math.nan}, "`mean_share` must be a share of at least 0, got"),
        ({"denoise_every": 0}, "`denoise_every` must be at least 1, got 0"),
        ({"longest_wave": 0.0}, "`longest_wave` must be positive, got 0.0"),
        ({"seeds": SEEDS[:2]}, r"`seeds` must be one a job \(3\), got 2"),
    ],
)
def test_numbers_out_of_range_are_refused(numbers, named):
    with pytest.raises(ValueError, match=named):
        term(**numbers)


# within a descent -------------------------------------------------------------------


def prior(denoiser=FILE, weight=0.5, sigma=(60.0, 10.0)):
    classical = Prior(lambda_tv=0.01)
    return with_denoiser(classical, denoiser, weight, sigma=sigma, denoise_every=3)


def grown(images):
    return images.repeat_interleave(4, 2).repeat_interleave(4, 3)


def blur(images):
    return torch.nn.functional.avg_pool2d(images, 4)


def aim_at(seeds):
    generator = torch.Generator().manual_seed(3)
    targets = 255 * torch.rand(3, 3, 3, 3, generator=generator)
    rows = [SEEDS.index(seed) for seed in seeds]
    data = data_term(blur, targets[rows])
    return objective(data, [prior()] * len(rows), mean=MEAN, norm=NORM, seeds=seeds)


def begun(aim, seeds):
    rule = fast(steps=10).solver(MEAN, SHAPE)
    start = torch.stack([noise(SHAPE, SEEDS.index(seed)) for seed in seeds])
    return rule, begin(aim, rule, start)


def test_run_that_was_stopped_between_runs_goes_on_to_the_same_bytes(toy):
    toy(network())
    aim = aim_at(SEEDS)
    rule, whole = begun(aim, SEEDS)
    for _ in minimise(aim, rule, whole):
        pass
    _, half = begun(aim, SEEDS)
    next(itertools.islice(minimise(aim, rule, half), 4, None))
    kept = {name: tensor.clone() for name, tensor in half.tensors().items()}
    assert kept[f"memory.denoiser.{DENOISED}"].is_contiguous()
    again = state(kept, 5, torch.device("cpu"))
    for _ in minimise(aim, rule, again):
        pass
    assert torch.equal(again.x, whole.x)
    assert torch.equal(torch.stack(again.trace), torch.stack(whole.trace))


def test_order_of_the_jobs_changes_no_byte(toy):
    toy(network())
    ends = []
    for seeds in (SEEDS, SEEDS[::-1]):
        aim = aim_at(seeds)
        rule, end = begun(aim, seeds)
        for _ in minimise(aim, rule, end):
            pass
        ends.append(end.x)
    assert torch.equal(ends[0], ends[1].flip(0))


def test_inversion_goes_where_code_and_denoiser_both_want(toy):
    """The code is the mean of blocks; the denoiser says that a block has one colour."""
    whole = grown(128.0 + torch.arange(27.0).view(1, 3, 3, 3))
    toy(lambda images: grown(blur(images)))
    results = [
        invert(blur, blur(whole), shape=SHAPE, solver=fast(steps=120), prior=one)
        for one in (prior(), Prior())
    ]
    learned, plain = [(one.preimage[0] - whole[0]).abs().mean() for one in results]
    assert learned < 4 < 10 < plain
    assert list(results[0].trace.terms) == ["data", "alpha", "tv", "denoiser"]
    assert results[0].trace.terms["denoiser"][0] > 0
    assert not results[1].trace.terms["denoiser"].any()


def test_long_waves_that_the_code_does_not_see_go_blank_by_tv_alone(toy):
    toy(lambda images: images)
    left = []
    for weight in (0.0, 0.05):
        held = with_denoiser(Prior(lambda_tv=weight), FILE, 0.5, longest_wave=6.0)
        found = invert(
            lambda images: images[..., :4],
            torch.full((1, 3, 12, 4), 128.0),
            shape=SHAPE,
            solver=fast(steps=60),
            prior=held,
            options=Options(mean=128.0),
        )
        outside = coarse(found.preimage - 128, 6.0)[..., 4:]
        left.append(float(outside.square().mean().sqrt()))
    assert left[1] < 2 < 20 < left[0]


def test_priors_with_another_denoiser_or_other_levels_share_no_batch():
    other = WeightsFile(FILE.path, "1" * 64)
    moved = WeightsFile(Path("elsewhere"), FILE.sha256)
    assert prior().form == prior(moved).form == prior(weight=2.0).form
    assert prior(other).form != prior().form
    assert prior(sigma=(50.0, 10.0)).form != prior().form
    assert pickle.loads(pickle.dumps(prior())).form == prior().form
