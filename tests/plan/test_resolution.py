"""Numbers of priors and solvers: what depends on the layer is worked out."""

from itertools import pairwise

import pytest

from stages.images import reference_norm
from stages.params.methods import ByDepth, FastSettings, PaperSettings, PriorSettings
from stages.params.representations import CaffenetSettings
from stages.plan.longest_wave import longest_wave
from stages.plan.representations import definition
from stages.plan.resolution import by_depth, prior_numbers, solver_numbers
from stages.plan.stiffness import lambda_denoiser
from stages.preimage import solvers
from stages.preimage.adam import Fast
from stages.preimage.momentum import SCHEDULES, Paper
from stages.preimage.prior_sets import MEAN_SHARE, ijcv_prior
from stages.preimage.priors import Prior
from stages.preimage.solvers import FAST_RATES, FAST_SMOOTHING
from stages.process.stage import Refusal
from stages.representations.caffenet import LAYERS
from stages.representations.definition import WeightsFile
from stages.representations.dsift import DsiftDefinition
from stages.representations.hog import HogDefinition
from stages.representations.selection import Selection
from stages.store import paths
from stages.store.file_hash import sha256

HOG, DSIFT = HogDefinition(side=40), DsiftDefinition(side=40, bin=3)
NETWORK = definition(CaffenetSettings(kind="caffenet", weights="random"))
WINDOW = Selection(window=(0, 1, 0, 1))


def prior(settings: PriorSettings, defined=HOG, layer="hog") -> Prior:
    return prior_numbers(settings, defined, layer)


def paper(schedule="auto", defined=HOG, layer="hog", selection=WINDOW) -> Paper:
    form = PaperSettings.model_validate({"kind": "paper", "schedule": schedule})
    return solver_numbers(form, defined, layer, selection)


def fast(defined=HOG, layer="hog", **keys) -> Fast:
    form = FastSettings.model_validate({"kind": "fast", **keys})
    return solver_numbers(form, defined, layer, Selection())


@pytest.mark.parametrize("size", [32, 40])
def test_alpha_weight_auto_is_the_papers_constant_times_the_norm_to_the_fourth(size):
    # s^2 = 68.92^2 h w, of grey images.
    expected = 4e-10 * (68.92**2 * size * size) ** 2
    found = prior(PriorSettings(lambda_alpha="auto"), HogDefinition(side=size))
    assert found.lambda_alpha == pytest.approx(expected)
    assert (found.alpha, found.lambda_tv) == (6, 0)


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0, 3.0])
def test_tv_weight_by_depth_is_a_half_for_one_layer_scaled_with_beta(beta):
    found = prior(PriorSettings(beta=beta, lambda_tv="by-depth"))
    s = reference_norm((1, 40, 40))
    assert found.lambda_tv == pytest.approx(0.5 * s ** (beta - 2))
    assert found.beta == beta


def test_a_value_by_depth_is_that_of_the_third_that_the_layer_is_in():
    values = 0.5, 5.0, 50.0
    of_six = [by_depth(values, "abcdef", layer) for layer in "abcdef"]
    assert of_six == [0.5, 0.5, 5, 5, 50, 50]
    assert [by_depth(values, "ab", layer) for layer in "ab"] == [0.5, 5]
    assert by_depth(values, "a", "a") == 0.5


def test_given_weights_stay_as_they_are():
    given = PriorSettings(alpha=3, lambda_alpha=8e-10, beta=1, lambda_tv=2)
    assert prior(given) == Prior(3, 8e-10, 1, 2)


def test_a_prior_without_a_denoiser_has_no_number_of_one():
    assert prior(PriorSettings(lambda_tv=1)).further == ()


def test_a_denoiser_is_known_by_the_bytes_of_its_file(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"weights")
    given = {"denoiser": str(path), "lambda_denoiser": 0.5, "sigma": (40.0, 8.0)}
    numbers = prior(PriorSettings(**given)).numbers()
    assert numbers["denoiser"] == WeightsFile(path, sha256(path))
    assert numbers["lambda_denoiser"] == 0.5
    assert numbers["sigma"] == (40.0, 8.0)
    assert (numbers["denoise_every"], numbers["renoise"]) == (2, 1.0)
    assert numbers["mean_share"] == MEAN_SHARE


def test_the_embedded_denoiser_is_that_of_the_project():
    given = PriorSettings(denoiser="embedded", lambda_denoiser=0.5)
    file = prior(given).numbers()["denoiser"]
    assert file.path == paths.embedded("denoiser")


def test_a_denoiser_that_is_not_there_is_refused_by_its_name(monkeypatch, tmp_path):
    lost = tmp_path / "lost.safetensors"
    given = PriorSettings(denoiser=str(lost), lambda_denoiser=1.0)
    with pytest.raises(Refusal, match=f"denoiser {lost} is not there"):
        prior(given)
    monkeypatch.setattr(paths, "embedded", lambda name: tmp_path / f"{name}.gone")
    with pytest.raises(Refusal, match=r"denoiser\.gone is not there; it comes with"):
        prior(PriorSettings(denoiser="embedded", lambda_denoiser=1.0))


def test_the_weight_auto_of_a_denoiser_follows_the_layer(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"weights")
    given = PriorSettings(denoiser=str(path), lambda_denoiser="auto")
    for layer in ("conv1", "relu4"):
        found = prior(given, NETWORK, layer).numbers()["lambda_denoiser"]
        assert found == lambda_denoiser(NETWORK, layer) > 0


