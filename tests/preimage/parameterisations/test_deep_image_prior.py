"""Deep Image Prior: a network a job, in the pixel range, that learns its image."""

import pytest
import torch

from stages.preimage import fast, invert
from stages.preimage.parameterisations.deep_image_prior import DeepImagePrior
from stages.preimage.priors import Prior
from stages.preimage.start import noise

SHAPE = (3, 20, 16)
LOW, HIGH = torch.full((3, 1, 1), -100.0), torch.full((3, 1, 1), 155.0)


def starts(n):
    return torch.stack([noise(SHAPE, seed) for seed in range(n)])


def test_images_are_in_range_and_differ_by_their_noise():
    prior = DeepImagePrior(LOW, HIGH, SHAPE)
    images = prior.images(prior.variables(starts(2)))
    assert images.shape == (2, *SHAPE)
    assert images.min() > -100
    assert images.max() < 155
    assert not torch.allclose(images[0], images[1], atol=1.0)


def test_a_job_does_not_depend_on_its_company():
    prior = DeepImagePrior(LOW, HIGH, SHAPE)
    variables = prior.variables(starts(3))
    changed = variables.clone()
    changed[0] *= 2
    assert torch.equal(prior.images(changed)[1:], prior.images(variables)[1:])


@pytest.mark.parametrize("side", range(27, 33))
def test_bits_do_not_depend_on_the_place_in_the_batch(side):
    shape = (1, side, side)
    prior = DeepImagePrior(LOW[:1], HIGH[:1], shape)
    variables = prior.variables(torch.stack([noise(shape, s) for s in range(3)]))
    backwards = prior.images(variables.flip(0)).flip(0)
    assert torch.equal(prior.images(variables), backwards)


def test_the_noise_has_no_gradient_and_the_weights_have():
    prior = DeepImagePrior(LOW, HIGH, SHAPE)
    variables = prior.variables(starts(2)).requires_grad_()
    (gradient,) = torch.autograd.grad(prior.images(variables).square().sum(), variables)
    n_noise = 3 * 20 * 16
    assert (gradient[:, -n_noise:] == 0).all()
    assert (gradient[:, :-n_noise] != 0).float().mean() > 0.5


def test_the_random_state_of_the_user_is_left_alone():
    torch.manual_seed(5)
    DeepImagePrior(LOW, HIGH, SHAPE)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), after)


def test_it_finds_an_image():
    smooth = torch.linspace(20, 200, 16).expand(3, 20, 16)[None]
    result = invert(
        lambda images: images,
        smooth,
        shape=SHAPE,
        solver=fast(steps=120, parameterisation="deep-image-prior"),
        prior=Prior(),
    )
    assert result.code_error.item() < 0.1
    first = result.trace.terms["data"][0].sqrt()
    assert result.code_error < first / 3
