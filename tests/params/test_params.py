"""What params may hold: keys, types, ranges, defaults, and the words of a refusal."""

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from stages.params.execution import ExecutionSettings
from stages.params.fetching import (
    BACKBONE_SIDES,
    FetchSettings,
    LpipsSettings,
    NetworkWeightsSettings,
)
from stages.params.grid import GridEntry
from stages.params.methods import FastSettings, PaperSettings, PriorSettings
from stages.params.pictures import Photograph
from stages.params.representations import KINDS, DsiftSettings, HogSettings
from stages.params.study import ReportSettings, Study
from stages.plan.representations import definition
from stages.preimage.parameterisations import PARAMETERISATIONS
from stages.preimage.solvers import FAST_RATES, FAST_SMOOTHING, FAST_STEPS
from stages.sources.builtin import PHOTOGRAPHS

FILE = {"url": "https://a.org/a.zip", "sha256": "0" * 64}
SOURCES = {
    "builtin": {"names": ["camera"]},
    "folder": {},
    "url": {"files": [FILE]},
    "torchvision": {"dataset": "Imagenette"},
}


def validate(form: Any, value: Any) -> Any:
    return TypeAdapter(form).validate_python(value)


def entry(**keys: Any) -> GridEntry:
    return validate(GridEntry, {"representation": "hog", **keys})


def mistake(form: Any, value: Any) -> tuple[tuple[int | str, ...], str]:
    """Return the path and the message of the only mistake."""
    with pytest.raises(ValidationError) as caught:
        validate(form, value)
    (line,) = caught.value.errors()
    return line["loc"], line["msg"]


@pytest.mark.parametrize(
    ("form", "value", "allowed"),
    [
        (FastSettings, {"kind": "fast", "x": 1}, "kind, steps, rate"),
        (PaperSettings, {"kind": "paper", "x": 1}, "kind, schedule"),
        (PriorSettings, {"x": 1}, "alpha, lambda_alpha, beta, lambda_tv"),
        (HogSettings, {"kind": "hog", "x": 1}, "kind, side, cell, orientations, assig"),
        (DsiftSettings, {"kind": "dsift", "x": 1}, "kind, side, bin, orientations"),
        (FetchSettings, {"images": {"source": "folder"}, "x": 1}, "images, lpips"),
        (
            LpipsSettings,
            {"backbones": [], "x": 1},
            "backbones, if_unreachable, mirrors",
        ),
        (ExecutionSettings, {"x": 1}, "device, batch_size, processes"),
        (ReportSettings, {"x": 1}, "title, pictures"),
        (GridEntry, {"representation": "hog", "x": 1}, "title, representation, layers"),
    ],
)
def test_an_unknown_key_is_refused_with_the_allowed_ones(form, value, allowed):
    path, text = mistake(form, value)
    assert path == ("x",)
    assert text.startswith(f"unknown key; allowed: {allowed}")


@pytest.mark.parametrize("source", SOURCES)
def test_a_key_of_another_source_is_refused_where_it_stands(source):
    others = {"builtin": {"path": "photos"}}.get(source, {"names": ["camera"]})
    images = {"source": source, **SOURCES[source], **others}
    path, text = mistake(FetchSettings, {"images": images})
    assert path == ("images", *others)
    assert text.startswith("unknown key; allowed: source, limit, side")


