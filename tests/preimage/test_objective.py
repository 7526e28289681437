"""The objective against sums written out, one job at a time."""

import pytest
import torch

from stages.preimage.data_term import data_term
from stages.preimage.objective import objective
from stages.preimage.priors import Prior

MEAN = torch.full((1, 1, 1), 100.0)


def double(images):
    return 2 * images


def make(targets, priors, masks=None, phi=double):
    data = data_term(phi, targets, masks=masks)
    return objective(data, priors, mean=MEAN, norm=10.0)


def test_terms_of_known_values():
    # phi(x + 100) = 202, 204; target 200, 200: d = 2, 4.
    # data = (4 + 16) / (2 * 40000) = 0.00025
    # alpha = 3 * ((1/10)^2 + (2/10)^2) = 0.15;  tv = 5 * (2 - 1)^2 / 10^2 = 0.05
    x = torch.tensor([[[[1.0, 2.0]]]])
    prior = Prior(alpha=2, lambda_alpha=3, beta=2, lambda_tv=5)
    terms = make(torch.full((1, 1, 1, 2), 200.0), [prior]).terms(x)
    assert list(terms) == ["data", "alpha", "tv", "denoiser"]
    torch.testing.assert_close(terms.stacked().tolist(), [[0.00025, 0.15, 0.05, 0.0]])
    torch.testing.assert_close(terms.total.item(), 0.20025)


def test_every_job_has_its_own_weights():
    x = torch.tensor([[[[1.0, 2.0]]]] * 3)
    weights = [Prior(2, 3.0, 2, 5.0), Prior(2, 0.0, 2, 10.0), Prior(2, 6.0, 2, 0.0)]
    terms = make(torch.full((3, 1, 1, 2), 200.0), weights).terms(x)
    torch.testing.assert_close(terms["alpha"].tolist(), [0.15, 0.0, 0.30])
    torch.testing.assert_close(terms["tv"].tolist(), [0.05, 0.10, 0.0])


def test_weight_zero_gives_zero_however_large_the_image():
    x = torch.full((2, 1, 1, 2), 1e12)
    priors = [Prior(6, 0.0), Prior(6, 1.0)]
    terms = make(torch.ones(2, 1, 1, 2), priors).terms(x)
    assert terms["alpha"][0] == 0
    assert terms["alpha"][1] == torch.inf


def test_jobs_with_other_exponents_are_refused():
    with pytest.raises(ValueError, match=r"`priors` must share alpha, beta"):
        make(torch.ones(2, 1, 1, 2), [Prior(beta=1), Prior(beta=2)])


def test_smoothing_falls_geometrically_to_each_jobs_own_weight():
    weights = [0.0, 0.2, 20.0, 100.0]
    aim = objective(
        data_term(lambda images: images, torch.ones(4, 1, 4, 4)),
        [Prior(lambda_tv=weight) for weight in weights],
        mean=torch.zeros(1, 1, 1),
        norm=100.0,
    )
    assert aim.smoothed(20.0, 0.0).priors["tv"].weights.tolist() == pytest.approx(
        [0, 20, 20, 100]
    )
    # Half way: the geometric mean of 20 and 0.2 is 2.
    assert aim.smoothed(20.0, 0.5).priors["tv"].weights.tolist() == pytest.approx(
        [0, 2, 20, 100]
    )
    assert aim.smoothed(20.0, 1.0) is aim
    assert aim.smoothed(0.0, 0.5) is aim


def test_smoothing_leaves_tv_of_long_waves_as_it_is():
    aim = make(torch.ones(1, 1, 4, 4), [Prior(lambda_tv=0.2, longest_wave=4.0)])
    assert aim.smoothed(20.0, 0.5) is aim


def by_autograd(aim, x):
    x = x.clone().requires_grad_()
    terms = aim.terms(x)
    (gradient,) = torch.autograd.grad(terms.total.sum(), x)
    return terms.stacked(), gradient


def mixed(phi, form, masked=False):
    """Return an objective in float64 whose jobs weigh the priors differently."""
    generator = torch.Generator().manual_seed(0)
    draw = torch.rand(4, 2, 5, 4, generator=generator, dtype=torch.float64)
    weights = [(0.0, 0.0), (3.0, 0.0), (0.0, 5.0), (2.0, 7.0)]
    priors = [Prior(lambda_alpha=a, lambda_tv=t, **form) for a, t in weights]
    mean = torch.full((2, 1, 1), 0.3, dtype=torch.float64)
    masks = draw.flip(0) if masked else None
    aim = objective(data_term(phi, phi(draw), masks=masks), priors, mean=mean, norm=1.3)
    return aim, draw.flip(1) - 0.5


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("form", [{}, {"alpha": 3, "beta": 1}, {"of_colours": True}])
def test_the_gradient_is_that_of_autograd(form, masked):
    aim, x = mixed(lambda images: images.square().sin(), form, masked)
    expected_terms, expected = by_autograd(aim, x)
    terms, gradient = aim.terms_and_gradient(x)
    torch.testing.assert_close(terms.stacked(), expected_terms)
    torch.testing.assert_close(gradient, expected)


def test_the_gradient_of_a_batch_is_that_of_each_job_alone():
    aim, x = mixed(torch.sin, {})
    _, together = aim.terms_and_gradient(x)
    for i in range(len(x)):
        prior = Prior(
            lambda_alpha=float(aim.priors["alpha"].weights[i]),
            lambda_tv=float(aim.priors["tv"].weights[i]),
        )
        one = slice(i, i + 1)
        alone = objective(
            data_term(torch.sin, aim.data.targets[one]),
            [prior],
            mean=aim.mean,
            norm=1.3,
        )
        torch.testing.assert_close(alone.terms_and_gradient(x[one])[1], together[one])


def test_the_gradient_of_weight_zero_is_zero_however_large_the_image():
    x = torch.full((2, 1, 1, 2), 1e12)
    aim = make(torch.ones(2, 1, 1, 2), [Prior(6, 0.0), Prior(6, 1.0)], phi=torch.sin)
    terms, gradient = aim.terms_and_gradient(x)
    assert (terms["alpha"][0], terms["alpha"][1]) == (0, torch.inf)
    assert torch.isfinite(gradient[0]).all()
