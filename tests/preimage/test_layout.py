"""A module laid out for a descent: a copy, faster, used only where it is the same."""

import torch
from torch import nn

from stages.preimage.layout import laid_out
from stages.representations.stem import Stem

IMAGES = 255 * torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def network(*after):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), *after)


def laid(phi):
    phi_or_copy, code = laid_out(phi, IMAGES)
    assert code.shape[0] == len(IMAGES)
    return phi_or_copy


def test_a_module_is_copied_and_the_caller_s_stays_as_it_was():
    phi = network()
    copy = laid(phi)
    assert copy is not phi
    assert isinstance(copy[0], Stem)
    assert type(phi[0]) is nn.Conv2d
    assert all(weight.requires_grad for weight in phi.parameters())
    assert phi[0].weight.is_contiguous()
    torch.testing.assert_close(copy(IMAGES), phi(IMAGES))


def test_a_function_is_taken_as_it_is():
    phi = network()
    function = lambda images: phi(images)  # noqa: E731
    assert laid(function) is function


class Viewed(nn.Module):
    """Flattens with `view`, which channels side by side do not allow."""

    def forward(self, codes):
        return codes.view(len(codes), -1)


def test_a_module_that_needs_the_usual_layout_is_taken_as_it_is():
    phi = network(Viewed())
    assert laid(phi) is phi


def test_a_module_that_is_random_is_taken_as_it_is():
    phi = network(nn.Dropout())
    assert laid(phi) is phi
    assert laid(phi.eval()) is not phi


def test_a_module_whose_hook_writes_elsewhere_is_taken_as_it_is():
    class Hooked(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network()
            self.network[0].register_forward_hook(lambda *call: self.keep(call[2]))

        def keep(self, code):
            self.code = code

        def forward(self, images):
            self.network(images)
            return self.code

    phi = Hooked()
    assert laid(phi) is phi


def test_a_module_that_cannot_be_copied_is_taken_as_it_is():
    phi = network()
    phi.kept = torch.ones(1, requires_grad=True) * 2
    assert laid(phi) is phi
