"""Published sets of priors against their formulas, on an image."""

import math
from pathlib import Path

import pytest
import torch

from stages.images import reference_norm
from stages.preimage import invert
from stages.preimage.data_term import data_term
from stages.preimage.objective import objective
from stages.preimage.prior_sets import (
    ijcv_prior,
    light_prior,
    natural_prior,
    with_denoiser,
)
from stages.representations.definition import WeightsFile

SHAPE = (3, 8, 6)


def terms(prior, image):
    aim = objective(
        data_term(lambda images: images.mean(dim=(2, 3)), torch.ones(1, 3)),
        [prior],
        mean=torch.zeros(3, 1, 1),
        norm=reference_norm(SHAPE),
    )
    return aim.terms(image)


def test_ijcv_priors_follow_the_formula():
    image = 60 * torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(0))
    weighted = terms(ijcv_prior(SHAPE, code_weight=20.0), image)
    colour = image[0].square().sum(dim=0).sqrt()
    bounded = (colour / 80).pow(6).mean() / 20
    dx, dy = image.diff(dim=-1), image.diff(dim=-2)
    steep = (dx.square().sum() + dy.square().sum()) / (80 / 6.5) ** 2 / 48 / 20
    assert weighted["alpha"].item() == pytest.approx(bounded.item(), rel=1e-4)
    assert weighted["tv"].item() == pytest.approx(steep.item(), rel=1e-4)


def test_the_papers_alpha_norm_has_one_weight_in_pixels():
    image = 60 * torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(0))
    weighted = terms(natural_prior(SHAPE), image)
    expected = 4e-10 * image.pow(6).sum() / reference_norm(SHAPE) ** 2
    assert weighted["alpha"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_learned_prior_stands_beside_the_classical_one(tmp_path):
    file = WeightsFile(tmp_path / "denoiser.safetensors", "0" * 64)
    numbers = with_denoiser(light_prior(0.1), file, 3.0).numbers()
    assert (numbers["lambda_tv"], numbers["lambda_denoiser"]) == (0.1, 3.0)
    assert numbers["denoiser"] == file
    assert numbers["sigma"] == (60.0, 5.0)
    assert (numbers["denoise_every"], numbers["renoise"]) == (2, 1.0)
    assert numbers["longest_wave"] == 32


def test_the_light_prior_is_total_variation_alone():
    image = 60 * torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(0))
    light, whole = terms(light_prior(), image), terms(natural_prior(SHAPE), image)
    assert light["alpha"].item() == 0
    assert light["tv"].item() == whole["tv"].item() > 0


@pytest.mark.parametrize(("solver", "bounded"), [("fast", False), ("paper", True)])
def test_only_a_solver_that_may_leave_the_range_is_held_in_it_by_a_prior(
    solver, bounded
):
    blur = torch.nn.AvgPool2d(4)
    image = torch.linspace(0, 255, 16).expand(3, 16, 16)
    found = invert(blur, blur(image[None]), shape=(3, 16, 16), solver=solver)
    assert bool((found.trace.terms["alpha"] > 0).all()) == bounded


@pytest.mark.parametrize("weight", [-5.0, math.nan, math.inf])
def test_a_weight_of_a_denoiser_that_is_none_is_refused(weight):
    file = WeightsFile(Path("denoiser.safetensors"), "0" * 64)
    with pytest.raises(ValueError, match=f"`weight` must be .* got {weight}"):
        with_denoiser(light_prior(), file, weight)
