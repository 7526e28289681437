"""torchvision's models, and the literature's names of their layers."""

from dataclasses import replace

import pytest
import torch
import torchvision
from torch import nn

from stages.representations.zoo import (
    TorchvisionDefinition,
    paper_names,
    renamed,
    untrained,
)


@pytest.mark.parametrize("model", ["alexnet", "vgg11", "vgg16", "vgg13_bn"])
def test_paper_names_are_of_the_modules_that_they_say(model):
    with torch.device("meta"):
        network = untrained(model, 1000, 224)
    kinds = {
        "conv": nn.Conv2d,
        "relu": nn.ReLU,
        "pool": nn.MaxPool2d,
        "bn": nn.BatchNorm2d,
        "fc": nn.Linear,
    }
    names = paper_names(model)
    for name, path in names.items():
        kind = kinds[name.rstrip("_0123456789")]
        assert isinstance(network.get_submodule(path), kind), (name, path)
    assert len(set(names.values())) == len(names)


def test_every_convolution_of_vgg_has_a_name():
    network = torchvision.models.vgg19
    with torch.device("meta"):
        modules = network(weights=None).features
    named = {p for n, p in paper_names("vgg19").items() if n.startswith("conv")}
    assert named == {
        f"features.{i}" for i, m in enumerate(modules) if isinstance(m, nn.Conv2d)
    }


def test_other_models_have_their_own_names_alone():
    assert paper_names("resnet18") == {}


def test_old_names_of_densenet_are_today_s():
    old = "features.denseblock1.denselayer1.norm.1.weight"
    new = "features.denseblock1.denselayer1.norm1.weight"
    weight = torch.zeros(1)
    assert renamed("densenet121", {old: weight}) == {new: weight}
    with torch.device("meta"):
        assert new in untrained("densenet121", 1000, 224).state_dict()
    assert renamed("resnet18", {old: weight}) == {old: weight}


def test_models_that_are_built_otherwise_for_weights():
    with torch.device("meta"):
        network = untrained("googlenet", 1000, 224)
    assert network.transform_input
    assert any(name.startswith("aux1.") for name in network.state_dict())


def test_random_weights_follow_their_seed_and_classes_the_definition():
    def code(**changes):
        made = replace(DEFINED, **changes).build()
        return made.cut(made.layers[-1])(torch.full((1, 3, 64, 64), 90.0))

    first, again, other = code(), code(), code(seed=1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (first.shape[1], code(classes=4).shape[1]) == (7, 4)


MEAN, STD = (120.0, 115.0, 100.0), (58.0, 57.0, 56.0)
DEFINED = TorchvisionDefinition(64, "squeezenet1_1", 7, MEAN, STD)
