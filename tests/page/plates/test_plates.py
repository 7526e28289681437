"""The grid -> plates: one an entry, laid out by what it varies, never by score."""

import pytest

from stages.page.inputs import Entry
from stages.page.plates.plates import plates

LAYERS = {"net": ["conv1", "conv2", "pool5", "fc6"], "hog": ["hog"], "sift": ["sift"]}


def entry(representations=("net",), **changes):
    labels = {"layers": ("*",), "channels": ("all",), "regions": ("all",)}
    labels |= {"priors": ("default",), "solvers": ("fast",), "seeds": (0,)}
    return Entry(
        **{"title": "", "representations": representations, **labels, **changes}
    )


def net(score, layer, **changes):
    key = f"{layer} {changes}"
    return score(representation="net", layer=layer, **{"key": key, **changes})


@pytest.fixture
def sheet(table):
    """Return a function that gives the only plate of an entry about these rows."""

    def made(one, *rows, fields=None):
        (plate,) = plates([one], table(*rows), LAYERS, fields or {})
        return plate

    return made


def keys(plate):
    """Return the keys of the pre-images; `original` and '' as what they are."""
    return [
        ["original" if spot.original else spot.key for spot in spots]
        for _, spots in plate.rows
    ]


def test_plates_follow_the_grid_and_its_titles(score, table):
    rows = table(score(), net(score, "conv1"))
    grid = [entry(title="The network"), entry(("hog",)), entry(("gone",))]
    first, second = plates(grid, rows, LAYERS, {})
    assert (first.title, second.title) == ("The network", "hog")
    assert (first.name, second.name) == ("plate-1", "plate-2")


def test_without_a_grid_there_is_a_plate_a_representation(score, table):
    rows = table(score(), net(score, "conv1"))
    assert [plate.title for plate in plates([], rows, LAYERS, {})] == ["net", "hog"]


def test_pictures_stand_below_each_other_and_layers_by_depth(score, sheet):
    plate = sheet(
        entry(),
        net(score, "fc6", key="a"),
        net(score, "conv1", key="b"),
        net(score, "conv1", key="later", seed=1),
        net(score, "pool5", key="c", image_id="b", image_name="dog"),
        net(score, "conv2", key="broken", status="failed"),
    )
    assert plate.columns == ["original", "conv1", "pool5", "fc6"]
    assert [name for name, _ in plate.rows] == ["cat", "dog"]
    assert keys(plate) == [["original", "b", "", "a"], ["original", "", "c", ""]]
    assert plate.title == "net, 3 layers"


def test_of_many_layers_an_evenly_spaced_part_is_shown_and_said(score, table):
    layers = {"net": [f"layer{n:02d}" for n in range(20)]}
    rows = table(*(net(score, layer) for layer in layers["net"]))
    (plate,) = plates([entry()], rows, layers, {})
    assert plate.columns[1:] == [
        *("layer00", "layer03", "layer05", "layer08"),
        *("layer11", "layer14", "layer16", "layer19"),
    ]
    assert "8 of 20, evenly spaced" in plate.caption
    assert plate.view["layer"] == plate.columns[1:]


def test_the_gallery_s_filters_leave_out_what_the_plate_is_not_of(score, table):
    rows = [net(score, "conv1"), net(score, "fc6"), score(), net(score, "fc6", seed=1)]
    (plate,) = plates([entry()], table(*rows), LAYERS, {})
    assert plate.view == {
        **{"representation": ["net"], "layer": ["conv1", "fc6"], "seed": ["0"]},
        **{name: [] for name in ("channels", "region", "prior", "solver")},
    }


def test_patterns_of_layers_and_names_of_pictures_choose(score, sheet):
    rows = [
        net(score, layer, image_id=name, image_name=name)
        for layer in LAYERS["net"]
        for name in ("cat", "dog", "owl")
    ]
    plate = sheet(entry(layers=("conv*",), images=("dog",)), *rows)
    assert plate.columns == ["original", "conv1", "conv2"]
    assert [name for name, _ in plate.rows] == ["dog"]
    few = sheet(entry(images=2), *rows)
    assert [name for name, _ in few.rows] == ["cat", "dog"]


def test_seeds_are_columns_and_layers_rows(score, sheet):
    rows = [
        net(score, layer, seed=seed, key=f"{layer}{seed}")
        for layer in ("fc6", "conv1")
        for seed in (1, 0)
    ]
    plate = sheet(entry(seeds=(0, 1)), *rows)
    assert plate.columns == ["original", "seed 0", "seed 1"]
    assert keys(plate) == [
        ["original", "conv10", "conv11"],
        ["original", "fc60", "fc61"],
    ]
    assert "Of cat, the first picture." in plate.caption


def test_halves_of_channels_stand_beside_all_and_the_random_ones(score, sheet):
    names = ("first-half", "second-half", "random half")
    rows = [net(score, "conv1", channels=name, key=name) for name in (*names, "all")]
    plate = sheet(entry(channels=names), *rows)
    assert keys(plate) == [["original", "all", *names]]


def test_regions_show_what_they_see_with_and_without_a_prior(score, sheet):
    rows = [
        net(score, "conv1", region="centre 1", prior=prior, key=prior)
        for prior in ("default", "none")
    ]
    window = (0.4, 0.6, 0.4, 0.6)
    plate = sheet(
        entry(regions=("centre 1",), priors=("default", "none")),
        *rows,
        fields={("net", "conv1", "centre 1"): window},
    )
    assert plate.columns == ["original", "prior default", "prior none"]
    assert keys(plate) == [["original", "default", "none"]]
    assert {spot.outline for spot in plate.spots} == {window}


def test_representations_of_one_code_stand_side_by_side(score, sheet):
    rows = [score(representation=n, layer=n, key=n) for n in ("hog", "sift")]
    plate = sheet(entry(("hog", "sift")), *rows)
    assert plate.columns == ["original", "hog", "sift"]
    assert keys(plate) == [["original", "hog", "sift"]]


def test_another_solver_stands_below_the_study_s_own(score, sheet):
    rows = [
        net(score, "conv1", prior=name, solver=solver, key=solver)
        for name, solver in (("default", "fast"), ("paper", "paper"))
    ]
    plate = sheet(entry(priors=("paper",), solvers=("paper",)), *rows)
    assert [name for name, _ in plate.rows] == [
        "cat, default, fast",
        "cat, paper, paper",
    ]
    assert keys(plate) == [["original", "fast"], ["original", "paper"]]


def test_a_prior_with_a_denoiser_is_called_learned(score, sheet):
    plate = sheet(
        entry(priors=("default", "classical")),
        net(score, "conv1", key="a", denoiser_term=0.2),
        net(score, "conv1", key="b", prior="classical", denoiser_term=0.0),
    )
    names = [name for name, _ in plate.rows]
    assert names == ["cat, default (learned)", "cat, prior classical"]


def test_what_is_inverted_first_stands_alone_whatever_its_solver_is_called(
    score, sheet
):
    rows = [
        net(score, "conv1", prior=prior, solver="waves", key=prior)
        for prior in ("default", "learned")
    ]
    plate = sheet(entry(solvers=("waves",)), *rows)
    assert keys(plate) == [["original", "default"]]


def test_nothing_done_is_no_plate(score, table):
    rows = table(net(score, "conv1", status="failed"))
    assert plates([entry()], rows, LAYERS, {}) == []
    assert plates([], rows, LAYERS, {}) == []