LEARNED = {"denoiser": "embedded", "lambda_denoiser": "auto"}
DENOISER = (PriorSettings, LEARNED)
PRIOR, FAST = (PriorSettings, {}), (FastSettings, {"kind": "fast"})
PAPER, HOG = (PaperSettings, {"kind": "paper"}), (HogSettings, {"kind": "hog"})
GRID, RUN = (GridEntry, {"representation": "hog"}), (ExecutionSettings, {})
IMAGES = (FetchSettings, {})
LPIPS = (LpipsSettings, {})
NAN, INF = float("nan"), float("inf")
# What keys of several types are told.
WORDS = {
    "lambda_alpha": "must be auto or a number of at least 0",
    "lambda_tv": "must be a number of at least 0, three of them (for thirds of the "
    "depth), by-depth or {by-depth: factor}",
    "lambda_denoiser": "must be auto or a number of at least 0",
    "longest_wave": "must be auto or a number of pixels above 2",
    "sigma": "must be two noise levels, above 0 and at most 255 grey levels, such as "
    "[60, 5]",
    "schedule": "must be auto, cnn, steady, region, descriptors "
    "or [[steps, factor of 0.004], ...]",
    "representation": "must be a name or a list of names",
    "prior": "must be a name or a list of names",
    "solver": "must be a name or a list of names",
    "layers": "must be all or a list of layer names or patterns, such as relu*",
    "channels": "must be all, first-half, second-half, a list of channel numbers, "
    "{random: half}, {random: number, seed: number}, {chromatic: half or number}, "
    "{achromatic: half or number}, {top: number} or {orientations: [numbers]}",
    "region": "must be all, {centre: cells}, {share: part of the image}, "
    "{rows: [first, end], columns: [first, end]} in cells, or, of tokens, "
    "{tokens: class}, {tokens: patches} or {tokens: [numbers]}",
    "seeds": "must be a number of seeds or a list of seeds",
    "images": "must be all, a number of images or a list of their names",
}
URL = {"source": "url"}
# A part of the params, its key, what is said, and values of which each is told so.
REFUSED: list[tuple[Any, str, str, list[Any]]] = [
    (FAST, "steps", "valid integer", [True, 1.5, "400", None]),
    (FAST, "steps", "greater than or equal to 1", [0]),
    (FAST, "rate", "valid number", [True, "8e-10", [8.0]]),
    (FAST, "rate", "a finite number", [NAN, INF, -INF]),
    (FAST, "rate", "greater than 0", [0, -1.0]),
    (PRIOR, "alpha", "a finite number", [NAN, INF]),
    (PRIOR, "alpha", "greater than or equal to 1", [0.5]),
    (PRIOR, "beta", "a finite number", [NAN, INF]),
    (PRIOR, "beta", "greater than 0", [0]),
    (PRIOR, "lambda_alpha", "", [NAN, INF, -1, True, "by-depth"]),
    (PRIOR, "lambda_tv", "", [NAN, INF, -0.1, True, "auto", "1e2", [1, 2], [1, 2, -3]]),
    (DENOISER, "lambda_denoiser", "", [NAN, -1, True, "by-depth"]),
    (DENOISER, "sigma", "", [60, [60], [60, 0], [300, 10], [60, 30, 10], [True, 1]]),
    (DENOISER, "denoise_every", "greater than or equal to 1", [0]),
    (DENOISER, "longest_wave", "", [0, 2, -1, NAN, INF, True, "all"]),
    (DENOISER, "mean_share", "valid number", [True, "yes"]),
    (DENOISER, "mean_share", "greater than or equal to 0", [-0.1]),
    (DENOISER, "renoise", "valid number", [True, "yes"]),
    (DENOISER, "renoise", "greater than or equal to 0", [-0.1]),
    (DENOISER, "renoise", "a finite number", [NAN, INF]),
    (DENOISER, "denoiser", "at least 1 character", [""]),
    (PAPER, "schedule", "", ["slow", 3, [], [[]], [[3]], [[3, 1, 1]], [3, 1.0]]),
    (PAPER, "schedule", "", [[[0, 1.0]], [[3.5, 1]], [[True, 1]]]),
    (PAPER, "schedule", "", [[[3, bad]] for bad in (NAN, INF, True, 0, "1")]),
    (HOG, "side", "valid integer", [True, 32.0, "32"]),
    (HOG, "side", "greater than or equal to 16", [15]),
    (HOG, "side", "less than or equal to 4096", [4097]),
    (HOG, "assignment", "'hard' or 'bilinear'", ["soft"]),
    *(
        (GRID, key, "", [[], 1, [True]])
        for key in ("representation", "prior", "solver")
    ),
    (GRID, "layers", "", [[], [1], 3]),
    (GRID, "channels", "", ["third", [], [-1], [True], [1.0]]),
    (GRID, "channels", "", [{"top": 0}, {"random": "all"}, {"random": 2, "k": 1}]),
    (GRID, "region", "", [{"share": 0}, {"share": 1.1}, {"share": "half"}]),
    (PRIOR, "lambda_tv", "", [{"by-depth": 0}, {"by_depth": 1.0}, {}]),
    (GRID, "channels", "", [{"orientations": bad} for bad in ([], [-1], 0)]),
    (GRID, "region", "", ["some", {"centre": 0}, {"centre": True}, {"rows": [0, 1]}]),
    (GRID, "seeds", "", [0, True, [], [-1]]),
    (GRID, "images", "", [0, True, [], [1]]),
    (RUN, "device", "must be auto, cpu, cuda", ["gpu", "cuda:", "cpu:0", "cuda:1 "]),
    ((ReportSettings, {}), "pictures", "valid integer", [True, 1.5]),
    (LPIPS, "backbones", "'squeeze', 'alex' or 'vgg'", ["vgg16", ["alex", "x"], None]),
    (LPIPS, "backbones", "must name each backbone once", [["alex", "vgg", "alex"]]),
    (LPIPS, "if_unreachable", "'skip' or 'error'", ["stop", True]),
    (LPIPS, "mirrors", "pattern", ["ftp://a.org", ["a.org"], "file:///a"]),
    (IMAGES, "images", "must not be empty", [{"source": "builtin", "names": []}]),
    (IMAGES, "images", "'camera'", [{"source": "builtin", "names": ["lena"]}]),
    (IMAGES, "images", "one of builtin, folder, url, torch", [{"source": "web"}]),
    (IMAGES, "images", "equal to 16", [{"source": "folder", "side": 15}]),
    (IMAGES, "images", "pattern", [URL | {"files": [FILE | {"sha256": "0"}]}]),
    (IMAGES, "images", "pattern", [URL | {"files": [FILE | {"url": "a.zip"}]}]),
]


