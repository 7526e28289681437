"""The baselines: what each of them keeps of the original."""

import pytest
import torch

from stages.metrics.baselines import BASELINES


@pytest.fixture
def original():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(3, 16, 16, generator=generator) * 255


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 3, 5)])
def test_every_baseline_has_the_shape_of_the_original(name, shape):
    image = BASELINES[name](torch.full(shape, 50.0))
    assert image.shape == shape
    assert image.is_contiguous()


def test_mean_grey_is_the_same_for_every_picture(original):
    assert BASELINES["mean-grey"](original).unique().tolist() == [128.0]


def test_mean_colour_keeps_the_mean_of_each_channel():
    original = torch.tensor([[[0.0, 10.0]], [[20.0, 40.0]], [[7.0, 7.0]]])
    image = BASELINES["mean-colour"](original)
    assert image.tolist() == [[[5.0, 5.0]], [[30.0, 30.0]], [[7.0, 7.0]]]


def test_thumbnail_of_a_4x4_image_is_that_image():
    original = torch.arange(16.0).reshape(1, 4, 4)
    assert torch.equal(BASELINES["thumbnail-4x4"](original), original)


def test_thumbnail_keeps_nothing_but_the_means_of_16_blocks(original):
    blocks = original.reshape(3, 4, 4, 4, 4).mean(dim=(2, 4))
    coarse = blocks.repeat_interleave(4, dim=1).repeat_interleave(4, dim=2)
    thumbnail = BASELINES["thumbnail-4x4"]
    assert torch.allclose(thumbnail(original), thumbnail(coarse), atol=1e-3)


def test_thumbnail_is_bilinear_between_the_centres_of_blocks():
    original = torch.arange(4.0).repeat_interleave(2).expand(1, 8, 8) * 100
    # Centres of the blocks lie half a pixel from the pixels: 1/4 of the way, then 3/4.
    expected = [0, 25, 75, 125, 175, 225, 275, 300]
    assert BASELINES["thumbnail-4x4"](original)[0, 0].tolist() == expected


def test_baselines_of_a_flat_image_leave_it_flat():
    flat = torch.full((3, 9, 9), 61.0)
    assert torch.allclose(BASELINES["mean-colour"](flat), flat)
    assert torch.allclose(BASELINES["thumbnail-4x4"](flat), flat)
