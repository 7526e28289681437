"""Pixel metrics by hand, PSNR against scikit-image."""

import math

import numpy as np
import pytest
import skimage.metrics
import torch

from stages.metrics import pixel


def images(*levels):
    return torch.tensor(levels).float().reshape(len(levels), 1, 2, 2)


def noisy(shape=(2, 3, 24, 30)):
    generator = torch.Generator().manual_seed(0)
    originals = (torch.rand(shape, generator=generator) * 255).round()
    noise = torch.randn(shape, generator=generator) * 30
    return (originals + noise).clamp(0, 255).round(), originals


def test_mse_and_psnr_by_hand():
    preimages = images([0, 0, 0, 0], [10, 10, 10, 12])
    originals = images([255, 255, 255, 255], [10, 10, 10, 10])
    # 255^2 = 65025, 0 dB; 2^2 / 4 = 1, 10 log10(65025 / 1) = 48.1308 dB.
    assert pixel.mse(preimages, originals).tolist() == [65025.0, 1.0]
    assert pixel.psnr(preimages, originals).tolist() == pytest.approx([0, 48.130804])


def test_equal_images_have_no_error():
    _, originals = noisy()
    assert pixel.mse(originals, originals).tolist() == [0.0, 0.0]
    assert pixel.psnr(originals, originals).tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("metric", [pixel.mse, pixel.psnr])
def test_metrics_are_symmetric(metric):
    preimages, originals = noisy()
    assert torch.allclose(metric(preimages, originals), metric(originals, preimages))


def test_psnr_agrees_with_scikit_image():
    preimages, originals = noisy()
    expected = [
        skimage.metrics.peak_signal_noise_ratio(
            original.numpy(), preimage.numpy(), data_range=255
        )
        for preimage, original in zip(preimages, originals, strict=True)
    ]
    found = pixel.psnr(preimages, originals).tolist()
    assert found == pytest.approx(expected, rel=1e-12)


def test_fit_by_hand():
    # Means 1 and 20; covariance (-1*-10 + 1*10) / 4 = 5, variance 2 / 4 = 0.5: gain 10,
    # so the levels 0, 1, 1, 2 become 10, 20, 20, 30.
    found = pixel.fitted(images([0, 1, 1, 2]), images([10, 20, 20, 30]))
    assert found.flatten().tolist() == [10.0, 20.0, 20.0, 30.0]


def test_fit_agrees_with_numpy_and_is_not_clipped():
    preimages, originals = noisy()
    preimages = preimages * 0.1
    for preimage, original, found in zip(
        preimages, originals, pixel.fitted(preimages, originals), strict=True
    ):
        gain, offset = np.polyfit(preimage.flatten(), original.flatten(), 1)
        expected = gain * preimage.double() + offset
        assert torch.allclose(found, expected, atol=1e-3)


def test_fit_is_not_clipped():
    # Means 1.25 and 127.5; gain 127.5 * (1.25 + 1.25 - 0.25 + 2.75) / 10.75 = 59.30,
    # so the last level becomes 127.5 + 2.75 * 59.30 = 290.6.
    found = pixel.fitted(images([0, 0, 1, 4]), images([0, 0, 255, 255]))
    assert float(found.max()) == pytest.approx(290.58, abs=0.01)


def test_fit_undoes_any_change_of_brightness_and_contrast():
    _, originals = noisy()
    changed = torch.tensor([-0.5, 0.25]).reshape(2, 1, 1, 1) * originals + 7
    assert torch.allclose(pixel.fitted(changed, originals).float(), originals)


@pytest.mark.parametrize("level", [0.0, 0.1, 254.7])
def test_fit_of_a_flat_image_is_the_mean_of_the_original(level):
    flat = torch.full((1, 1, 2, 2), level)
    # (0 + 10 + 20 + 50) / 4 = 20.
    found = pixel.fitted(flat, images([0, 10, 20, 50]))
    assert found.flatten().tolist() == pytest.approx([20.0] * 4)


def test_one_level_in_one_value_of_a_large_picture_is_not_flat():
    preimage = torch.zeros(1, 3, 256, 256)
    preimage[0, 0, 0, 0] = 1
    original = torch.zeros(1, 3, 256, 256)
    original[0, 0, 0, 0] = 200
    assert pixel.fitted(preimage, original).max() == pytest.approx(200)
