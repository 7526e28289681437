"""Numbers of priors and solvers: what depends on the layer is worked out."""

from itertools import pairwise

import pytest
from pydantic import TypeAdapter
from stages.plan.depth import SolverChoice, solver_choice, weights
from tests.test_grid import HOG, cell, expanded, parts, resolved_prior

from stages.images import reference_norm
from stages.params import ByDepth, FastSettings, PaperSettings, PriorSettings
from stages.params.representations import CaffenetSettings, HogSettings
from stages.plan.representations import representation
from stages.preimage import Prior, ijcv_prior
from stages.preimage.momentum import SCHEDULES
from stages.preimage.solvers import FAST_RATES, FAST_SMOOTHING
from stages.representations.caffenet import LAYERS
from stages.representations.selection import Selection

NETWORK = CaffenetSettings(kind="caffenet", weights="random")


@pytest.mark.parametrize("size", [32, 40])
def test_alpha_weight_auto_is_the_papers_constant_times_the_norm_to_the_fourth(size):
    settings = HogSettings(kind="hog", side=size)
    # s^2 = 68.92^2 h w, of grey images.
    expected = 4e-10 * (68.92**2 * size * size) ** 2
    found = resolved_prior(PriorSettings(lambda_alpha="auto"), settings)
    assert found.lambda_alpha == pytest.approx(expected)
    assert (found.alpha, found.lambda_tv) == (6, 0)


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0, 3.0])
def test_tv_weight_by_depth_is_a_half_for_one_layer_scaled_with_beta(beta):
    found = resolved_prior(PriorSettings(beta=beta, lambda_tv="by-depth"))
    s = reference_norm((1, 40, 40))
    assert found.lambda_tv == pytest.approx(0.5 * s ** (beta - 2))
    assert found.beta == beta


def test_tv_weight_by_depth_rises_over_thirds_of_the_layers(monkeypatch):
    layers = ("a", "b", "c", "d", "e", "f")
    phi = representation(HOG)
    monkeypatch.setattr(phi, "layers", layers)
    chosen = parts(priors={"p": PriorSettings(lambda_tv="by-depth")})
    found = expanded(chosen, prior="p")
    assert [item.weights.lambda_tv for item in found] == [0.5, 0.5, 5, 5, 50, 50]
    assert [item.layer for item in found] == list(layers)


def test_given_weights_stay_as_they_are():
    prior = PriorSettings(alpha=3, lambda_alpha=8e-10, beta=1, lambda_tv=2)
    assert resolved_prior(prior) == Prior(3, 8e-10, 1, 2)


@pytest.mark.parametrize("name", ["hog", "dsift"])
@pytest.mark.parametrize("region", ["all", {"centre": 1}])
def test_schedule_auto_is_that_of_descriptors(name, region):
    found = cell(representation=name, region=region, solver="paper").choice
    # 4 legs of 200 steps.
    assert found == SolverChoice("paper", 800, schedule=SCHEDULES["descriptors"])


@pytest.mark.parametrize(
    ("schedule", "steps", "legs"),
    [
        ("cnn", 400, SCHEDULES["cnn"]),
        ("region", 600, SCHEDULES["region"]),
        ([[3, 1], [2, 0.1]], 5, ((3, 1.0), (2, 0.1))),
    ],
)
def test_other_schedules_are_taken_as_written(schedule, steps, legs):
    form = TypeAdapter(PaperSettings)
    solver = form.validate_python({"kind": "paper", "schedule": schedule})
    found = cell(chosen=parts(solvers={"s": solver}), solver="s").choice
    assert found == SolverChoice("paper", steps, schedule=legs)


def solver(**keys):
    form = TypeAdapter(FastSettings).validate_python({"kind": "fast", **keys})
    return cell(chosen=parts(solvers={"s": form}), solver="s").choice


def test_the_fast_solver_takes_what_suits_the_layer_where_nothing_is_said():
    # A representation of one layer has no depth.
    assert solver(steps=12) == SolverChoice(
        "fast", 12, rate=FAST_RATES["pixels"], smoothing=FAST_SMOOTHING
    )
    assert solver(steps=12, rate=3, smoothing=0) == SolverChoice(
        "fast", 12, rate=3.0, smoothing=0.0
    )


def rates(**options):
    settings, phi = FastSettings(kind="fast", **options), representation(NETWORK)
    choices = [solver_choice(settings, phi, layer, Selection()) for layer in LAYERS]
    return [choice.rate for choice in choices]


def test_the_rate_falls_with_the_depth_of_a_network():
    found = rates(steps=200)
    # norm1, relu2, relu4 and fc8 are at 3, 5, 11 and 19 of 19.
    shares = {3: 12.5 * 19 / 3 + 4, 5: 51.5, 11: 12.5 * 19 / 11 + 4, 19: 16.5}
    assert {i: found[i] for i in shares} == pytest.approx(shares)
    assert found[0] == found[1] == 128
    assert all(deep <= shallow for shallow, deep in pairwise(found))


@pytest.mark.parametrize(("steps", "share"), [(50, 0.5), (400, 2**0.5), (900, 2**0.5)])
def test_a_short_run_takes_shorter_steps_than_a_long_one(steps, share):
    expected = [share * rate for rate in rates(steps=200)]
    assert rates(steps=steps) == pytest.approx(expected)


def test_other_parameterisations_keep_their_rate_at_all_depths():
    settings = FastSettings(kind="fast", parameterisation="fourier")
    phi = representation(NETWORK)
    found = {solver_choice(settings, phi, layer, Selection()).rate for layer in LAYERS}
    assert found == {FAST_RATES["fourier"]}


@pytest.mark.parametrize("name", FAST_RATES)
def test_a_parameterisation_brings_its_own_rate(name):
    found = solver(steps=5, parameterisation=name)
    assert (found.rate, found.parameterisation) == (FAST_RATES[name], name)


def test_jitter_is_a_quarter_of_the_stride_or_as_written():
    # HOG's cells are 8 pixels wide.
    assert resolved_prior(PriorSettings(jitter="auto")).jitter == 2
    assert resolved_prior(PriorSettings(jitter=5)).jitter == 5


def test_priors_of_the_journal_are_for_the_shape():
    found = resolved_prior(PriorSettings(ijcv=20, jitter=1))
    assert found == ijcv_prior((1, 40, 40), 20, jitter=1)


def lambda_tv(layer, **keys):
    return weights(PriorSettings(**keys), representation(NETWORK), 64, layer).lambda_tv


def test_the_published_weights_change_after_six_and_twelve_layers():
    found = [lambda_tv(layer, lambda_tv="by-depth") for layer in LAYERS]
    assert found == 6 * [0.5] + 6 * [5.0] + 8 * [50.0]


def test_three_weights_are_those_of_the_thirds():
    found = [lambda_tv(layer, lambda_tv=(3, 2, 1)) for layer in LAYERS]
    assert found == 6 * [3] + 6 * [2] + 8 * [1]


def test_weights_by_depth_may_be_scaled():
    tenth = ByDepth(**{"by-depth": 0.1})
    assert lambda_tv("relu2", lambda_tv=tenth) == pytest.approx(0.05)
    assert lambda_tv("fc8", lambda_tv=tenth) == pytest.approx(5.0)
