"""What the judge makes of two images: how far apart they look, and its label.

The distance has the form of LPIPS (Zhang et al., "The Unreasonable Effectiveness of
Deep Features as a Perceptual Metric", arXiv:1801.03924, equation 1) on the features of
the embedded judge, every channel with the weight 1: nothing in it was fitted to what
people said, so that its values are not LPIPS's.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from stages.images import Images, PerImage

# Side in pixels of the pictures that the judge was trained with.
JUDGE_SIDE = 64

# Maps of one layer; each layer has channels, rows and columns of its own.
Features = Float[Tensor, "n _ _ _"]

# Length that shorter vectors are divided by, so that no features at all stay a zero
# vector: the epsilon of LPIPS's code, which adds it to every length.
_SHORTEST = 1e-10


def as_seen(images: Images, side: int = JUDGE_SIDE) -> Float[Tensor, "n 3 side side"]:
    """Return the images as the judge takes them: RGB, `side` x `side`, in 0..255.

    Grey images get three equal channels; pixels are clipped, as in a stored picture,
    then resized by antialiased bilinear interpolation, other shapes squashed to the
    square. An image in range of the right shape comes back as it is. Raises ValueError
    unless the images have 1 or 3 channels.
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(f"`images` must have 1 or 3 channels, got {images.shape[1]}.")
    clipped = images.clamp(0, 255)
    seen = interpolate(clipped, size=(side, side), mode="bilinear", antialias=True)
    return seen.expand(-1, 3, -1, -1)


def judge_distance(
    features_a: Sequence[Features], features_b: Sequence[Features]
) -> PerImage:
    """Return how far apart two batches of images look to the judge, from 0 to 2.

    Each of `Judge.features(as_seen(images))`. At each place of a layer the vectors of
    features are brought to length 1; their squared distance is averaged over places,
    then over layers. 0 for equal images, 2 if no feature is shared; float64. Symmetric.
    Raises ValueError unless both have equally many layers, at least one.
    Departs from the paper: equation 1 sums over layers, we average.
    """
    if not 0 < len(features_a) == len(features_b):
        raise ValueError(
            "`features_a` and `features_b` must have equally many layers, at least "
            f"one, got {len(features_a)} and {len(features_b)}."
        )
    distances = [
        (_unit(a) - _unit(b)).square().sum(dim=1).mean(dim=(1, 2))
        for a, b in zip(features_a, features_b, strict=True)
    ]
    return torch.stack(distances).mean(dim=0)


def labels_agree(
    scores_a: Float[Tensor, "n classes"], scores_b: Float[Tensor, "n classes"]
) -> Bool[Tensor, " n"]:
    """Return whether the class of the highest score is the same for each image."""
    return scores_a.argmax(dim=1) == scores_b.argmax(dim=1)


def _unit(features: Features) -> Features:
    return normalize(features.double(), dim=1, eps=_SHORTEST)
