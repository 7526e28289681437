"""Figures of a made-up study: which there are, and what they show."""

import pandas as pd
import pytest
from PIL import Image

from stages.page.conclusions import conclusions
from stages.page.plates import files
from stages.page.plates.tiles import GAP, LEFT, SIDE
from stages.store import paths
from tests.page.browser import fake

LAYERS = ["conv1", "conv2", "fc8"]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that writes a study's figures and returns their names."""
    monkeypatch.chdir(tmp_path)

    def write(changes=lambda *_: {}, layers=LAYERS, seeds=1, fields=None):
        fake.write_study(["cat", "dog"], layers, seeds, changes)
        scores = pd.read_parquet(paths.SCORES)
        known = conclusions(scores, fake.inputs())
        files.write_figures(scores, known, {"net": fields or {}})
        return {path.stem for path in paths.FIGURES.glob("*.png")}

    return write


def test_windows_become_shares_of_the_side():
    fields = [("net", "conv1", "all", [0, 16, 8, 32])]
    assert files.shares(fields, {"net": 32, "hog": 128}) == {
        "net": {("conv1", "all"): (0, 0.5, 0.25, 1.0)},
        "hog": {},
    }


def test_whole_codes_are_shown_by_depth(written):
    names = written()
    assert {"depth-net", "layers-net", "error-by-depth", "traces"} <= names
    assert not any(name.startswith(("streams", "regions")) for name in names)
    with Image.open(paths.FIGURES / "depth-net.png") as figure:
        assert figure.width == LEFT + 4 * (SIDE + GAP) + GAP
    assert {path.stem for path in paths.FIGURES.glob("*.svg")} == names


def test_a_single_layer_is_shown_beside_other_representations(written):
    names = written(layers=["fc8"])
    assert "representations" in names
    assert "depth-net" not in names


def test_seeds_streams_and_regions_have_figures_of_their_own(written):
    def changes(i, depth, seed):
        halves = {0: {"channels": "first-half"}, 1: {"channels": "second-half"}}
        part = {"region": "centre 2", "window": [3, 5, 3, 5]}
        return {0: halves[seed], 1: part, 2: {}}[depth]

    fields = {("conv2", "centre 2"): (0.25, 0.75, 0.25, 0.75)}
    names = written(changes, seeds=2, fields=fields)
    assert {"seeds-net", "streams-net", "regions-net"} <= names


def test_only_the_pictures_that_are_shown_are_read(written, monkeypatch):
    monkeypatch.setattr(files, "MOST_PICTURES", 1)
    asked = []
    preimages = files._preimages
    monkeypatch.setattr(
        files, "_preimages", lambda keys: asked.append(keys) or preimages(keys)
    )
    written(seeds=2)
    assert {key.split("k")[0] for key in asked[0]} == {"0"}
