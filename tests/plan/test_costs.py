"""Costs are counted: known answers for layers whose work is known."""

import pytest
import torch
from torch import nn

from stages.plan.costs import GROWTH, N_IMAGES_KEPT, costs
from stages.plan.representations import job_costs
from stages.representations.hog import HogDefinition

IMAGE = torch.zeros(1, 3, 8, 8)


def frozen(network):
    return network.requires_grad_(False).eval()


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        # 27 products for each of 4 * 6 * 6 values.
        (nn.Conv2d(3, 4, 3), 27 * 4 * 36),
        # Groups see a part of the channels: 9 products.
        (nn.Conv2d(3, 6, 3, groups=3), 9 * 6 * 36),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 5)), 192 * 5),
        (nn.ReLU(), 0),
    ],
)
def test_multiply_adds(network, expected):
    assert costs(frozen(network), IMAGE).multiply_adds == expected


def test_memory_is_that_of_what_is_kept_for_the_way_back():
    network = frozen(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))
    # ReLU keeps its own output, 4 * 6 * 6, a convolution its input, 3 * 8 * 8; then
    # there are the code and its gradient.
    n_values = 144 + 192 + 2 * 144 + N_IMAGES_KEPT * 192
    assert costs(network, IMAGE, network).bytes == int(GROWTH * 4 * n_values)


def test_weights_are_counted_apart():
    network = frozen(nn.Conv2d(3, 4, 3))
    found = costs(network, IMAGE, network)
    assert found.weights == 4 * (3 * 9 * 4 + 4)
    assert costs(network, IMAGE).weights == 0


def test_nothing_is_computed_on_the_meta_device():
    network = frozen(nn.Conv2d(3, 4, 3))
    here = costs(network, IMAGE, network)
    assert costs(network.to("meta"), IMAGE.to("meta"), network) == here


def test_larger_images_cost_more():
    small, large = (job_costs(HogDefinition(side=side), "hog") for side in (32, 64))
    assert large.bytes > small.bytes > 0
