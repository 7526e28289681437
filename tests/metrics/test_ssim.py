"""SSIM from its formula, against a loop, exact for equal images."""

import numpy as np
import pytest
import torch

from stages.metrics.ssim import ssim


def noisy(shape=(2, 3, 24, 30)):
    generator = torch.Generator().manual_seed(0)
    originals = (torch.rand(shape, generator=generator) * 255).round()
    noise = torch.randn(shape, generator=generator) * 30
    return (originals + noise).clamp(0, 255).round(), originals


@pytest.mark.parametrize("level", [0.0, 37.0, 254.7, 255.0])
def test_a_flat_image_is_exactly_like_itself(level):
    # Whatever rounding leaves of a variance must be the same above and below the bar.
    flat = torch.full((1, 3, 64, 48), level)
    assert ssim(flat, flat).tolist() == [1.0]


def test_equal_images_are_exactly_alike():
    _, originals = noisy()
    assert ssim(originals, originals).tolist() == [1.0, 1.0]


def test_two_flat_images_by_hand():
    # Only the brightness term is below 1, with C1 = 2.55^2 = 6.5025.
    black, white = torch.zeros(1, 1, 11, 11), torch.full((1, 1, 11, 11), 255.0)
    assert ssim(black, white).tolist() == pytest.approx([6.5025 / (65025 + 6.5025)])


def test_nearly_white_images_keep_all_their_digits():
    # In float32 the variances, differences of large numbers, are wrong by up to 0.01.
    light, white = torch.full((1, 1, 20, 20), 254.0), torch.full((1, 1, 20, 20), 255.0)
    expected = (2 * 254 * 255 + 6.5025) / (254**2 + 255**2 + 6.5025)
    assert ssim(light, white).tolist() == pytest.approx([expected], rel=1e-12)


def test_an_inverted_image_is_below_zero():
    _, originals = noisy((1, 1, 24, 30))
    assert float(ssim(255 - originals, originals)) < -0.5


def test_it_is_symmetric():
    preimages, originals = noisy()
    assert torch.equal(ssim(preimages, originals), ssim(originals, preimages))


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
        found = ssim(torch.tensor(preimages), torch.tensor(originals))
        assert float(found[index]) == pytest.approx(np.mean(expected), rel=1e-12)


def test_an_image_has_the_same_ssim_alone_as_in_company():
    preimages, originals = noisy()
    together = ssim(preimages, originals)
    assert torch.equal(ssim(preimages[1:], originals[1:]), together[1:])


def test_ssim_is_nan_below_its_window():
    preimages, originals = noisy((2, 3, 10, 30))
    assert ssim(preimages, originals).isnan().tolist() == [True, True]
