"""Representations out of definitions: each built once, its cuts sharing weights."""

import torch

from stages.representations.hog import HogDefinition
from stages.representations.loading import built, cut, placed
from stages.representations.zoo import TorchvisionDefinition

CPU = torch.device("cpu")
MEAN, STD = (120.0, 115.0, 100.0), (58.0, 57.0, 56.0)
NETWORK = TorchvisionDefinition(64, "squeezenet1_1", 7, MEAN, STD)


def test_equal_definitions_share_a_representation():
    assert built(HogDefinition(side=32)) is built(HogDefinition(side=32))
    assert built(HogDefinition(side=32)) is not built(HogDefinition(side=40))


def test_a_layer_is_cut_once_and_gives_the_code_of_the_whole():
    part = cut(NETWORK, "features.1", CPU)
    assert part is cut(NETWORK, "features.1", CPU)
    image = torch.full((1, 3, 64, 64), 90.0)
    whole = placed(NETWORK, CPU).cut("features.1")
    assert torch.equal(part(image), whole(image))
