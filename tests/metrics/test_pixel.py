"""Pixel metrics by hand, SSIM from its formula, PSNR against scikit-image."""

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
    assert pixel.ssim(originals, originals).tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("metric", [pixel.mse, pixel.psnr, pixel.ssim])
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


def similarity_of_window(preimage, original, weights):
    """Return the index of one window, from the formula of Wang et al. (2004)."""
    means = [float((weights * window).sum()) for window in (preimage, original)]
    deviations = preimage - means[0], original - means[1]
    variances = [float((weights * d**2).sum()) for d in deviations]
    covariance = float((weights * deviations[0] * deviations[1]).sum())
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    brightness = (2 * means[0] * means[1] + c1) / (means[0] ** 2 + means[1] ** 2 + c1)
    return brightness * (2 * covariance + c2) / (sum(variances) + c2)


@pytest.mark.parametrize("shape", [(1, 3, 13, 15), (2, 1, 11, 12)])
def test_ssim_agrees_with_a_loop_over_all_windows_of_the_mirrored_image(shape):
    preimages, originals = (images.double().numpy() for images in noisy(shape))
    falloff = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights = np.outer(falloff, falloff) / falloff.sum() ** 2
    n, channels, height, width = shape
    frame = ((0, 0), (0, 0), (5, 5), (5, 5))
    padded = [np.pad(each, frame, mode="reflect") for each in (preimages, originals)]
    for index in range(n):
        expected = [
            similarity_of_window(
                padded[0][index, c, row : row + 11, col : col + 11],
                padded[1][index, c, row : row + 11, col : col + 11],
                weights,
            )
            for c in range(channels)
            for row in range(height)
            for col in range(width)
        ]
        found = pixel.ssim(torch.tensor(preimages), torch.tensor(originals))
        assert float(found[index]) == pytest.approx(np.mean(expected), abs=1e-5)


def test_an_image_has_the_same_ssim_alone_as_in_company():
    preimages, originals = noisy()
    together = pixel.ssim(preimages, originals)
    assert torch.equal(pixel.ssim(preimages[1:], originals[1:]), together[1:])


def test_ssim_is_nan_below_its_window():
    preimages, originals = noisy((2, 3, 10, 30))
    assert pixel.ssim(preimages, originals).isnan().tolist() == [True, True]


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
