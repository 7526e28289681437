"""Which channels of a layer answer to colour, and which to light and shade.

Mahendran & Vedaldi (2015) see that some channels of a network carry shape and others
colour. Here that is measured, on any network. A channel's response is the sum of
squares of its code; its gradient with respect to the image says to first order which
change of the pixels moves it. At each pixel the gradient has a part along the grey axis
(all of red, green and blue alike) and a part off it; the channel's chromaticity is the
share of the gradient's energy that is off it, between 0 and 1.

The cost is one pass forward a picture, and one back a channel and picture: at relu2 of
AlexNet, with 192 channels at 224 pixels, about as much as 150 steps of an inversion a
picture. Of four pictures and four layers that is minutes on two cores, once a study.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Codes, Images


def chromaticity(phi: Callable[[Images], Codes], images: Images) -> Float[Tensor, " k"]:
    """Return the share of each channel's gradient that is off the grey axis, in 0..1.

    Averaged over the images `n 3 h w`, each of which counts alike; images that a
    channel has no gradient for are left out, and a channel without any has a share of
    zero. The shares do not change if a code is multiplied by a number. On one device
    they depend on nothing but the arguments. Raises ValueError unless the images have
    three channels.
    """
    if images.shape[1] != 3:
        raise ValueError(
            "`images` must have 3 channels to have colours, got the shape "
            f"{tuple(images.shape)}."
        )
    shares = torch.stack([_of_image(phi, image[None]) for image in images])
    known = ~shares.isnan()
    total = torch.where(known, shares, 0).sum(dim=0)
    return total / known.sum(dim=0).clamp(min=1)


def _of_image(phi: Callable[[Images], Codes], image: Images) -> Float[Tensor, " k"]:
    """Return the shares for one image; NaN where there is no gradient."""
    pixels = image.detach().clone().requires_grad_()
    code = phi(pixels)
    # Half the gradient of the code's squares: that of the code, weighted by it.
    weights = code.detach()
    channels = range(code.shape[1])
    shares = [_share(_gradient(code, weights, i, pixels)) for i in channels]
    return torch.stack(shares)


def _gradient(code: Codes, weights: Codes, channel: int, pixels: Images) -> Images:
    response = (code[:, channel] * weights[:, channel]).sum()
    (gradient,) = torch.autograd.grad(response, pixels, retain_graph=True)
    return gradient


def _share(gradient: Images) -> Tensor:
    gradient = gradient.double()
    energy = gradient.square().sum()
    grey = gradient.mean(dim=1, keepdim=True)
    return (gradient - grey).square().sum() / energy


def ranked(
    shares: Sequence[float] | Tensor, choice: int | str, *, chromatic: bool
) -> tuple[int, ...] | None:
    """Return the most (or the least) chromatic channels, ascending; None if all.

    `choice` is their number, or `half`, of an odd number the larger one. Of equal
    channels those with lower numbers come first. Raises ValueError for other choices.
    """
    k = len(shares)
    n = (k + 1) // 2 if choice == "half" else choice
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= k:
        name = "chromatic" if chromatic else "achromatic"
        raise ValueError(f"`{name}` must be half or 1..{k} channels; got {choice!r}.")
    sign = -1 if chromatic else 1
    order = sorted(
        range(k), key=lambda channel: (sign * float(shares[channel]), channel)
    )
    return None if n == k else tuple(sorted(order[:n]))
