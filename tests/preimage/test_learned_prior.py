"""The learned prior: a pull to what a denoiser says, alike in every company."""

import itertools
import pickle
from pathlib import Path

import pytest
import torch

from stages.images import reference_norm
from stages.preimage import Prior, fast, invert, learned_prior, with_denoiser
from stages.preimage.coarse_waves import without_coarse
from stages.preimage.data_term import data_term
from stages.preimage.denoiser import Denoiser
from stages.preimage.descent import begin, minimise
from stages.preimage.learned_prior import COARSE, DENOISED, LAST, QUIET, LearnedPrior
from stages.preimage.objective import objective
from stages.preimage.prior_term import Jobs
from stages.preimage.start import noise
from stages.preimage.state import state
from stages.representations.definition import WeightsFile

SHAPE = (3, 12, 12)
NORM = reference_norm(SHAPE)
MEAN = torch.tensor([120.0, 110.0, 100.0])[:, None, None]
SEEDS = ("cat:0", "cat:1", "dog:0")
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
    given = {"sigma": (60.0, 10.0), "denoise_every": 2, "renoise": True}
    jobs = Jobs(NORM, MEAN, tuple(seeds))
    return LearnedPrior(torch.tensor(weights), jobs, FILE, **given | numbers)


# Of each job the data term and its gradient, whose norms are 6, 6 and 3.
DATA = torch.tensor([0.0016, 1.0, 16.0])
GRADIENT = torch.full((3, *SHAPE), 6 / 432**0.5) * torch.tensor([1, -1, 0.5]).view(
    3, 1, 1, 1
)
STRENGTH = torch.tensor([0.2 * 6, 6.0, 3.0])


def beside(one):
    """Return a term of three jobs where the data term is the one above."""
    n = len(one.weights)
    return one.beside(DATA[:n], GRADIENT[:n])


def norms(images):
    return images.square().sum(dim=(1, 2, 3)).sqrt()


def pull(one, x):
    """Return the value and the gradient of a term that begins here."""
    one = beside(one)
    value, gradient, factor = one.value_and_gradient(x, one.memory(x))
    return value, gradient * factor


def test_a_denoiser_that_changes_nothing_does_not_pull(toy):
    toy(lambda images: images)
    value, gradient = pull(term(renoise=False), centred())
    assert value.abs().max() < 1e-6
    assert norms(gradient).max() < 1e-3


def test_a_denoiser_that_says_next_to_nothing_pulls_less(toy):
    step = torch.tensor([QUIET / 4, QUIET, 4 * QUIET])[:, None, None, None]
    toy(lambda images: images + step * signs)
    signs = (torch.arange(12) % 2 * 2.0 - 1).expand(SHAPE)
    one = term(renoise=False).beside(torch.ones(3), torch.ones(3, *SHAPE))
    x = torch.zeros(3, *SHAPE)
    _, residue, factor = one.value_and_gradient(x, one.memory(x))
    shares = norms(residue * factor) / (5 * 432**0.5)
    torch.testing.assert_close(
        shares, torch.tensor([1 / 4, 1.0, 1.0]), rtol=1e-3, atol=0
    )


def test_a_denoiser_that_always_says_grey_pulls_there(toy):
    toy(lambda images: torch.full_like(images, 128.0))
    x = centred()
    value, gradient = pull(term((1.0, 2.0, 4.0)), x)
    residue = without_coarse(x + MEAN - 128, COARSE)
    pulls = torch.tensor([1.0, 2.0, 4.0]) * STRENGTH
    torch.testing.assert_close(norms(gradient), pulls)
    scale = (pulls / norms(residue))[:, None, None, None]
    torch.testing.assert_close(gradient, scale * residue)
    expected = pulls * norms(residue) / 2
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(beside(term((1.0, 2.0, 4.0))).value(x), expected)


def test_what_the_denoiser_says_of_light_and_colour_is_not_heard(toy):
    toy(lambda images: images + torch.tensor([90.0, -20.0, 5.0])[:, None, None])
    value, gradient = pull(term(renoise=False), centred())
    assert value.abs().max() < 1e-5
    assert norms(gradient).max() < 0.01


def test_gradient_is_that_of_the_value_with_the_denoised_image_held(toy):
    toy(network().double())
    x = centred(1).double().requires_grad_()
    one = beside(term([2.0], SEEDS[:1]))
    memory = one.memory(x.detach())
    _, residue, factor = one.value_and_gradient(x.detach(), memory)
    value = (without_coarse(x - memory[DENOISED], COARSE).square() * factor / 2).sum()
    (expected,) = torch.autograd.grad(value, x)
    torch.testing.assert_close(residue * factor, expected)
    found, _, _ = one.at(1, 10).value_and_gradient(x.detach(), memory)
    torch.testing.assert_close(found, one.at(1, 10).fading * value.detach()[None])


def test_noise_has_the_level_of_the_step_and_the_denoiser_is_told(toy):
    denoise, x = toy(lambda images: images / 2), centred()
    one = beside(term(sigma=(80.0, 20.0)))
    for step in (0, 5, 9):
        one.at(step, 10).value(x)
    levels = (80.0, 40.0, 80 * 0.25**0.9)
    for (images, sigma), level in zip(denoise.asked, levels, strict=True):
        torch.testing.assert_close(sigma, torch.full((3,), level))
        # 432 numbers an image: the deviation of their spread is 3 %.
        spread = (images - x - MEAN).flatten(1).std(dim=1)
        torch.testing.assert_close(spread, sigma, rtol=0.15, atol=0)


