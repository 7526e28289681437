"""Waves as the variables of a descent: amplitudes in decorrelated colours."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images
from stages.preimage.parameterisations.parameterisation import Colour

# Columns: the principal axes of the colours of natural pixels, each as long as the
# standard deviation along it. Measured on 5,000 pictures of Tiny ImageNet (116, 36 and
# 16 grey levels), then scaled to the mean square of 1 a channel.
COLOUR_AXES = (
    (0.9265, 0.3690, 0.0910),
    (0.9572, -0.0081, -0.1882),
    (0.9555, -0.3497, 0.1003),
)

# The start's share of the norm of a natural image. Our choice, by trials: what the
# start holds and the code does not see stays, and a deep code sees little. Six fitting
# photographs of AlexNet's pool5 under the learned prior, from all of that norm and from
# a tenth, with the rate held as below: code error .121 and .100, SSIM .258 and .261,
# LPIPS alex .336 and .298; under TV alone, the rate not held, .135 and .112, .189 and
# .228, .389 and .337. From a thirtieth it is level.
START = 0.1


# How steeply the scale of waves falls with their frequency. A step moves a wave as far
# as its scale, whether the code asks for it or not, and short waves roughen what it
# leaves open. Between the 1 of the paper and the slope of photographs (1.28: the mean
# power of the fitting half). Our choice, by trials on 24 fitting photographs, with 1,
# 1.1 and 1.2 (code error, SSIM, LPIPS vgg): with the denoiser AlexNet's pool5 .108 .274
# .586, .106 .286 .576 and .112 .293 .581, relu5 .105 .293 .534, .106 .305 .528 and .108
# .311 .529, the CaffeNet's pool5 .029 .251 .422, .029 .260 .424 and .032 .245 .438;
# with 1 and 1.1 relu3 .068 .408 .401 and .070 .410 .401, and pool5 under TV .109 .188
# .640 and .105 .206 .630.
EXPONENT = 1.1


class Fourier:
    """Amplitudes of waves, long ones at a larger scale, in decorrelated colours.

    Olah, Mordvintsev & Schubert, "Feature Visualization" (Distill, 2017), section
    "Preconditioning and Parameterization". The start becomes noise with the spectrum
    of a natural image, and START of the norm it had. Waves scale as the frequency to
    the power of `-exponent`. Pixels outside the range are clipped in the images, but
    their gradient passes, as if they were not: cut off from it, many never find back,
    and the code error at relu4 is three times as high.
    Departs from the paper, whose descent starts with all of that norm, and whose waves
    fall as 1/frequency.
    """

    # A longer way at the whole rate. By trials (24 fitting photographs, code error with
    # .3 and .5): AlexNet's relu5 .101 and .096, pool5 .113 and .104 with the denoiser,
    # the CaffeNet's relu4 .056 and .053, pool5 .054 and .051 under TV alone. With .7
    # pictures are noisier.
    held: ClassVar[float] = 0.5

    def __init__(
        self,
        low: Colour,
        high: Colour,
        shape: tuple[int, int, int],
        exponent: float = EXPONENT,
    ) -> None:
        channels, self._height, self._width = shape
        self._low, self._high = low, high
        self._scale = _spectrum(self._height, self._width, exponent).to(low)
        self._axes = _axes(channels).to(low)

    def variables(self, start: Images) -> Tensor:
        """Return amplitudes `n c h w//2+1 2`: a faint start, as if it were white."""
        return START * self.natural(start)

    def natural(self, start: Images) -> Tensor:
        """Return amplitudes of the start, as if it were white, with all its norm."""
        amplitudes = torch.fft.rfft2(start, norm="ortho")
        coloured = self._unclipped(torch.view_as_real(amplitudes))
        gain = _norms(start) / _norms(coloured)
        return torch.view_as_real(amplitudes).contiguous() * gain[..., None]

    def images(self, variables: Tensor) -> Images:
        """Return the images that the amplitudes make, inside the pixel range."""
        unclipped = self._unclipped(variables)
        inside = torch.minimum(torch.maximum(unclipped, self._low), self._high)
        return inside.detach() + (unclipped - unclipped.detach())

    def project(self, variables: Tensor) -> Tensor:
        """Return the variables as they are: the images are clipped instead."""
        return variables

    def _unclipped(self, variables: Tensor) -> Images:
        amplitudes = torch.view_as_complex(variables) * self._scale
        sides = (self._height, self._width)
        waves: Tensor = torch.fft.irfft2(amplitudes, s=sides, norm="ortho")
        images: Tensor = torch.einsum("ij,njhw->nihw", self._axes, waves)
        return images


def _spectrum(height: int, width: int, exponent: float) -> Float[Tensor, "h f"]:
    """Return 1/frequency^exponent, of mean square 1; the mean as the longest wave."""
    vertical = torch.fft.fftfreq(height)[:, None]
    horizontal = torch.fft.rfftfreq(width)[None, :]
    frequency = (vertical.square() + horizontal.square()).sqrt()
    scale = frequency.clamp(min=1 / max(height, width)) ** -exponent
    spectrum: Tensor = scale / scale.square().mean().sqrt()
    return spectrum


def _axes(channels: int) -> Float[Tensor, "c c"]:
    axes = torch.tensor(COLOUR_AXES) if channels == 3 else torch.eye(channels)
    return axes


def _norms(images: Images) -> Float[Tensor, "n 1 1 1"]:
    norms: Tensor = images.flatten(1).norm(dim=1)
    return norms[:, None, None, None]
