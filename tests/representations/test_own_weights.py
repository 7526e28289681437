"""The user's own files of weights: unwrapped where it is plain, else told in words."""

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn

from stages.representations.own_weights import fitted, read_own


def network(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.module = nn.Linear(2, 2)


def put(path, value):
    torch.save(value, path / "w.pt")
    return path / "w.pt"


def prefixed(prefix, state):
    return {prefix + name: value for name, value in state.items()}


STATE = network().state_dict()
WRAPPED = {
    "plain": (STATE, ()),
    "state_dict": ({"state_dict": STATE, "epoch": 3}, ("from under `state_dict`",)),
    "model": ({"model": STATE, "optimizer": {}}, ("from under `model`",)),
    "model_state_dict": ({"model_state_dict": STATE}, ("under `model_state_dict`",)),
    "twice": ({"model": {"state_dict": STATE}}, ("`model`", "`state_dict`")),
    "parallel": (prefixed("module.", STATE), ("without `module.`",)),
    "compiled": (prefixed("_orig_mod.", STATE), ("without `_orig_mod.`",)),
    "both": (
        {"model": prefixed("_orig_mod.module.", STATE)},
        ("under `model`", "`_orig_mod.`", "`module.`"),
    ),
    "half": (
        {n: one.half() if one.is_floating_point() else one for n, one in STATE.items()},
        ("half precision made single",),
    ),
    "older": (
        {n: one for n, one in STATE.items() if "num_batches" not in n},
        (),
    ),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_states_are_unwrapped_and_what_was_unwrapped_is_said(tmp_path, kind):
    value, said = WRAPPED[kind]
    found = fitted(read_own(put(tmp_path, value)), network(1))
    assert len(found.said) == len(said)
    assert all(part in whole for part, whole in zip(said, found.said, strict=True))
    other = network(1)
    other.load_state_dict(found.tensors)
    for name, one in other.state_dict().items():
        tolerance = 1e-3 if kind == "half" else 0
        torch.testing.assert_close(one, STATE[name], rtol=tolerance, atol=tolerance)
        assert found.tensors[name].dtype == STATE[name].dtype


def test_a_child_that_is_called_module_keeps_its_name(tmp_path):
    state = Inner().state_dict()
    found = fitted(read_own(put(tmp_path, state)), Inner())
    assert found.tensors.keys() == state.keys()
    assert found.said == ()


def test_tied_weights_that_safetensors_left_out_come_back(tmp_path):
    saved = Tied()
    save_model(saved, f"{tmp_path / 'tied.safetensors'}")
    read = read_own(tmp_path / "tied.safetensors")
    assert len(read.tensors) == 1
    found = fitted(read, Tied())
    assert found.tensors.keys() == {"first.weight", "second.weight"}
    assert torch.equal(found.tensors["second.weight"], saved.first.weight)
    assert "tied weights: " in found.said[0]


def test_tied_weights_are_known_on_the_meta_device_too(tmp_path):
    save_model(Tied(), f"{tmp_path / 'tied.safetensors'}")
    with torch.device("meta"):
        empty = Tied()
    assert len(fitted(read_own(tmp_path / "tied.safetensors"), empty).tensors) == 2


def altered(**changes):
    return {**STATE, **changes}


MISTAKES = {
    "missing": ({n: one for n, one in STATE.items() if n != "0.bias"}, "missing are 0"),
    "too many": (altered(extra=torch.zeros(1)), "too many are extra"),
    "shape": (altered(**{"0.bias": torch.zeros(5)}), "of another shape are 0.bias"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_weights_that_are_not_the_networks_are_told_by_name(tmp_path, kind):
    value, match = MISTAKES[kind]
    read = read_own(put(tmp_path, value))
    with pytest.raises(ValueError, match=match):
        fitted(read, network())


UNREADABLE = {
    "nan": (altered(**{"0.bias": torch.full((4,), torch.nan)}), "NaN is in 0.bias"),
    "module": (network(), "pickled objects: save the module's `state_dict"),
    "list": ([torch.zeros(1)], "must hold named tensors, got a list"),
    "number": (altered(epoch=3), "'epoch' is a int"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_files_of_other_things_are_one_mistake(tmp_path, kind):
    value, match = UNREADABLE[kind]
    with pytest.raises(ValueError, match=match):
        read_own(put(tmp_path, value))


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("data", [b"", b"<html>", b"\x00" * 100])
def test_damaged_files_are_one_mistake(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name} cannot be read: "):
        read_own(tmp_path / name)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match="is not there"):
        read_own(tmp_path / "w.pt")


def test_infinities_of_masks_are_no_mistake(tmp_path):
    save_file({"mask": torch.tensor([0.0, -torch.inf])}, tmp_path / "m.safetensors")
    assert read_own(tmp_path / "m.safetensors").tensors["mask"].isinf().any()
