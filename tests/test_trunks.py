"""What the scores and the report read of the trunks: weights, metrics, the manifest."""

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from stages import store, trunks
from stages.execution.process import Refusal
from stages.metrics.perceptual import SMALLEST_SIDES, Lpips
from stages.metrics.schema import scores_schema
from stages.params import TRUNK_SIDES

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def features():
    state = torchvision.models.squeezenet1_1().state_dict()
    return {name: w for name, w in state.items() if name.startswith("features.")}


def write(**statuses):
    entries = {name: {"status": status} for name, status in statuses.items()}
    store.write_json(store.WEIGHTS_MANIFEST, {"trunks": entries, "embedded": []})


def test_before_anything_was_fetched_there_is_nothing():
    assert trunks.manifest() == {"trunks": {}, "embedded": []}
    assert trunks.trunk_weights("squeeze") is None
    assert trunks.lpips_metrics(CPU) == {}


def test_metric_of_a_fetched_trunk_is_lpips_under_its_columns_name():
    state = features()
    write(squeeze="fetched")
    save_file(state, trunks.weights_file("squeeze"))
    found = trunks.trunk_weights("squeeze")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    ((name, metric),) = trunks.lpips_metrics(CPU).items()
    images = torch.rand(2, 3, 32, 32) * 255
    expected = Lpips("squeeze", state)(images, images.flip(3))
    assert name == "lpips_squeeze"
    assert metric(images, images.flip(3)).tolist() == expected.tolist()


def test_unreachable_trunk_gives_no_metric_even_if_an_old_file_lies_there():
    write(squeeze="unreachable")
    save_file(features(), trunks.weights_file("squeeze"))
    assert trunks.trunk_weights("squeeze") is None
    assert trunks.lpips_metrics(CPU) == {}


def test_file_that_has_gone_is_refused_with_what_to_do():
    write(squeeze="fetched")
    with pytest.raises(Refusal, match="is not there; `dvc repro -f fetch` writes it"):
        trunks.lpips_metrics(CPU)


def test_every_trunk_has_a_column_and_so_has_what_stands_in():
    columns = {name for name in scores_schema().names if name.startswith("lpips")}
    assert columns == {trunks.column(trunk) for trunk in SMALLEST_SIDES}
    assert trunks.STAND_IN in scores_schema().names
    for trunk in SMALLEST_SIDES:
        field = scores_schema().field(trunks.column(trunk))
        assert field.nullable
        assert field.metadata[b"unit"] == b"1"
        assert f"LPIPS v0.1, backbone {trunk}".encode() in field.metadata[b"meaning"]


def test_smallest_sides_of_the_params_are_those_of_the_metric():
    assert TRUNK_SIDES == SMALLEST_SIDES
