"""SSIM, the structural similarity of images of pixels in 0..255.

Wang, Bovik, Sheikh & Simoncelli, "Image quality assessment: from error visibility to
structural similarity" (IEEE Transactions on Image Processing 13, 2004), equation 13,
with the authors' window and constants; each colour channel alone.
Departs from the paper: windows also lie across the border, where the image is mirrored,
so that every pixel is the centre of one.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage

Planes = Float[Tensor, "c h w"]

# The paper's window: 11 pixels, gaussian with a standard deviation of 1.5.
WINDOW = 11
_SIGMA = 1.5
# The paper's constants: (0.01 L)^2 and (0.03 L)^2 for L = 255 levels.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(preimages: Images, originals: Images) -> PerImage:
    """Return the structural similarity, -1 to 1; nan below 11 pixels.

    Exactly 1 for equal images. Float64 throughout: variances are differences of large
    numbers, and float32 leaves four of their digits.
    """
    height, width = originals.shape[-2:]
    if min(height, width) < WINDOW:
        return torch.full((len(originals),), torch.nan, dtype=torch.float64)
    device = originals.device
    rows, cols = (_window_means(side).to(device) for side in (height, width))
    # Each image by itself, so that its bits do not depend on its company.
    return torch.stack(
        [
            _similarities(x.double(), y.double(), rows, cols).mean()
            for x, y in zip(preimages, originals, strict=True)
        ]
    )


def _similarities(
    x: Planes, y: Planes, rows: Float[Tensor, "h h"], cols: Float[Tensor, "w w"]
) -> Planes:
    """Return the similarity of the windows around each pixel."""
    mean_x, mean_y, xx, yy, xy = (
        rows @ values @ cols.mT for values in (x, y, x * x, y * y, x * y)
    )
    brightness = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    covariance = xy - mean_x * mean_y
    variances = (xx - mean_x**2) + (yy - mean_y**2)
    return brightness * (2 * covariance + _C2) / (variances + _C2)


def _window_means(side: int) -> Float[Tensor, "side side"]:
    """Return the matrix that maps values to their means over the windows around each.

    A window is a gaussian along the rows times one along the columns. Where it reaches
    past the border, the values are mirrored, the outermost counting once.
    """
    reach = WINDOW // 2
    places = torch.arange(-reach, reach + 1, dtype=torch.float64)
    falloff = torch.exp(-places.square() / (2 * _SIGMA**2))
    columns = (torch.arange(side)[:, None] + torch.arange(-reach, reach + 1)).abs()
    columns = torch.where(columns < side, columns, 2 * (side - 1) - columns)
    means = torch.zeros(side, side, dtype=torch.float64)
    weights = (falloff / falloff.sum()).expand(side, -1)
    return means.scatter_add(1, columns, weights)
