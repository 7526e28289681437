"""Settings of networks: what may be asked for, and how a mistake is told."""

import pytest
from pydantic import TypeAdapter, ValidationError

from stages.params.representations import RepresentationSettings, TorchvisionSettings

FORM = TypeAdapter(RepresentationSettings)


def of(**values):
    return FORM.validate_python(values)


def test_the_side_is_that_of_the_weights_unless_given():
    net = {"kind": "torchvision", "model": "efficientnet_v2_s"}
    assert of(**net).side == of(**net, weights="random").side == 384
    assert of(**net, side=96).side == 96


def test_random_weights_see_what_the_default_ones_see():
    net = of(kind="torchvision", model="resnet18", weights="random", seed=3)
    assert isinstance(net, TorchvisionSettings)
    assert net.published.entry == "IMAGENET1K_V1"


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"kind": "torchvision"}, "model"),
        ({"kind": "torchvision", "model": "resnet19"}, "near to it are"),
        ({"kind": "torchvision", "model": 3}, "model"),
        (
            {"kind": "torchvision", "model": "resnet18", "weights": "V9"},
            "IMAGENET1K_V1",
        ),
        ({"kind": "torchvision", "model": "resnet18", "seed": 1}, "`seed` is for"),
        ({"kind": "caffenet", "weights": "authors"}, "are for `side: 227`"),
        ({"kind": "caffenet", "side": 227}, "are for `side: 64`"),
        ({"kind": "caffenet", "sha256": "0" * 64}, "`sha256` is for"),
        ({"kind": "custom", "callable": "a:b", "mean": [1.0, 2.0]}, "3 values"),
        ({"kind": "custom", "callable": "a:b", "std": [1.0]}, "as many values"),
        ({"kind": "custom", "callable": "a:b", "std": [0.0] * 3}, "above 0"),
        ({"kind": "custom", "callable": "a:b", "sha256": "0" * 64}, "in `weights`"),
        ({"kind": "custom", "callable": "a:b", "arguments": {"n": 1}}, "pairs"),
    ],
)
def test_mistakes_are_told(values, match):
    with pytest.raises(ValidationError, match=match):
        of(**values)


def test_settings_can_be_keys():
    custom = {"kind": "custom", "callable": "a:b", "arguments": [["n", 1]]}
    assert len({of(**custom), of(**custom), of(kind="hog")}) == 2
