"""The objective against sums written out, one job at a time."""

from functools import partial

import pytest
import torch

from stages.preimage.objective import objective
from stages.preimage.priors import Prior

MEAN = torch.full((1, 1, 1), 100.0)


def double(images):
    return 2 * images


def make(targets, priors, masks=None, phi=double):
    return objective(phi, targets, priors, mean=MEAN, norm=10.0, masks=masks)


def test_terms_of_known_values():
    # phi(x + 100) = 202, 204; target 200, 200: d = 2, 4.
    # data = (4 + 16) / (2 * 40000) = 0.00025
    # alpha = 3 * ((1/10)^2 + (2/10)^2) = 0.15;  tv = 5 * (2 - 1)^2 / 10^2 = 0.05
    x = torch.tensor([[[[1.0, 2.0]]]])
    prior = Prior(alpha=2, lambda_alpha=3, beta=2, lambda_tv=5)
    terms = make(torch.full((1, 1, 1, 2), 200.0), [prior]).terms(x)
    torch.testing.assert_close(
        torch.stack(terms).flatten().tolist(), [0.00025, 0.15, 0.05]
    )
    torch.testing.assert_close(terms.total.item(), 0.20025)


def test_every_job_has_its_own_weights():
    x = torch.tensor([[[[1.0, 2.0]]]] * 3)
    weights = [Prior(2, 3.0, 2, 5.0), Prior(2, 0.0, 2, 10.0), Prior(2, 6.0, 2, 0.0)]
    terms = make(torch.full((3, 1, 1, 2), 200.0), weights).terms(x)
    torch.testing.assert_close(terms.alpha.tolist(), [0.15, 0.0, 0.30])
    torch.testing.assert_close(terms.tv.tolist(), [0.05, 0.10, 0.0])


def test_a_mask_bounds_the_data_term_and_its_normaliser():
    # Only the second entry counts: d = 4, data = 16 / 40000.
    x = torch.tensor([[[[1.0, 2.0]]]])
    masks = torch.tensor([[[[0.0, 1.0]]]])
    terms = make(torch.full((1, 1, 1, 2), 200.0), [Prior()], masks).terms(x)
    torch.testing.assert_close(terms.data.item(), 16 / 40000)


def test_excluded_entries_have_exactly_zero_gradient():
    x = torch.randn(1, 1, 1, 2, requires_grad=True)
    masks = torch.tensor([[[[0.0, 1.0]]]])
    make(torch.rand(1, 1, 1, 2), [Prior()], masks).data_term(x).sum().backward()
    assert x.grad[0, 0, 0, 0] == 0
    assert x.grad[0, 0, 0, 1] != 0


def test_a_zero_target_gives_the_mean_square():
    # d = 202, 204 against 0: mean square.
    x = torch.tensor([[[[1.0, 2.0]]]])
    data = make(torch.zeros(1, 1, 1, 2), [Prior()]).data_term(x)
    torch.testing.assert_close(data.item(), (202.0**2 + 204.0**2) / 2)


def test_weight_zero_gives_zero_however_large_the_image():
    x = torch.full((2, 1, 1, 2), 1e12)
    priors = [Prior(6, 0.0), Prior(6, 1.0)]
    terms = make(torch.ones(2, 1, 1, 2), priors).terms(x)
    assert terms.alpha[0] == 0
    assert terms.alpha[1] == torch.inf


def test_jobs_with_other_exponents_are_refused():
    with pytest.raises(ValueError, match=r"`priors` must share alpha, beta"):
        make(torch.ones(2, 1, 1, 2), [Prior(beta=1), Prior(beta=2)])


def test_a_tuple_as_code_is_refused():
    problem = make(torch.ones(1, 1, 1, 2), [Prior()], phi=lambda x: (x, x))
    with pytest.raises(TypeError, match=r"`phi` must return one tensor, got tuple"):
        problem.data_term(torch.zeros(1, 1, 1, 2))


def test_a_target_of_another_shape_is_refused():
    problem = make(torch.ones(1, 3), [Prior()])
    with pytest.raises(ValueError, match=r"\(1, 1, 1, 2\), got \(1, 3\)"):
        problem.data_term(torch.zeros(1, 1, 1, 2))


