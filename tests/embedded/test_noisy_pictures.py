import pytest
import torch
from PIL import Image

from data.embedded.noisy_pictures import (
    Crops,
    at_sides,
    grey,
    photographs,
    squares,
    with_noise,
)
from stages.images import image_from_picture

RECIPE = {"noise": [2.0, 128.0], "grey": 0.25}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def reds(pictures):
    return [picture.getpixel((0, 0))[0] for picture in pictures]


def test_odd_places_are_for_fitting_and_even_ones_for_claims(folder):
    # Red is 40 times the place, counted from 0: the 1st, 3rd and 5th fit.
    assert reds(photographs(folder / "photographs", fitting=True)) == [0, 80, 160]
    assert reds(photographs(folder / "photographs", fitting=False)) == [40, 120, 200]


def test_missing_photographs_are_named_with_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No JPEG files in .*params\.yaml"):
        photographs(tmp_path, fitting=True)


def test_photographs_are_made_smaller_but_never_larger():
    pictures = [Image.new("RGB", (100, 60)), Image.new("RGB", (50, 80))]
    shapes = [tuple(p.shape) for p in at_sides(pictures, [30, 60])]
    assert shapes == [(3, 30, 50), (3, 60, 100), (3, 48, 30)]


def test_squares_are_those_of_a_study():
    assert squares([Image.new("RGB", (90, 60), (1, 2, 3))], 24).shape == (1, 3, 24, 24)


def numbered(height, width):
    """Return a picture that tells each pixel's row in red and column in green."""
    rows = torch.arange(height)[:, None].expand(height, width)
    columns = torch.arange(width)[None].expand(height, width)
    return torch.stack([rows, columns, rows * 0]).to(torch.uint8)


def test_crops_reach_every_place_straight_and_mirrored():
    crops = Crops([numbered(6, 7)], side=4, batch=600).draw(generator())
    assert crops.shape == (600, 3, 4, 4)
    assert crops.dtype == torch.float32
    corners = {tuple(crop[:2, 0, 0].int().tolist()) for crop in crops}
    # Rows 0..2; columns 0..3 straight, and mirrored the last ones, 3..6.
    assert corners == {(row, column) for row in range(3) for column in range(7)}
    straight = sum(bool(crop[1, 0, 1] > crop[1, 0, 0]) for crop in crops)
    # Half of 600, within four standard deviations of 12.
    assert 250 < straight < 350


def test_crops_of_pictures_of_many_sizes_are_cut_from_one_picture_each():
    pictures = [numbered(6, 9) + 16 * place for place in range(3)]
    pictures.append(numbered(4, 5) + 64)
    for crop in Crops(pictures, side=4, batch=60).draw(generator(2)):
        first = crop[2, 0, 0]
        assert torch.equal(crop[2], first.expand(4, 4))
        rows, columns = crop[0] - first, crop[1] - first
        assert torch.equal(rows.diff(dim=0), torch.ones(3, 4))
        assert torch.equal(columns.diff(dim=1).abs(), torch.ones(4, 3))


def test_picture_smaller_than_a_crop_is_refused():
    with pytest.raises(ValueError, match="smaller than a crop of 7 pixels"):
        Crops([numbered(9, 9), numbered(8, 6)], side=7, batch=2)


def test_crops_come_from_all_pictures_and_the_generator_alone():
    pictures = torch.arange(3, dtype=torch.uint8)[:, None, None, None]
    pictures = pictures.expand(3, 3, 5, 5)
    crops = Crops(pictures, side=5, batch=90)
    first = crops.draw(generator(4))
    assert first[:, 0, 0, 0].unique().tolist() == [0, 1, 2]
    torch.manual_seed(8)
    assert torch.equal(crops.draw(generator(4)), first)
    assert not torch.equal(crops.draw(generator(5)), first)


def test_noise_is_white_of_a_level_that_is_log_uniform():
    clean = torch.full((2000, 3, 8, 8), 100.0)
    batch = with_noise(clean, RECIPE, generator())
    assert batch.sigma.min() >= 2
    assert batch.sigma.max() <= 128
    # 2 to 128 is six octaves: an equal share in each.
    octaves = batch.sigma.log2().floor().int().bincount(minlength=7)[1:7] / 2000
    torch.testing.assert_close(octaves, torch.full((6,), 1 / 6), atol=0.035, rtol=0)
    noise = (batch.noisy - batch.clean) / batch.sigma[:, None, None, None]
    assert float(noise.std()) == pytest.approx(1, abs=0.01)
    assert abs(float((noise[..., 1:] * noise[..., :-1]).mean())) < 0.01


def test_a_share_has_no_colour_and_the_same_noise_in_all_channels():
    clean = torch.rand(2000, 3, 4, 4, generator=generator(1)) * 255
    batch = with_noise(clean, RECIPE, generator())
    without = (batch.clean == batch.clean[:, :1]).flatten(1).all(dim=1)
    assert float(without.float().mean()) == pytest.approx(0.25, abs=0.04)
    equal = (batch.noisy == batch.noisy[:, :1]).flatten(1).all(dim=1)
    assert torch.equal(equal, without)
    assert torch.equal(batch.clean[~without], clean[~without])


def test_grey_is_the_luma_of_pillow():
    colours = torch.rand(1, 3, 8, 8, generator=generator()).mul(255).round()
    pixels = colours[0].permute(1, 2, 0).to(torch.uint8).numpy()
    expected = image_from_picture(Image.fromarray(pixels), 1)
    torch.testing.assert_close(grey(colours)[0], expected, atol=1.0, rtol=0)