@pytest.mark.parametrize(
    ("part", "key", "text", "value"),
    [(*refused, value) for *refused, values in REFUSED for value in values],
)
def test_a_value_of_a_wrong_type_or_range_is_refused_with_one_message(
    part, key, text, value
):
    form, given = part
    path, said = mistake(form, {**given, key: value})
    assert path[0] == key
    assert text in said if text else said == WORDS[key]


@pytest.mark.parametrize("alpha", [4, 8])
def test_auto_weight_is_for_exponent_six_alone(alpha):
    path, text = mistake(PriorSettings, {"alpha": alpha, "lambda_alpha": "auto"})
    assert path == ()
    assert text == (
        "Value error, `lambda_alpha: auto` is the paper's weight for `alpha: 6`; "
        f"with `alpha: {alpha}` give a number"
    )


def test_the_priors_of_the_journal_come_as_a_whole():
    path, text = mistake(PriorSettings, {"ijcv": 100, "beta": 1, "lambda_tv": 2})
    assert path == ()
    assert "take beta, lambda_tv away" in text
    assert validate(PriorSettings, {"ijcv": 100, "jitter": "auto"}).ijcv == 100


def test_a_denoiser_and_its_weight_come_together():
    assert validate(PriorSettings, LEARNED).sigma == (60.0, 5.0)
    path, text = mistake(PriorSettings, {"lambda_denoiser": "auto", "sigma": [9, 3]})
    assert path == ()
    assert "`lambda_denoiser`, `sigma` needs a denoiser: give `denoiser: emb" in text
    for weight in ({}, {"lambda_denoiser": 0}):
        _, text = mistake(PriorSettings, {"denoiser": "embedded", **weight})
        assert "`denoiser` weighs nothing: give `lambda_denoiser`, auto or" in text
        assert "auto or a number" in text


def test_the_noise_of_a_denoiser_falls():
    assert validate(PriorSettings, {**LEARNED, "sigma": [20, 20]}).sigma == (20, 20)
    _, text = mistake(PriorSettings, {**LEARNED, "sigma": [10, 60]})
    told = "`sigma` must not rise from its first level to its last, got 10 and 60"
    assert told in text


def test_a_denoiser_is_no_part_of_the_journals_priors():
    _, text = mistake(PriorSettings, {**LEARNED, "ijcv": 100})
    assert "take denoiser, lambda_denoiser away" in text


def test_small_and_whole_numbers_are_numbers():
    prior = validate(PriorSettings, {"lambda_alpha": 8e-10, "lambda_tv": 1, "alpha": 6})
    assert (prior.lambda_alpha, prior.lambda_tv, prior.alpha) == (8e-10, 1.0, 6.0)
    numbers = (prior.alpha, prior.lambda_alpha, prior.beta, prior.lambda_tv)
    assert {type(value) for value in numbers} == {float}
    solver = validate(PaperSettings, {"kind": "paper", "schedule": [[3, 1], [2, 0.1]]})
    assert solver.schedule == [(3, 1.0), (2, 0.1)]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"representation": "hog"}, {"representation": ["hog"]}),
        ({"prior": "none", "solver": ["a", "b"]}, {"prior": ["none"]}),
        ({"channels": [0, 2]}, {"channels": [[0, 2]]}),
        ({"channels": [[0], [1, 2]]}, {"channels": [[0], [1, 2]]}),
        ({"channels": ["all", [1]]}, {"channels": ["all", [1]]}),
        ({"region": {"centre": 2}}, {"region": [{"centre": 2}]}),
    ],
)
def test_a_single_value_stands_for_a_list_of_one(keys, found):
    dumped = entry(**keys).model_dump()
    assert {key: dumped[key] for key in found} == found


