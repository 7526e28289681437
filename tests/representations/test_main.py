"""The list of a representation's layers, as a user types for it."""

import sys
from pathlib import Path

import pytest

from stages.process.stage import Refusal
from stages.representations import __main__ as listing
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
    assert conv.endswith(" 6")
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
