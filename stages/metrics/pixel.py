"""Errors between images of pixels in 0..255, one number an image."""

import torch

from stages.images import Images, PerImage

DATA_RANGE = 255.0

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
