"""A look at a network without computing: what it tells, and where it cannot be had."""

import torch
from torch import nn

from stages.representations.sketch import Sketch, frozen, sketched


def net():
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(inplace=True), nn.Dropout())


def test_a_sketch_has_shapes_and_no_numbers():
    sketch = sketched(net, (3, 8, 8))
    assert isinstance(sketch.network, nn.Module)
    assert {one.device.type for one in sketch.network.parameters()} == {"meta"}
    assert sketch.points is not None
    assert sketch.points.named["0"].shape == (5, 6, 6)


def test_a_network_that_reads_numbers_has_no_sketch():
    def reading(images):
        return images * float(images.sum())

    assert sketched(lambda: reading, (3, 8, 8)) == Sketch()


def test_a_callable_that_fails_to_be_made_has_no_sketch():
    def make():
        raise OSError("weights.bin is not there")

    assert sketched(make, (3, 8, 8)) == Sketch()


def test_frozen_networks_evaluate_out_of_place_without_gradients_of_weights():
    network = frozen(net())
    conv, relu, dropout = network
    assert not any(one.requires_grad for one in network.parameters())
    assert not dropout.training
    below = conv(torch.ones(1, 3, 8, 8))
    before = below.clone()
    assert relu(below).min() >= 0 > before.min()
    assert torch.equal(below, before)


def test_a_function_is_frozen_as_it_is():
    assert frozen(torch.relu) is torch.relu
