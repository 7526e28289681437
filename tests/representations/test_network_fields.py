"""Receptive fields of a network's layers: followed where they can be, else measured."""

import pytest
import torch
from torch import nn

from stages.representations.network_fields import Fields
from stages.representations.points import points
from stages.representations.receptive_field import Geometry
from stages.representations.selection import Selection


class Sorting(nn.Module):
    """An average of 3 x 3 pixels, then one that is followed, or not known to be."""

    def __init__(self, known):
        super().__init__()
        self.mean, self.known = nn.AvgPool2d(3, 2, 1), known

    def forward(self, x):
        seen = self.mean(x)
        return seen if self.known else seen.sort(dim=1).values


def fields(known, probe=None):
    """Return the fields, with a network to measure with that may have to stay away."""
    network = Sorting(known)
    seen = points(network, torch.zeros(2, 3, 16, 16))
    return Fields(
        seen, (3, 16, 16), lambda: (network, "cpu"), probe or (lambda: network)
    )


def unwanted():
    raise AssertionError("nothing is to be measured")


def test_what_is_followed_is_not_measured():
    assert fields(True, unwanted).geometry("mean") == Geometry(2, 3, -1)


@pytest.mark.parametrize("known", [True, False])
def test_measured_and_followed_agree(known):
    seen = fields(known)
    assert seen.geometry("output" if not known else "mean") == Geometry(2, 3, -1)
    window = Selection(window=(2, 4, 3, 4))
    # Rows 2 and 3 see 2 * 2 - 1 to 2 * 3 - 1 + 3, column 3 sees 5 to 8.
    assert seen.field("output" if not known else "mean", window) == (3, 8, 5, 8)


def test_all_cells_see_the_whole_image_and_nothing_is_measured():
    assert fields(False, unwanted).field("output", Selection()) == (0, 16, 0, 16)


def test_a_code_without_gradient_is_taken_to_see_everything():
    dead = fields(False, lambda: lambda images: images.detach() * 0)
    assert dead.geometry("output") == Geometry(16, 16, 0)
    assert dead.field("output", Selection(window=(0, 1, 0, 1))) == (0, 16, 0, 16)
