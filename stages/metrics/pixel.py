"""Errors between images of pixels in 0..255, one number an image.

SSIM is Wang et al., "Image quality assessment: from error visibility to structural
similarity" (IEEE TIP 2004), as torchmetrics computes it: gaussian window of 11 pixels,
sigma 1.5, each colour channel alone, the image mirrored past its border.
"""

import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from stages.images import Images, PerImage

DATA_RANGE = 255.0
SMALLEST_SIDE_FOR_SSIM = 11

# Variance in grey levels squared below which an image is flat, our choice: one level in
# one value of a million, the least that an 8-bit picture can have, is a thousand times
# more; the rounding of float64 is far less.
_FLAT = 1e-9


def mse(preimages: Images, originals: Images) -> PerImage:
    """Return the mean squared error, in grey levels squared, float64."""
    return (preimages.double() - originals.double()).square().mean(dim=(1, 2, 3))


def psnr(preimages: Images, originals: Images) -> PerImage:
    """Return `10 log10(255^2 / mse)` in decibels; infinite for equal images."""
    return 10 * torch.log10(DATA_RANGE**2 / mse(preimages, originals))


def ssim(preimages: Images, originals: Images) -> PerImage:
    """Return the structural similarity, 1 for equal images; nan below 11 pixels."""
    if min(originals.shape[-2:]) < SMALLEST_SIDE_FOR_SSIM:
        return torch.full((len(originals),), torch.nan, dtype=torch.float64)
    similarities = structural_similarity_index_measure(
        preimages.float(),
        originals.float(),
        sigma=1.5,
        reduction="none",
        data_range=DATA_RANGE,
    )
    return torch.as_tensor(similarities).double().reshape(-1)


def fitted(preimages: Images, originals: Images) -> Images:
    """Return `gain * preimage + offset`, the least-squares fit to each original.

    One gain and one offset for all pixels and channels of an image; the gain may be
    negative. A flat pre-image is given the original's mean. The result is float64 and
    not clipped. HOG and SIFT do not see absolute brightness, nor all of the contrast:
    this is what they can be held to.
    """
    dims = (1, 2, 3)
    mean = preimages.double().mean(dim=dims, keepdim=True)
    target = originals.double().mean(dim=dims, keepdim=True)
    centred = preimages.double() - mean
    variance = centred.square().mean(dim=dims, keepdim=True)
    covariance = (centred * (originals - target)).mean(dim=dims, keepdim=True)
    gain = torch.where(variance < _FLAT, 0.0, covariance / variance.clamp(min=_FLAT))
    return gain * centred + target