def test_noise_level_falls_geometrically_from_first_to_last():
    found = [term().at(step, 100).level for step in range(101)]
    assert found[0] == 60
    assert found[100] == pytest.approx(10)
    ratios = {round(b / a, 9) for a, b in itertools.pairwise(found)}
    assert ratios == {round((1 / 6) ** 0.01, 9)}


def test_weight_falls_on_a_line_to_its_last_share(toy):
    toy(lambda images: torch.zeros_like(images))
    x = centred()
    begun = beside(term()).at(0, 100).value(x)
    for step, share in ((0, 1.0), (50, (1 + LAST) / 2), (100, LAST)):
        found = beside(term()).at(step, 100).value(x)
        torch.testing.assert_close(found, share * begun)


def test_pull_is_a_share_of_the_data_terms_gradient_whatever_its_size(toy):
    toy(network())
    x, size = centred(), torch.tensor([1e-8, 1.0, 1e8])
    for scale in (1e-3, 1.0):
        gradient = GRADIENT * size[:, None, None, None]
        one = term().beside(torch.ones(3), gradient)
        _, residue, factor = one.value_and_gradient(scale * x, one.memory(x))
        torch.testing.assert_close(norms(residue * factor), 5 * norms(gradient))


def test_pull_falls_with_the_root_of_the_code_error_of_each_job(toy):
    toy(lambda images: torch.zeros_like(images))
    x, data = centred(), torch.tensor([0.0081, 1.0, 81.0])
    one = term().beside(data, torch.ones_like(x))
    _, residue, factor = one.value_and_gradient(x, one.memory(x))
    # Code errors of .09, 1 and 9.
    share = torch.tensor([0.3, 1.0, 1.0])
    torch.testing.assert_close(norms(residue * factor), share * 5 * 432**0.5)


def test_without_a_gradient_of_the_code_nothing_pulls(toy):
    toy(lambda images: torch.zeros_like(images))
    one = term().beside(DATA, torch.zeros_like(GRADIENT))
    _, residue, factor = one.value_and_gradient(centred(), one.memory(centred()))
    assert residue.any()
    assert not (residue * factor).any()


def test_a_term_that_was_not_told_of_the_data_term_says_so(toy):
    toy(lambda images: images)
    with pytest.raises(ValueError, match="`beside` must say what the data term is"):
        term().value(centred())


def test_objective_weighs_it_against_the_code_alone(toy):
    toy(lambda images: torch.zeros_like(images))
    x, aim = centred(), aim_at(SEEDS)
    told = aim.data.value_and_gradient(x + MEAN)
    expected = aim.priors["denoiser"].beside(*told).value(x)
    assert (expected > 0).all()
    with_gradient, gradient = aim.terms_and_gradient(x)
    for terms in (aim.terms(x), with_gradient):
        torch.testing.assert_close(terms["denoiser"], expected)
    without, _ = aim.priors["tv"], aim.priors["denoiser"]
    _, of_tv, factor = without.value_and_gradient(x, {})
    pulled = gradient - told[1] - of_tv * factor
    share = 0.5 * told[0].clamp(max=1) ** 0.25
    torch.testing.assert_close(norms(pulled), share * norms(told[1]))


def test_without_renoising_the_denoiser_sees_the_image_itself(toy):
    denoise, x = toy(lambda images: images / 2), centred()
    beside(term(renoise=False)).value(x)
    assert torch.equal(denoise.asked[0][0], x + MEAN)


def test_denoiser_runs_at_every_kth_step_and_pulls_to_the_same_place_between(toy):
    denoise, x = toy(lambda images: images / 2), centred()
    one = beside(term(denoise_every=3))
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
    expected = without_coarse(x - kept[6], COARSE)
    torch.testing.assert_close(residue, expected)
    expected = last.fading * 5 * STRENGTH * norms(expected) / 2
    torch.testing.assert_close(value, expected)


def test_company_and_place_in_the_batch_change_no_byte(toy):
    toy(network())
    x = centred()
    value, gradient = pull(term().at(4, 10), x)
    order = [2, 0, 1]
    turned = term(seeds=[SEEDS[i] for i in order]).at(4, 10)
    turned = turned.beside(DATA[order], GRADIENT[order])
    other_value, other, factor = turned.value_and_gradient(x[order], turned.memory(x))
    other *= factor
    assert torch.equal(other, gradient[order])
    assert torch.equal(other_value, value[order])
    others = centred(seed=7)
    others[1] = x[0]
    company = term((1.0, 5.0, 0.0), ["x:8", SEEDS[0], "y:9"]).at(4, 10)
    company = company.beside(DATA[[2, 0, 1]], GRADIENT[[2, 0, 1]])
    value_there, there, factor = company.value_and_gradient(others, company.memory(x))
    assert torch.equal((there * factor)[1], gradient[0])
    assert torch.equal(value_there[1], value[0])


def test_noise_comes_from_seed_image_and_step_alone(toy):
    denoise, x = toy(lambda images: images), centred(1)
    for seed, step in [("a:0", 2), ("a:0", 2), ("a:1", 2), ("b:0", 2), ("a:0", 4)]:
        torch.manual_seed(len(denoise.asked))
        beside(term([1.0], [seed], sigma=(9.0, 9.0))).at(step, 10).value(x)
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
        ({"denoise_every": 0}, "`denoise_every` must be at least 1, got 0"),
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


def test_priors_with_another_denoiser_or_other_levels_share_no_batch():
    other = WeightsFile(FILE.path, "1" * 64)
    moved = WeightsFile(Path("elsewhere"), FILE.sha256)
    assert prior().form == prior(moved).form == prior(weight=2.0).form
    assert prior(other).form != prior().form
    assert prior(sigma=(50.0, 10.0)).form != prior().form
    assert pickle.loads(pickle.dumps(prior())).form == prior().form
