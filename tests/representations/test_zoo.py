"""What torchvision publishes of its models, and the literature's names of layers."""

import pytest
import torch
import torchvision
from torch import nn

from stages.representations.zoo import paper_names, published, renamed, untrained


def test_published_weights_of_a_model():
    found = published("resnet18", "DEFAULT")
    assert found.entry == "IMAGENET1K_V1"
    assert (found.file, found.prefix) == ("resnet18-f37072fd.pth", "f37072fd")
    assert (found.side, found.classes) == (224, 1000)
    # torchvision's mean and deviation are of pixels in 0..1: .485 and .229 for red.
    assert found.mean[0] == pytest.approx(255 * 0.485)
    assert found.std[0] == pytest.approx(255 * 0.229)


def test_weights_for_larger_images_say_so():
    assert published("efficientnet_v2_s", "DEFAULT").side == 384


@pytest.mark.parametrize(
    ("model", "entry", "match"),
    [
        ("resnet19", "DEFAULT", r"`model` 'resnet19' .* near to it are resnet1"),
        ("resnet18", "IMAGENET", r"`weights` 'IMAGENET' .* IMAGENET1K_V1"),
        ("fcn_resnet50", "DEFAULT", "`model` 'fcn_resnet50' is not one"),
    ],
)
def test_a_wrong_name_tells_those_near_to_it(model, entry, match):
    with pytest.raises(ValueError, match=match):
        published(model, entry)


@pytest.mark.parametrize("model", ["alexnet", "vgg11", "vgg16", "vgg13_bn"])
def test_paper_names_are_of_the_modules_that_they_say(model):
    with torch.device("meta"):
        network = untrained(published(model, "DEFAULT"))
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
        assert new in untrained(published("densenet121", "DEFAULT")).state_dict()
    assert renamed("resnet18", {old: weight}) == {old: weight}


def test_models_that_are_built_otherwise_for_weights():
    with torch.device("meta"):
        network = untrained(published("googlenet", "DEFAULT"))
    assert network.transform_input
    assert any(name.startswith("aux1.") for name in network.state_dict())