def test_a_single_backbone_and_mirror_stand_for_a_list_of_one():
    mirror = "https://a.org/models/"
    found = validate(LpipsSettings, {"backbones": "alex", "mirrors": mirror})
    assert (found.backbones, found.mirrors) == (["alex"], [mirror])


def test_lpips_is_left_out_unless_asked_for_and_then_not_required():
    found = validate(FetchSettings, {"images": {"source": "folder"}})
    assert found.lpips.backbones == []
    asked = validate(LpipsSettings, {"backbones": ["squeeze", "vgg"]})
    assert (asked.if_unreachable, asked.mirrors) == ("skip", [])
    assert found.networks == NetworkWeightsSettings(if_unreachable="error")


RENAMED: list[tuple[Any, dict[str, Any], str]] = [
    (ExecutionSettings, {"width": 8}, "is called `batch_size` now"),
    (LpipsSettings, {"trunks": ["alex"]}, "is now called backbones"),
    (LpipsSettings, {"on_unreachable": "skip"}, "is now called if_unreachable"),
    (LpipsSettings, {"if_unreachable": "judge"}, "is now called skip"),
    (NetworkWeightsSettings, {"on_unreachable": "skip"}, "is now called if_unr"),
]


@pytest.mark.parametrize(("form", "value", "told"), RENAMED, ids=str)
def test_an_old_name_is_a_mistake_that_tells_the_new_one(form, value, told):
    path, text = mistake(form, value)
    assert path == tuple(value)
    assert text.startswith(told)


def test_a_number_of_seeds_counts_from_zero():
    assert entry(seeds=3).seed_list() == [0, 1, 2]
    assert entry(seeds=[7, 2]).seed_list() == [7, 2]


def test_what_is_left_out_of_a_grid_entry_means_all_of_it_once():
    assert entry().model_dump() == {
        "title": None,
        "representation": ["hog"],
        "layers": "all",
        "channels": ["all"],
        "region": ["all"],
        "prior": ["default"],
        "solver": ["fast"],
        "seeds": 1,
        "images": "all",
    }


def test_a_prior_left_out_weighs_nothing():
    prior = PriorSettings()
    assert (prior.lambda_alpha, prior.lambda_tv) == (0.0, 0.0)
    assert (prior.alpha, prior.beta) == (6.0, 2.0)


def test_defaults_are_those_of_the_library():
    fast = FastSettings(kind="fast")
    assert (fast.steps, fast.rate, fast.smoothing) == (FAST_STEPS, None, FAST_SMOOTHING)
    allowed = FastSettings.model_fields["parameterisation"].annotation
    assert get_args(allowed) == (*PARAMETERISATIONS, "by-depth")
    assert set(FAST_RATES) == set(PARAMETERISATIONS)
    for settings in (HogSettings(kind="hog"), DsiftSettings(kind="dsift")):
        made = definition(settings)
        assert made == type(made)(side=settings.side)


def test_every_kind_has_its_own_word():
    for name, kind in KINDS.items():
        assert get_args(kind.settings.model_fields["kind"].annotation) == (name,)


def test_sides_of_backbones_are_those_of_lpips():
    from stages.metrics.perceptual import SMALLEST_SIDES

    assert BACKBONE_SIDES == SMALLEST_SIDES


def test_a_photograph_is_named_exactly_if_it_is_in_the_source():
    assert get_args(Photograph) == tuple(PHOTOGRAPHS)


def test_settings_are_frozen_and_a_representation_is_hashable():
    settings = HogSettings(kind="hog")
    with pytest.raises(ValidationError, match="frozen"):
        settings.cell = 4
    assert hash(settings) == hash(HogSettings(kind="hog", cell=8))


@pytest.mark.parametrize("source", SOURCES)
def test_pictures_are_all_taken_as_squares_of_256_pixels_by_default(source):
    found = validate(FetchSettings, {"images": {"source": source, **SOURCES[source]}})
    assert (found.images.limit, found.images.side) == (None, 256)


def test_every_section_is_required_as_dvc_looks_for_it():
    required = {name for name, key in Study.model_fields.items() if key.is_required()}
    assert required == set(Study.model_fields)
    assert ExecutionSettings().model_dump() == {
        **{"device": "auto", "batch_size": "auto"},
        **{"processes": "auto", "targets": "store", "precision": "float32"},
        **{"backend": "local", "address": None, "insecure": False, "store": None},
        "allow_large": False,
    }
    assert ReportSettings().pictures == 12
