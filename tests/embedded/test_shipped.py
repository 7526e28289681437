"""The networks that are in Git: whole, small enough, and as good as their cards say."""

import json

import pytest
import torch

from data.embedded import weights
from data.embedded.card import card
from data.embedded.evaluate import figures, shipped
from data.embedded.networks import NAMES
from data.embedded.recipe import HERE, settings

pytestmark = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def path(name):
    found = HERE / f"{name}.safetensors"
    if not found.exists():
        pytest.skip(f"{name} is not shipped yet: no {found.name} in data/embedded")
    return found


@pytest.fixture
def told(name, path):
    """Return the figures that are shipped with the network."""
    found = path.with_suffix(".json")
    if not found.exists():
        pytest.skip(f"{name} is not evaluated yet: no {found.name} in data/embedded")
    return json.loads(found.read_text())


def test_weights_load_and_are_small_enough(path, name):
    plain, metadata = shipped(name)
    assert metadata["network"] == name
    assert json.loads(metadata["architecture"]) == settings(name)["architecture"]
    assert path.stat().st_size <= 8_000_000
    scores = plain(torch.rand(2, 3, 64, 64) * 255).flatten(1)
    assert scores.shape == (2, 200)
    assert scores.isfinite().all()


def test_figures_belong_to_the_weights(path, told):
    tensors, metadata = weights.read(path)
    assert told["sha256"] == weights.sha256(path)
    assert told["bytes"] == path.stat().st_size
    assert told["n_parameters"] == sum(tensor.numel() for tensor in tensors.values())
    assert told["finished"] == json.loads(metadata["finished"])
    assert told["step"] == int(metadata["step"])


def test_card_says_what_the_figures_say(path, told, name):
    plain, _ = shipped(name)
    assert path.with_suffix(".md").read_text() == card(
        name, plain, settings(name), told
    )


@pytest.mark.slow
def test_evaluation_gives_the_figures_again(path, told, name):
    source = settings(name)["pictures"]
    if not (source / "val.parquet").exists():
        pytest.skip(f"the held-out pictures of Tiny ImageNet are not at {source}")
    found = figures(name)
    # Another machine rounds otherwise: a few pictures of 5000 may change sides.
    for key in ("top1", "top5"):
        assert found[key] == pytest.approx(told[key], abs=0.002)
    assert found["rms"] == pytest.approx(told["rms"], rel=0.01)
    for key in ("n_val", "n_train", "n_parameters", "sha256"):
        assert found[key] == told[key]