def test_smoothing_falls_geometrically_to_each_jobs_own_weight():
    weights = [0.0, 0.2, 20.0, 100.0]
    aim = objective(
        lambda images: images,
        torch.ones(4, 1, 4, 4),
        [Prior(lambda_tv=weight) for weight in weights],
        mean=torch.zeros(1, 1, 1),
        norm=100.0,
    )
    assert aim.smoothed(20.0, 0.0).lambda_tv.tolist() == pytest.approx([0, 20, 20, 100])
    # Half way: the geometric mean of 20 and 0.2 is 2.
    assert aim.smoothed(20.0, 0.5).lambda_tv.tolist() == pytest.approx([0, 2, 20, 100])
    assert aim.smoothed(20.0, 1.0) is aim
    assert aim.smoothed(0.0, 0.5) is aim


def by_autograd(aim, x):
    x = x.clone().requires_grad_()
    terms = aim.terms(x)
    (gradient,) = torch.autograd.grad(terms.total.sum(), x)
    return [term.detach() for term in terms], gradient


def mixed(phi, form, masked=False):
    """Return an objective in float64 whose jobs weigh the priors differently."""
    generator = torch.Generator().manual_seed(0)
    draw = torch.rand(4, 2, 5, 4, generator=generator, dtype=torch.float64)
    weights = [(0.0, 0.0), (3.0, 0.0), (0.0, 5.0), (2.0, 7.0)]
    priors = [Prior(lambda_alpha=a, lambda_tv=t, **form) for a, t in weights]
    mean = torch.full((2, 1, 1), 0.3, dtype=torch.float64)
    masks = draw.flip(0) if masked else None
    aim = objective(phi, phi(draw), priors, mean=mean, norm=1.3, masks=masks)
    return aim, draw.flip(1) - 0.5


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("form", [{}, {"alpha": 3, "beta": 1}, {"of_colours": True}])
def test_the_slope_is_that_of_autograd(form, masked):
    aim, x = mixed(lambda images: images.square().sin(), form, masked)
    expected_terms, expected = by_autograd(aim, x)
    terms, gradient = aim.slope(x)
    torch.testing.assert_close(list(terms), expected_terms)
    torch.testing.assert_close(gradient, expected)


def test_the_slope_of_a_batch_is_that_of_each_job_alone():
    aim, x = mixed(torch.sin, {})
    _, together = aim.slope(x)
    for i in range(len(x)):
        prior = Prior(
            lambda_alpha=float(aim.lambda_alpha[i]), lambda_tv=float(aim.lambda_tv[i])
        )
        one = slice(i, i + 1)
        alone = objective(torch.sin, aim.targets[one], [prior], mean=aim.mean, norm=1.3)
        torch.testing.assert_close(alone.slope(x[one])[1], together[one])


def test_the_slope_of_a_code_of_one_number_an_image():
    aim = objective(
        lambda images: images.sum(dim=(1, 2, 3)),
        torch.tensor([2.0, 4.0]),
        [Prior()] * 2,
        mean=torch.zeros(1, 1, 1),
        norm=1.0,
    )
    # d (s - t)^2 / t^2 = 2 (s - t) / t^2 with s = 4: 2 * 2 / 4 and 0.
    _, gradient = aim.slope(torch.ones(2, 1, 2, 2))
    assert gradient[:, 0, 0, 0].tolist() == [1.0, 0.0]


def test_the_slope_of_weight_zero_is_zero_however_large_the_image():
    x = torch.full((2, 1, 1, 2), 1e12)
    aim = make(torch.ones(2, 1, 1, 2), [Prior(6, 0.0), Prior(6, 1.0)], phi=torch.sin)
    terms, gradient = aim.slope(x)
    assert (terms.alpha[0], terms.alpha[1]) == (0, torch.inf)
    assert torch.isfinite(gradient[0]).all()


def test_in_a_lower_precision_the_code_is_rounded_and_the_rest_is_not():
    # Only convolutions and products are rounded: 1 + 2^-9 becomes 1 in bfloat16.
    weight = torch.full((1, 1, 1, 1), 1 + 2**-9)
    make = partial(objective, mean=MEAN, norm=10.0)
    phi, targets = partial(torch.conv2d, weight=weight), torch.zeros(1, 1, 1, 2)
    x = torch.zeros(1, 1, 1, 2)
    exact = make(phi, targets, [Prior(lambda_tv=1.0)], precision=torch.bfloat16)
    hurried = exact.hurried()
    assert exact.data_term(x).item() == pytest.approx(100**2 * (1 + 2**-9) ** 2)
    assert hurried.data_term(x).item() == 100**2
    assert hurried.data_term(x).dtype == torch.float32
    assert hurried.terms(x + 0.25).tv == exact.terms(x + 0.25).tv


def test_in_float32_nothing_is_hurried():
    plain = make(torch.rand(1, 1, 1, 2), [Prior()])
    assert plain.hurried() is plain
