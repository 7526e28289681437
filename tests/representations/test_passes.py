"""One pass gives the codes that a cut at each layer gives, to the byte."""

import sys
from itertools import count

import pytest
import torch

from stages.execution.coding import codes_of_layers
from stages.representations.custom import CustomDefinition
from stages.representations.definition import WeightsFile
from stages.representations.hog import HogDefinition
from stages.representations.loading import cut
from stages.representations.trained_caffenet import CaffenetDefinition
from stages.representations.zoo import TorchvisionDefinition
from stages.store import paths

CPU = torch.device("cpu")
LIKE = WeightsFile(paths.embedded("caffenet"), None)
CENTRE = {"mean": (124.0, 116.0, 104.0), "std": (58.0, 57.0, 57.0)}
SQUEEZENET = TorchvisionDefinition(64, "squeezenet1_1", 10, **CENTRE)


def images(defined, n=3):
    generator = torch.Generator().manual_seed(0)
    shape = (n, 1 if defined.descriptor else 3, defined.side, defined.side)
    return 255 * torch.rand(shape, generator=generator)


def collected(defined, layers, pixels):
    """Return copies of the codes by layer, in the order in which they came."""
    codes = {}
    with torch.no_grad():
        codes_of_layers(
            defined, layers, pixels, lambda k, v: codes.update({k: v.clone()}), CPU
        )
    return codes


def check(defined, layers, pixels):
    """Check the codes of one pass against those of a cut at each layer."""
    found = collected(defined, layers, pixels)
    assert sorted(found) == sorted(layers)
    with torch.no_grad():
        for layer in layers:
            assert torch.equal(found[layer], cut(defined, layer, CPU)(pixels)), layer
    return found


@pytest.mark.parametrize(
    ("defined", "layers"),
    [
        (HogDefinition(side=32, assignment="bilinear"), ["hog"]),
        (CaffenetDefinition(64, like=LIKE), ["conv1", "norm2", "relu5", "fc8"]),
        (SQUEEZENET, [f"features.{i}" for i in range(13)]),
    ],
    ids=["hog", "caffenet", "squeezenet"],
)
def test_every_layer_has_the_bytes_of_its_cut(defined, layers):
    check(defined, layers, images(defined))


OWN = """
import torch
from torch import nn

calls = []

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.relu = nn.Conv2d(3, 4, 3), nn.ReLU()
        self.second, self.last = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        self.attention = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        self.tokens = nn.Identity()
    def forward(self, images):
        if images.device.type != "meta":
            calls.append(len(images))
        code = self.first(images)
        kept = self.relu(code)
        code.mul_(2)
        code = self.relu(self.second(kept))
        if images.device.type != "meta" and images.mean() > 200:
            return code
        if images.device.type != "meta" and images.mean() < 1:
            raise ZeroDivisionError
        code = self.last(code)
        tokens = self.tokens(code.flatten(2).transpose(1, 2))
        return self.attention(tokens)
"""
# A network is made once a process for each definition.
SEEDS = count()


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a network that writes into its codes, and the lengths of its passes."""
    (tmp_path / "own_of_passes.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    mean = (0.0, 0.0, 0.0)
    defined = CustomDefinition(9, "own_of_passes:Net", mean, seed=next(SEEDS))
    defined.build()
    calls = sys.modules["own_of_passes"].calls
    calls.clear()
    yield defined, calls
    del sys.modules["own_of_passes"]


def test_a_code_is_that_before_the_network_writes_into_it(own):
    defined, _ = own
    found = check(defined, ["first", "relu", "relu_1"], images(defined) / 2)
    assert not torch.equal(found["relu"], found["relu_1"])


def test_tokens_and_attention_have_the_bytes_of_their_cuts(own):
    defined, _ = own
    layers = ["first", "tokens", "attention.linear1", "attention"]
    check(defined, layers, images(defined) / 2)


def test_one_pass_is_enough_and_ends_at_the_last_layer(own):
    defined, calls = own
    found = collected(defined, ["relu_1", "first"], images(defined) * 0)
    # In the order of the network; what comes after relu_1 would raise.
    assert list(found) == ["first", "relu_1"]
    assert calls == [3]


def test_a_layer_that_is_not_reached_is_named(own):
    defined, _ = own
    with pytest.raises(ValueError, match="`layer` last was not reached: the network"):
        collected(defined, ["first", "last"], images(defined) * 0 + 255)


def test_no_hook_is_left_behind(own):
    defined, _ = own
    collected(defined, ["first", "relu"], images(defined))
    network = cut(defined, "first", CPU)._callable
    assert not any(module._forward_hooks for module in network.modules())


def test_names_of_one_point_have_one_code():
    alexnet = TorchvisionDefinition(64, "alexnet", 10, **CENTRE, features=True)
    check(alexnet, ["relu5", "features.11"], images(alexnet))
