"""What stages read of the fetched weights: tensors, hashes, the manifest."""

import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from stages.metrics.perceptual import SMALLEST_SIDES
from stages.metrics.schema import scores_schema
from stages.params.fetching import BACKBONE_SIDES
from stages.process.stage import Refusal
from stages.store import files, paths
from stages.weights import kept
from stages.weights.catalogue import FEATURES
from tests.weights.packages import sha256

FILE = FEATURES["alexnet"]


@pytest.fixture(autouse=True)
def folder(here):
    paths.NETWORKS.mkdir(parents=True)
    kept.LPIPS.mkdir()


def write(**statuses):
    entries = {name: {"status": status} for name, status in statuses.items()}
    files.write_json(paths.WEIGHTS_MANIFEST, {"networks": {}, "lpips": entries})


def test_before_anything_was_fetched_there_is_nothing():
    assert kept.manifest()["networks"] == kept.manifest()["lpips"] == {}
    assert kept.unreachable() == []
    assert kept.backbones() == {}
    assert kept.weights_hash(FILE) is None
    with pytest.raises(Refusal, match=r"alexnet-features.* is not there; `dvc repro"):
        kept.tensors(FILE)


def test_tensors_and_their_hash_are_those_of_the_kept_file():
    for value in (1.0, 2.0):
        with files.replacing(kept.place(FILE)) as temporary:
            save_file({"a": torch.full((2,), value)}, temporary)
        assert kept.tensors(FILE)["a"].tolist() == [value, value]
        assert kept.weights_hash(FILE) == sha256(kept.place(FILE).read_bytes())


def test_backbones_are_those_that_were_fetched_and_no_others():
    write(alex="fetched", vgg="unreachable")
    for name in ("alex", "vgg"):
        save_file({"a": torch.zeros(1)}, kept.backbone_place(name))
    assert kept.backbones() == {"alex": kept.backbone_place("alex")}
    assert list(kept.missing(kept.manifest()["lpips"])) == ["vgg"]


def test_a_backbone_that_has_gone_is_refused_with_what_to_do():
    write(alex="fetched")
    with pytest.raises(Refusal, match="is not there; `dvc repro -f fetch` writes it"):
        kept.backbones()


def test_networks_that_could_not_be_had_are_named_without_the_manifest():
    files.write_json(kept.UNREACHABLE, {"net": "no network"})
    assert kept.unreachable() == ["net"]


def test_every_backbone_has_a_column_and_so_has_what_stands_in():
    scores = scores_schema()
    columns = {name for name in scores.names if name.startswith("lpips")}
    assert columns == {kept.column(name) for name in SMALLEST_SIDES}
    assert kept.STAND_IN in scores.names
    for name in SMALLEST_SIDES:
        field = scores.field(kept.column(name))
        assert field.nullable
        assert field.metadata[b"unit"] == b"1"
        assert f"LPIPS v0.1, backbone {name}".encode() in field.metadata[b"meaning"]


def test_smallest_sides_of_the_params_are_those_of_the_metric():
    assert BACKBONE_SIDES == SMALLEST_SIDES


def test_readers_of_the_manifest_import_no_downloader_and_no_torch():
    code = "import sys, stages.weights.kept, stages.weights.catalogue; "
    code += "print(*{'torch', 'requests', 'pooch', 'scipy'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=files.__file__.rpartition("/stages/")[0],
    )
    assert done.stdout.strip() == ""
