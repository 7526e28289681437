"""What torchvision publishes of its models: found by name, without building any."""

import pytest

from stages.params.zoo import published


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