def test_the_weight_auto_is_for_the_waves_that_are_heard(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"weights")
    given = {"denoiser": str(path), "lambda_denoiser": "auto"}
    waves = (4.0, 64.0)
    short, long = (
        prior(PriorSettings(**given, longest_wave=wave), NETWORK, "relu2").numbers()
        for wave in waves
    )
    expected = [lambda_denoiser(NETWORK, "relu2", wave) for wave in waves]
    assert [short["lambda_denoiser"], long["lambda_denoiser"]] == expected
    assert expected[0] < expected[1]


def test_the_longest_wave_follows_the_layer_or_is_as_written(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"weights")
    given = {"denoiser": str(path), "lambda_denoiser": 1.0}
    for layer in ("conv1", "relu4"):
        found = prior(PriorSettings(**given), NETWORK, layer).numbers()
        assert found["longest_wave"] == longest_wave(NETWORK, layer)
    found = prior(PriorSettings(**given, longest_wave=20), NETWORK).numbers()
    assert found["longest_wave"] == 20
    assert prior(PriorSettings(lambda_tv=1.0)).longest_wave == 0


@pytest.mark.parametrize(("defined", "layer"), [(HOG, "hog"), (DSIFT, "dsift")])
@pytest.mark.parametrize("selection", [Selection(), WINDOW])
def test_schedule_auto_is_that_of_descriptors(defined, layer, selection):
    found = paper(defined=defined, layer=layer, selection=selection)
    assert found == Paper(SCHEDULES["descriptors"])
    # 4 legs of 200 steps.
    assert found.n_steps == 800


@pytest.mark.parametrize(
    ("selection", "name"), [(Selection(), "cnn"), (WINDOW, "region")]
)
def test_the_paper_s_schedules_for_networks(selection, name):
    found = paper(defined=NETWORK, layer="norm1", selection=selection)
    assert found == Paper(SCHEDULES[name])


@pytest.mark.parametrize(
    ("schedule", "steps", "legs"),
    [
        ("cnn", 400, SCHEDULES["cnn"]),
        ("region", 600, SCHEDULES["region"]),
        ([[3, 1], [2, 0.1]], 5, ((3, 1.0), (2, 0.1))),
    ],
)
def test_other_schedules_are_taken_as_written(schedule, steps, legs):
    found = paper(schedule)
    assert (found.n_steps, found.schedule) == (steps, legs)


def test_the_fast_solver_takes_what_suits_the_layer_where_nothing_is_said():
    # A representation of one layer has no depth.
    assert fast(steps=12) == Fast(12, FAST_RATES["pixels"], FAST_SMOOTHING, "pixels")
    assert fast(steps=12, rate=3, smoothing=0) == Fast(12, 3.0, 0.0, "pixels")


def rates(**keys) -> list[float]:
    return [fast(NETWORK, layer, **keys).rate for layer in LAYERS]


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
    for name in ("fourier", "maco"):
        assert set(rates(parameterisation=name, steps=250)) == {FAST_RATES[name]}


@pytest.mark.parametrize("name", ["fourier", "maco"])
def test_other_parameterisations_keep_their_rate_however_long_the_run(name):
    for steps in (9, 250, 900):
        of_network = fast(NETWORK, "relu4", parameterisation=name, steps=steps)
        assert of_network.rate == FAST_RATES[name]
        assert solvers.fast(steps=steps, parameterisation=name) == of_network


def test_by_depth_takes_pixels_for_shallow_layers_and_waves_for_deep_ones():
    shallow = [
        fast(NETWORK, layer, parameterisation="by-depth")
        == fast(NETWORK, layer, parameterisation="grounded-pixels")
        for layer in LAYERS
    ]
    deep = [
        fast(NETWORK, layer, parameterisation="by-depth")
        == fast(NETWORK, layer, parameterisation="fourier")
        for layer in LAYERS
    ]
    # relu2 is at 5 of 19, pool2 at 6 of 19.
    assert shallow == [True] * 6 + [False] * 14
    assert deep == [not one for one in shallow]
    of_one_layer = fast(parameterisation="by-depth")
    assert of_one_layer == fast(parameterisation="grounded-pixels")


def test_pixels_have_their_rate_with_a_ground_and_without():
    for steps in (50, 400):
        over_ground = rates(parameterisation="grounded-pixels", steps=steps)
        assert over_ground == rates(steps=steps)


@pytest.mark.parametrize("name", FAST_RATES)
def test_a_parameterisation_brings_its_own_rate(name):
    found = fast(steps=5, parameterisation=name)
    assert (found.rate, found.parameterisation) == (FAST_RATES[name], name)


def test_jitter_is_a_quarter_of_the_stride_or_as_written():
    # HOG's cells are 8 pixels wide.
    assert prior(PriorSettings(jitter="auto")).jitter == 2
    assert prior(PriorSettings(jitter=5)).jitter == 5


def test_priors_of_the_journal_are_for_the_shape():
    found = prior(PriorSettings(ijcv=20, jitter=1))
    assert found == ijcv_prior((1, 40, 40), 20, jitter=1)


def lambda_tv(layer, **keys):
    return prior(PriorSettings(**keys), NETWORK, layer).lambda_tv


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
