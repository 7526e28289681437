"""Representations out of the params: definitions, files of weights, shapes, costs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import torch
from pydantic import TypeAdapter
from safetensors.torch import save_file

from stages import extract, invert
from stages.params import representations
from stages.params.representations import Kind, Representation, RepresentationSettings
from stages.plan.representations import code_shape, definition, embedded_file, outline
from stages.process.stage import Refusal
from stages.representations.definition import Definition, WeightsFile
from stages.representations.hog import Hog, HogDefinition
from stages.store import paths, tables
from stages.store.file_hash import file_hash
from stages.weights import kept
from tests.conftest import PARAMS


def defined(**values):
    return definition(TypeAdapter(RepresentationSettings).validate_python(values))


RANDOM = {
    "hog": {},
    "dsift": {},
    "caffenet": {"weights": "random"},
    "torchvision": {"model": "resnet18", "weights": "random"},
    "timm": {"model": "resnet18", "weights": "random"},
    "custom": {"callable": "torchvision.models:squeezenet1_1"},
}


@pytest.mark.parametrize("kind", representations.KINDS)
def test_every_kind_makes_a_definition_that_builds_without_weights(kind):
    found = defined(kind=kind, **RANDOM[kind])
    phi = outline(found)
    assert phi is outline(found)
    layer = phi.layers[0]
    assert code_shape(found, layer) == phi.code_shape(layer, found.side)


def test_the_code_shape_is_that_of_one_image():
    assert code_shape(defined(kind="hog", side=40, orientations=3), "hog") == (9, 5, 5)
    assert code_shape(defined(kind="dsift", side=40, bin=3), "dsift")[0] == 16 * 8


def test_settings_are_the_fields_of_the_definition():
    found = defined(kind="hog", side=32, cell=4, assignment="bilinear")
    assert found == HogDefinition(side=32, cell=4, assignment="bilinear")


def test_published_weights_are_known_by_their_hash_once_they_are_fetched(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    wanted = {"kind": "torchvision", "model": "alexnet"}
    assert defined(**wanted).weights == WeightsFile(Path("anywhere"), None)
    settings = TypeAdapter(RepresentationSettings).validate_python(wanted)
    place = kept.place(settings.weights_file)
    place.parent.mkdir(parents=True)
    save_file({"a": torch.zeros(1)}, place)
    assert defined(**wanted).weights.sha256 == file_hash(place)


def test_one_s_own_file_must_be_there_and_be_the_one_that_is_wanted(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    wanted = {"kind": "custom", "callable": "a:b", "weights": "w.safetensors"}
    with pytest.raises(ValueError, match=r"`weights` w\.safetensors is not there"):
        defined(**wanted)
    save_file({"a": torch.zeros(1)}, "w.safetensors")
    digits = file_hash(Path("w.safetensors"))
    assert defined(**wanted, sha256=digits) == defined(**wanted)
    with pytest.raises(ValueError, match=f"has the sha256 {digits}, another is wanted"):
        defined(**wanted, sha256="0" * 64)


def test_a_network_of_the_project_that_has_gone_is_refused_with_what_to_do(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(paths, "embedded", lambda name: tmp_path / f"{name}.none")
    with pytest.raises(Refusal, match=r"`git checkout -- data/embedded` brings it bac"):
        embedded_file("caffenet")


# a kind of one's own ----------------------------------------------------------------


class CoarseSettings(Representation):
    """HOG of so many cells a side: what params may hold."""

    kind: Literal["coarse"]
    cells: int = 2


@dataclass(frozen=True)
class CoarseDefinition(Definition):
    """HOG of so many cells a side."""

    cells: int

    def build(self, *, trained: bool = True) -> Hog:
        return Hog(cell=self.side // self.cells)


def test_a_kind_is_added_by_its_row_alone(monkeypatch, small_study):
    row = Kind(CoarseSettings, f"{__name__}:CoarseDefinition")
    monkeypatch.setitem(representations.KINDS, "coarse", row)
    hogb = "  hogb: {kind: hog, side: 32, assignment: bilinear}"
    text = PARAMS.replace(hogb, "  hogb: {kind: coarse, side: 32, cells: 4}")
    small_study(text.replace("[hog, hogb], seeds: 2", "hogb"), ("oval",))
    for stage in (extract, invert):
        stage.main()
    rows = list(tables.rows(paths.PREIMAGES, ["representation", "status"]))
    assert [tuple(row.values()) for row in rows] == [("hogb", "done")] * 2
