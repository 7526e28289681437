"""The list of a representation's layers, as a user types for it."""

import sys
from pathlib import Path
from time import process_time

import pytest

from stages.plan.representations import definition
from stages.process.stage import Refusal
from stages.representations import __main__ as listing
from stages.representations.receptive_field import Geometry
from tests.conftest import PARAMS


@pytest.fixture
def listed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["representations", *words])
        listing.main()
        return capsys.readouterr().out.splitlines()

    return run


def test_a_model_of_torchvision(listed):
    head, conv, relu, summary = listed("alexnet", "--layers", "features.[01]")
    assert head.split()[:3] == ["layer", "code", "stride"]
    # 3 * 11 * 11 products for each of 64 * 55 * 55 values: 70.3 millions.
    assert conv.split() == [
        *("features.0", "(conv1)", "64", "x", "55", "x", "55", "4", "11", "px"),
        *("70.3", "M", *conv.split()[12:]),
    ]
    assert conv.endswith(" 2")
    assert relu.startswith("features.1 (relu1)")
    assert summary.startswith("2 layers; images of 224 x 224 pixels; weights 244.4 MB")


def test_a_representation_of_the_params(listed):
    _, row, _ = listed("hogb")
    assert row.split()[:7] == ["hog", "27", "x", "4", "x", "4", "8"]


def test_tokens_are_called_so(listed):
    _, row, _ = listed("vit_b_16", "--layers", "encoder.dropout")
    assert "768 x 197 tokens" in row


def test_a_name_that_is_nothing_tells_what_there_is(listed):
    with pytest.raises(Refusal, match=r"none of the .*\(hog, hogb\).*near to it are"):
        listed("resnet19")


def test_a_pattern_that_fits_nothing(listed):
    with pytest.raises(Refusal, match="fits none of"):
        listed("alexnet", "--layers", "lrn*")


def test_the_last_pooling_of_alexnet_and_what_a_dense_layer_sees(listed):
    _, pool5, _ = listed("alexnet", "--layers", "pool5")
    assert "256 x 6 x 6      32  195 px" in pool5
    _, fc6, _ = listed("alexnet", "--layers", "fc6")
    assert "4096 x 1 x 1      32  whole image" in fc6


@pytest.mark.parametrize(
    ("geometry", "rows", "told"),
    [
        (Geometry(32, 307, -153), 7, "307 px"),  # the last one begins 39 pixels in
        (Geometry(32, 435, -217), 7, "435 px"),  # the first one ends 6 pixels early
        (Geometry(32, 416, -192), 7, "whole image"),
        (Geometry(32, 355, -66), 1, "whole image"),
        (Geometry(4, 11, -2), 55, "11 px"),
    ],
)
def test_a_field_is_the_whole_image_if_each_cell_sees_it(geometry, rows, told):
    assert listing.sees(geometry, rows, 224) == told


def rows_of(name):
    """Return the table of a model, and the seconds that it took to compute."""
    start = process_time()
    defined = definition(listing.chosen(name, Path("none.yaml"), None))
    rows = list(listing.table(defined, "*"))
    return rows, process_time() - start


@pytest.mark.no_cover
@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "regnet_y_400mf"])
def test_a_model_of_many_layers_is_listed_at_once(name):
    rows, seconds = rows_of(name)
    assert len(rows) > 150
    assert seconds < 20
