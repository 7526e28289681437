"""Which waves a denoiser is heard on: shorter than half of what a cell sees."""

import pytest

from stages.params.representations import KINDS
from stages.plan.longest_wave import longest_wave
from stages.plan.representations import definition


def defined(kind, **options):
    settings = KINDS[kind].settings
    return definition(settings.model_validate({"kind": kind, **options}))


ALEXNET = {"model": "alexnet", "weights": "random"}


# What cells see: 11, 19, 99 and 195 pixels, by kernels and strides.
@pytest.mark.parametrize(
    ("layer", "pixels"),
    [("conv1", 8), ("pool1", 9.5), ("relu3", 49.5), ("pool5", 97.5)],
)
def test_it_is_half_of_what_a_cell_sees_and_not_too_short(layer, pixels):
    assert longest_wave(defined("torchvision", **ALEXNET), layer) == pixels


def test_no_cell_sees_more_than_the_image():
    small = defined("caffenet", side=64, weights="random", seed=0)
    assert longest_wave(small, "fc8") == 32


def test_descriptors_have_one_too():
    assert longest_wave(defined("hog", side=128), "hog") == 17


def test_a_network_whose_cells_see_the_image_has_one_length():
    pytest.importorskip("timm")
    vit = defined("timm", model="vit_tiny_patch16_224", weights="random")
    assert longest_wave(vit, "blocks.0") == longest_wave(vit, "blocks.5") == 112
