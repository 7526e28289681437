"""`invert`, the library's front door: it does the job and its errors help."""

import doctest
import inspect
from pathlib import Path

import pytest
import torch

from stages.preimage import Options, Prior, fast, inversion, invert, paper

README = Path(__file__).parents[2] / "README.md"

GENERATOR = torch.Generator().manual_seed(0)
IMAGE = 255 * torch.rand(3, 16, 16, generator=GENERATOR)
WEIGHTS = torch.linalg.qr(torch.randn(768, 768, generator=GENERATOR))[0]


def linear(images):
    """An invertible linear code: a rotation of all pixels."""
    return images.flatten(1) @ WEIGHTS


def test_an_invertible_code_gives_the_image_back():
    target = linear(IMAGE[None])
    result = invert(linear, target, shape=(3, 16, 16), seed=0, prior=Prior())
    assert result.preimage.shape == (1, 3, 16, 16)
    assert (result.preimage[0] - IMAGE).abs().max() < 2.0
    assert result.code_error.item() < 0.01
    assert result.outcomes[0].status == "done"


def test_the_shape_of_the_target_is_the_shape_of_the_result():
    plain = invert(
        linear, linear(IMAGE[None])[0], shape=(3, 16, 16), solver=fast(steps=2)
    )
    assert plain.preimage.shape == (3, 16, 16)
    pair = torch.stack([IMAGE, 255 - IMAGE])
    both = invert(linear, linear(pair), shape=(3, 16, 16), solver=fast(steps=2))
    assert both.preimage.shape == (2, 3, 16, 16)


def test_several_seeds_of_one_target_give_several_preimages():
    target = linear(IMAGE[None])
    result = invert(
        linear, target, shape=(3, 16, 16), seed=[0, 1, 2], solver=fast(steps=5)
    )
    assert result.preimage.shape == (3, 3, 16, 16)
    assert not torch.equal(result.preimage[0], result.preimage[1])
    alone = invert(linear, target, shape=(3, 16, 16), seed=1, solver=fast(steps=5))
    assert (alone.preimage[0] - result.preimage[1]).abs().max() < 0.01


def test_the_trace_ends_with_the_code_error():
    result = invert(
        linear, linear(IMAGE[None]), shape=(3, 16, 16), solver=fast(steps=20)
    )
    assert result.trace.steps[-1] == 20
    assert len(result.trace.steps) == len(result.trace.objective)
    torch.testing.assert_close(result.trace.terms["data"][-1].sqrt(), result.code_error)


def test_paper_solver_runs_its_schedule_and_tells_each_step():
    told = []
    target = linear(IMAGE[None])
    invert(
        linear,
        target,
        shape=(3, 16, 16),
        solver="paper",
        on_step=lambda step, n_steps: told.append((step, n_steps)),
    )
    assert told[0] == (1, 400)
    assert told[-1] == (400, 400)


def test_float64_is_kept():
    weights = WEIGHTS.double()
    target = IMAGE.double()[None].flatten(1) @ weights
    result = invert(
        lambda x: x.flatten(1) @ weights,
        target,
        shape=(3, 16, 16),
        solver=fast(steps=3),
    )
    assert result.preimage.dtype == torch.float64


def test_a_mask_leaves_the_rest_to_the_prior():
    def pixels(images):
        return images

    mask = torch.zeros(3, 16, 16)
    mask[:, :8] = 1
    prior = Prior(lambda_tv=0.01)
    result = invert(
        pixels, IMAGE[None], shape=(3, 16, 16), prior=prior, options=Options(mask)
    )
    inside = (result.preimage[0, :, :7] - IMAGE[:, :7]).abs().mean()
    outside = result.preimage[0, :, 10:].std()
    assert inside < 10
    assert outside < 20  # the original: 74


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"solver": "quick"}, r"`solver` must be one of fast, paper; got 'quick'"),
        (
            {"solver": paper(), "options": Options(precision=torch.bfloat16)},
            r"`precision` belongs to fast, got torch.bfloat16",
        ),
        ({"seed": []}, r"`seed` must be a seed or a list of at least one, got none"),
        ({"options": Options(mean=[1.0, 2.0])}, r"`mean` must have 3 values, got 2"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        invert(linear, linear(IMAGE[None]), shape=(3, 16, 16), **arguments)


def test_a_code_of_one_number_is_inverted_also_without_gradients_around():
    def brightness(images):
        return images.mean(dim=(1, 2, 3))

    with torch.no_grad():
        target = torch.tensor([90.0])
        result = invert(brightness, target, shape=(1, 16, 16), solver=fast(steps=100))
    assert result.preimage.mean().item() == pytest.approx(90, abs=1)


def test_a_mask_of_another_shape_is_refused():
    target = linear(IMAGE[None])
    with pytest.raises(ValueError, match=r"shape of one code, \(768,\), got \(1,\)"):
        invert(linear, target, shape=(3, 16, 16), options=Options(torch.ones(1)))


def test_seeds_must_fit_the_targets():
    pair = linear(torch.stack([IMAGE, IMAGE]))
    with pytest.raises(ValueError, match=r"one a target \(2\), got 3"):
        invert(linear, pair, shape=(3, 16, 16), seed=[0, 1, 2])


def test_a_target_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"must have the shape of phi\(images\)"):
        invert(linear, torch.ones(1, 5), shape=(3, 16, 16))


def test_the_example_of_the_docstring_runs():
    text = inspect.getdoc(inversion.invert)
    example = doctest.DocTestParser().get_doctest(text, {}, "invert", None, 0)
    assert len(example.examples) >= 5
    told = []
    doctest.DocTestRunner().run(example, out=told.append)
    assert told == []


def test_the_example_of_the_readme_runs():
    section = README.read_text().split("## As a library")[1]
    names = {}
    exec(section.split("```python")[1].split("```")[0], names)
    assert names["result"].preimage.shape == (1, 3, 64, 64)
    assert names["result"].code_error < 0.2


def test_it_has_at_most_eight_parameters():
    assert len(inspect.signature(inversion.invert).parameters) <= 8


def test_a_module_is_left_as_it_was():
    phi = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.Dropout(0))
    target = phi(IMAGE[None]).detach()
    invert(phi, target, shape=(3, 16, 16), solver=fast(steps=2))
    assert type(phi[0]) is torch.nn.Conv2d
    assert all(one.requires_grad and one.grad is None for one in phi.parameters())
    assert phi.training


def test_a_module_and_a_function_of_it_give_the_same_preimage():
    phi = torch.nn.Conv2d(3, 8, 3, stride=2)
    results = [
        invert(one, phi(IMAGE[None]), shape=(3, 16, 16), solver=fast(steps=5))
        for one in (phi, lambda images: phi(images))
    ]
    first, second = (result.preimage for result in results)
    assert (first - second).abs().max() < 0.5
