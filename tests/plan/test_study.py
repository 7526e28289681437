"""A params file as stages take it: checked whole, nothing opened, missing left out."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import safetensors.torch
from PIL import Image

from stages.params.mistakes import ParamsError
from stages.plan.missing import missing
from stages.plan.study import available, expand, extract_stage, fetch_stage, ready
from stages.process.stage import Refusal
from stages.representations.definition import WeightsFile
from stages.store import files, paths
from stages.weights import kept

ROOT = Path(__file__).parents[2]
STUDY = """\
fetch: {images: {source: builtin, names: [astronaut]}}
representations:
  hog: {kind: hog, side: 32}
  alexnet: {kind: torchvision, model: alexnet}
priors: {default: {lambda_tv: 0.5}}
solvers: {fast: {kind: fast, steps: 12}}
grid:
  - {representation: [hog, alexnet], layers: ["*"], channels: [[0], [1]]}
  - {representation: alexnet, layers: [relu5, relu1]}
execution: {}
report: {}
"""


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(STUDY)
    return tmp_path / "params.yaml"


def test_the_grid_is_spelled_out_once_in_its_order(params):
    first, second = expand(params).entries
    assert {one.representation for one in first.settings} == {"hog", "alexnet"}
    assert [one.layer for one in second.settings] == ["relu5", "relu1"]
    assert [one.channels for one in first.settings[:2]] == ["0", "1"]


def test_checking_opens_no_picture_and_no_weights(monkeypatch):
    def opened(*arguments, **options):
        pytest.fail(f"opened {arguments}")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(Image, "open", opened)
    monkeypatch.setattr(WeightsFile, "tensors", opened)
    monkeypatch.setattr(safetensors.torch, "load_file", opened)
    monkeypatch.setattr("torch.load", opened)
    assert expand(ROOT / "stages/presets/embedded.yaml").entries


def test_a_denoiser_that_is_none_is_a_mistake_in_its_prior(params, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"no weights")
    network = paths.embedded("caffenet").absolute()
    wrong = {
        "lost": "is not there",
        f"{other}": "cannot be read as a denoiser",
        f"{network}": "holds another network",
    }
    for name, why in wrong.items():
        given = f"priors: {{default: {{denoiser: '{name}', lambda_denoiser: 1}}}}"
        lines = STUDY.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("priors:"))
        params.write_text("\n".join([*lines[:at], given, *lines[at + 1 :]]))
        with pytest.raises(ParamsError, match=rf"priors\.default\.denoiser: .*{why}"):
            expand(params)


def test_a_representation_that_gives_no_code_is_told_and_left_out(params):
    params.write_text(
        STUDY.replace("kind: hog, side: 32", "kind: dsift, side: 32, bin: 8")
    )
    with pytest.raises(ParamsError) as caught:
        expand(params)
    (line,) = [one for one in f"{caught.value}".splitlines() if one.startswith("  ")]
    assert line.startswith("  representations.hog: ")
    assert "a descriptor of 4x4 cells" in line


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied there")
def test_a_network_that_ends_the_process_which_looks_at_it_is_a_mistake(params):
    place = params.parent / "data/models/ending.py"
    place.parent.mkdir(parents=True)
    place.write_text("import os\ndef make():\n    return lambda x: os._exit(9)\n")
    own = '{kind: custom, callable: "ending:make", side: 32}'
    params.write_text(STUDY.replace("{kind: hog, side: 32}", own))
    with pytest.raises(ParamsError) as caught:
        expand(params)
    (line,) = [one for one in f"{caught.value}".splitlines() if one.startswith("  ")]
    assert line.startswith("  representations.hog: ")
    assert line.endswith("cannot be looked at: it ended its process with code 9")


def test_fetch_takes_pictures_and_what_is_named(params):
    stage = fetch_stage(params)
    assert stage.fetch.images.names == ["astronaut"]
    assert list(stage.representations) == ["hog", "alexnet"]


def unreachable(*names: str) -> None:
    kept.UNREACHABLE.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(kept.UNREACHABLE, dict.fromkeys(names, "no network"))


def test_what_could_not_be_fetched_is_left_out_and_named(params):
    unreachable("alexnet")
    study = available(expand(params), missing())
    why = "its weights could not be fetched"
    assert (list(study.definitions), study.missing) == (["hog"], {"alexnet": why})
    (entry,) = study.entries
    assert {one.representation for one in entry.settings} == {"hog"}
    assert extract_stage(params).layers == {"hog": ["hog"]}


def test_where_nothing_is_left_it_is_refused(params):
    unreachable("alexnet", "hog")
    with pytest.raises(Refusal, match=r"nothing is left to invert.*alexnet: .*hog: "):
        available(expand(params), missing())


def test_weights_that_are_not_there_are_refused(params):
    with pytest.raises(Refusal, match=r"alexnet.* is not there; `dvc repro -f fetch`"):
        ready(expand(params), missing())
    assert os.listdir(params.parent) == ["params.yaml"]


def test_what_has_no_code_is_left_out_with_the_reason(params):
    paths.LEFT_OUT.parent.mkdir(parents=True)
    files.write_json(paths.LEFT_OUT, {"alexnet": "conv1: its code is constant"})
    study = available(expand(params), missing())
    assert study.missing == {"alexnet": "conv1: its code is constant"}


def test_layers_are_extracted_from_shallow_to_deep_each_once(params):
    text = STUDY.replace("model: alexnet", "model: alexnet, weights: random")
    params.write_text(text.replace("[hog, alexnet]", "hog"))
    assert extract_stage(params).layers == {
        "hog": ["hog"],
        "alexnet": ["relu1", "relu5"],
    }
