"""Which channels answer to colour: filters whose answer is known, and the paper's."""

import pytest
import torch
from torch import nn

from stages.params.representations import CaffenetSettings
from stages.plan.representations import definition
from stages.representations.chromaticity import chromaticity, ranked
from stages.representations.loading import built


def filters():
    """Return a 1 x 1 convolution: grey, red minus green, red alone, none."""
    module = nn.Conv2d(3, 4, 1, bias=False).requires_grad_(False)
    weights = [[1.0, 1, 1], [1, -1, 0], [1, 0, 0], [0, 0, 0]]
    module.weight.copy_(torch.tensor(weights)[..., None, None])
    return module


def pictures(n=2, side=6):
    generator = torch.Generator().manual_seed(0)
    return 255 * torch.rand(n, 3, side, side, generator=generator)


def test_shares_of_filters_by_hand():
    # Red alone is (1, 1, 1) / 3 and (2, -1, -1) / 3: 3/9 and 6/9 of its energy.
    expected = torch.tensor([0, 1, 2 / 3, 0], dtype=torch.float64)
    torch.testing.assert_close(chromaticity(filters(), pictures()), expected)


def test_a_filter_has_its_share_whatever_the_picture_and_its_strength():
    found = chromaticity(filters(), pictures(1))
    louder = chromaticity(lambda x: 1e3 * filters()(x), pictures(3))
    torch.testing.assert_close(louder, found)


def test_each_picture_counts_alike():
    def phi(images):
        red, _, _ = images.unbind(dim=1)
        grey = images.mean(dim=1)
        return torch.where(red.mean() > 100, 50 * red, grey)[:, None]

    dark, bright = torch.full((1, 3, 4, 4), 50.0), torch.full((1, 3, 4, 4), 150.0)
    both = chromaticity(phi, torch.cat([dark, bright]))
    torch.testing.assert_close(both, torch.tensor([1 / 3], dtype=torch.float64))


def test_a_picture_that_does_not_move_a_channel_is_left_out():
    def phi(images):
        return (images[:, :1] - 100).relu()

    dark, bright = torch.full((1, 3, 4, 4), 50.0), torch.full((1, 3, 4, 4), 150.0)
    found = chromaticity(phi, torch.cat([dark, bright]))
    torch.testing.assert_close(found, torch.tensor([2 / 3], dtype=torch.float64))


def test_grey_pictures_are_refused():
    with pytest.raises(ValueError, match=r"3 channels .* \(1, 1, 4, 4\)"):
        chromaticity(nn.Identity(), torch.rand(1, 1, 4, 4))


def test_the_first_stream_of_caffenet_is_less_chromatic_than_the_second():
    phi = built(definition(CaffenetSettings(kind="caffenet"))).cut("relu1")
    shares = chromaticity(phi, pictures(1, 64))
    first, second = shares.chunk(2)
    assert first.mean() < second.mean() - 0.1


def test_ranks_of_shares():
    shares = [0.5, 0.1, 0.5, 0.9, 0.1]
    assert ranked(shares, "half", chromatic=True) == (0, 2, 3)
    assert ranked(shares, "half", chromatic=False) == (0, 1, 4)
    assert ranked(shares, 2, chromatic=True) == (0, 3)
    assert ranked(shares, 1, chromatic=False) == (1,)
    assert ranked(shares, 5, chromatic=True) is None


@pytest.mark.parametrize("choice", [0, 6, "most", True])
def test_other_choices_are_refused(choice):
    with pytest.raises(ValueError, match=r"`achromatic` must be half or 1\.\.5 chan"):
        ranked([0.0] * 5, choice, chromatic=False)
