"""Errors of brightness and of colour apart, one number an image.

Luma and chroma are those of ITU-R Recommendation BT.601 in full range, as JPEG has
them (JFIF 1.02): `Y = 0.299 R + 0.587 G + 0.114 B`, `Cb = (B - Y) / 1.772` and
`Cr = (R - Y) / 1.402`, each 256 levels wide. The offset of 128 cancels in an error.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage

_LUMA = (0.299, 0.587, 0.114)
# 2 - 2 * 0.114 and 2 - 2 * 0.299: what makes Cb and Cr as wide as the luma.
_CB, _CR = 1.772, 1.402


def luma_error(preimages: Images, originals: Images) -> PerImage:
    """Return the root-mean-square error of the luma, in grey levels, float64.

    From 0 to 255 for pixels in 0..255. The luma of a grey image is its level. Raises
    ValueError unless the images have 1 or 3 channels.
    """
    return (
        _luma(preimages.double() - originals.double()).square().mean(dim=(1, 2)).sqrt()
    )


def chroma_error(preimages: Images, originals: Images) -> PerImage:
    """Return the root-mean-square error over Cb and Cr together, in grey levels.

    Float64, from 0 to 255 for pixels in 0..255; nan for grey images, which have no
    chroma. Raises ValueError unless the images have 1 or 3 channels.
    """
    errors = preimages.double() - originals.double()
    luma = _luma(errors)
    if errors.shape[1] == 1:
        return errors.new_full((len(errors),), torch.nan)
    chroma = torch.stack([(errors[:, 2] - luma) / _CB, (errors[:, 0] - luma) / _CR])
    return chroma.square().mean(dim=(0, 2, 3)).sqrt()


def _luma(images: Images) -> Float[Tensor, "n h w"]:
    if images.shape[1] == 1:
        return images[:, 0]
    if images.shape[1] != 3:
        raise ValueError(
            f"`preimages` must have 1 or 3 channels, got {images.shape[1]}."
        )
    return (images * images.new_tensor(_LUMA)[:, None, None]).sum(dim=1)
