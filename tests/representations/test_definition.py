"""Definitions: small, told apart by all their fields, and free of weights."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stages.representations.definition import WeightsFile
from stages.representations.dsift import DsiftDefinition
from stages.representations.hog import HogDefinition

HOG = HogDefinition(side=32)


def test_a_definition_is_a_key_and_survives_pickling():
    again = pickle.loads(pickle.dumps(HOG))
    assert (again, hash(again)) == (HOG, hash(HOG))


def test_its_identity_holds_every_field_and_its_class():
    assert HOG.identity() == {
        **{"class": "HogDefinition", "side": 32},
        **{"cell": 8, "orientations": 9, "assignment": "hard"},
    }
    assert DsiftDefinition(side=32).identity()["class"] == "DsiftDefinition"


def test_only_networks_of_the_user_s_own_have_own_code():
    assert HOG.own_code() is None


def test_weights_are_known_by_what_is_in_their_file():
    here, there = (WeightsFile(Path(name), "0" * 64) for name in "ab")
    assert here == there != WeightsFile(Path("a"), "1" * 64)


def test_until_they_are_fetched_weights_are_known_by_their_name():
    alexnet, vgg16 = (WeightsFile(Path(f"{n}.safetensors"), None) for n in "ab")
    assert len({alexnet.content, vgg16.content, None}) == 3
    assert WeightsFile(alexnet.path, "0" * 64).content == "0" * 64


def test_a_file_gives_its_tensors(tmp_path):
    save_file({"a": torch.arange(3.0)}, tmp_path / "w.safetensors")
    (read,) = WeightsFile(tmp_path / "w.safetensors", None).tensors().values()
    assert read.tolist() == [0, 1, 2]
    with pytest.raises(FileNotFoundError):
        WeightsFile(tmp_path / "none.safetensors", None).tensors()
