"""Figures: which pre-image stands where; the first job counts, not the best."""

import pytest
from PIL import Image

from stages.page.plates import sheets as figures

LAYERS = ["conv1", "conv2", "pool5", "fc6"]
ORIGINAL = Image.new("RGB", (9, 9))


@pytest.fixture
def picture():
    """Return what stands for a job's picture: one of its own, which tells its key."""
    made = {}
    return lambda key: made.setdefault(key, Image.new("RGB", (9, 9), key))


def shown(sheet, picture):
    """Return the tiles as the colours of their jobs; '' for a blank."""
    names = ["red", "blue", "green", "black", "white"]
    known = {id(picture(name)): name for name in names} | {id(ORIGINAL): "original"}
    return [[known.get(id(t.picture), "") for t in tiles] for _, tiles in sheet.rows]


def test_depth_has_a_row_a_picture_and_its_layers_in_order(score, table, picture):
    jobs = table(
        score(layer="fc6", key="red"),
        score(layer="conv1", key="blue"),
        score(layer="conv1", key="green", seed=1),
        score(layer="pool5", key="black", channels="first-half"),
        score(layer="pool5", key="white", image_id="b", image_name="dog"),
    )
    sheet = figures.depth(jobs, LAYERS, {"a": ORIGINAL, "b": ORIGINAL}, picture)
    assert sheet.columns == ["original", "conv1", "pool5", "fc6"]
    assert [name for name, _ in sheet.rows] == ["cat", "dog"]
    assert shown(sheet, picture) == [
        ["original", "blue", "", "red"],
        ["original", "", "white", ""],
    ]


def test_depth_shows_at_most_so_many_layers_both_ends_among_them(score, table, picture):
    jobs = table(*(score(layer=name, key="red") for name in LAYERS))
    sheet = figures.depth(jobs, LAYERS, {"a": ORIGINAL}, picture, most=2)
    assert sheet.columns[0] == "original"
    assert len(sheet.columns) == 3
    assert sheet.columns[1] == "conv1"


def test_failed_jobs_stay_blank(score, table, picture):
    jobs = table(score(layer="conv1", key="red", status="failed"))
    sheet = figures.depth(jobs, LAYERS, {"a": ORIGINAL}, picture)
    assert shown(sheet, picture) == [["original", ""]]


def test_seeds_are_columns_of_layers_that_have_several(score, table, picture):
    jobs = table(
        score(layer="fc6", seed=1, key="red"),
        score(layer="fc6", seed=0, key="blue"),
        score(layer="conv1", seed=0, key="green"),
        score(layer="conv2", seed=0, key="black", diversity=None),
    )
    sheet = figures.seeds(jobs, LAYERS, picture)
    assert sheet.columns == ["seed 0", "seed 1"]
    assert [name for name, _ in sheet.rows] == ["conv1", "fc6"]
    assert shown(sheet, picture) == [["green", ""], ["blue", "red"]]


def test_streams_have_both_halves_then_random_ones(score, table, picture):
    jobs = table(
        score(layer="conv1", channels="random half", key="red"),
        score(layer="conv1", channels="second-half", key="blue"),
        score(layer="conv1", channels="first-half", key="green"),
        score(layer="conv1", channels="top 8", key="black"),
        score(layer="conv2", channels="all", key="white"),
    )
    sheet = figures.streams(jobs, LAYERS, picture)
    assert sheet.columns == ["all", "first-half", "second-half", "random half"]
    assert [name for name, _ in sheet.rows] == ["conv1"]
    assert shown(sheet, picture) == [["", "green", "blue", "red"]]


def test_regions_outline_the_field_in_every_tile(score, table, picture):
    jobs = table(
        score(layer="conv1", region="centre 1", prior="none", key="red"),
        score(layer="conv1", region="centre 1", key="blue"),
        score(layer="conv1", key="green"),
    )
    window = (0.4, 0.6, 0.4, 0.6)
    fields = {("conv1", "centre 1"): window}
    sheet = figures.regions(jobs, ORIGINAL, fields, picture)
    assert sheet.columns == ["original", "prior none", "prior default"]
    assert shown(sheet, picture) == [["original", "red", "blue"]]
    assert {tile.outline for _, tiles in sheet.rows for tile in tiles} == {window}


def test_figures_of_nothing_are_empty(score, table, picture):
    jobs = table(score()).iloc[:0]
    assert figures.depth(jobs, LAYERS, {}, picture).rows == []
    assert figures.seeds(jobs, LAYERS, picture).rows == []
    assert figures.streams(jobs, LAYERS, picture).rows == []
    assert figures.regions(jobs, ORIGINAL, {}, picture).rows == []
