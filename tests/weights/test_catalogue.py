"""The files that the project knows are those that are published."""

import pytest
import torchvision

from stages.metrics.perceptual import SMALLEST_SIDES
from stages.weights import catalogue
from stages.weights.catalogue import (
    BACKBONES,
    EFFICIENTNET_LITE0,
    FEATURES,
    backbone,
    caffe_reference,
    torchvision_file,
)
from stages.weights.description import Package, Torchvision, Url

PUBLISHED = {
    "squeezenet1_1": torchvision.models.SqueezeNet1_1_Weights,
    "alexnet": torchvision.models.AlexNet_Weights,
    "vgg16": torchvision.models.VGG16_Weights,
}


@pytest.mark.parametrize("model", FEATURES)
def test_features_are_in_torchvisions_file_known_by_the_digits_in_its_name(model):
    """Address and size stand in torchvision's own tables of weights."""
    source = FEATURES[model].sources[0]
    published = PUBLISHED[model].IMAGENET1K_V1
    assert isinstance(source, Url)
    assert source.address == published.url
    assert source.known_hash == f"prefix:{published.url[-12:-4]}"
    assert source.megabytes == round(published.meta["_file_size"])
    assert source.form == Torchvision(model, part="features.")


def test_every_backbone_of_lpips_has_a_file():
    assert BACKBONES.keys() == SMALLEST_SIDES.keys()
    assert backbone("alex") is FEATURES["alexnet"]


def test_a_model_of_torchvisions_is_known_by_its_address():
    address = "https://host/models/vit_b_16-c867db91.pth"
    form = Torchvision("vit_b_16", 1000, 224)
    file = torchvision_file(form, address)
    (source,) = file.sources
    assert source.form == form
    assert file.name == "vit_b_16-c867db91"
    assert (source.address, source.file) == (address, "vit_b_16-c867db91.pth")
    assert source.known_hash == "prefix:c867db91"


def test_the_authors_file_has_the_hash_that_is_stated_or_any():
    assert caffe_reference(227).sources[0].known_hash == "any"
    assert caffe_reference(227, "1" * 64).sources[0].known_hash == "1" * 64
    assert caffe_reference(227).sources[0].address == catalogue.CAFFE_ADDRESS


def test_files_in_packages_are_known_by_all_digits():
    files = [*FEATURES.values(), EFFICIENTNET_LITE0]
    packages = [s for file in files for s in file.sources if isinstance(s, Package)]
    assert len(packages) == 3
    for package in packages:
        assert len(package.sha256) == len(package.member_sha256) == 64
        assert package.version in package.file
        assert package.licence
