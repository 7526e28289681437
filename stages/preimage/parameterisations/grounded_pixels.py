"""Pixels over a ground of long waves, which moves by itself."""

import torch
from torch import Tensor

from stages.images import Images
from stages.preimage.coarse_waves import coarse
from stages.preimage.parameterisations.pixels import Pixels

# The wavelength, in pixels, from which waves are of the ground, and how far the ground
# steps while a pixel takes a whole step. Our choice: the largest share of those tried
# (.1, .2, .3, .5) at which CaffeNet's relu2 ends as low as of pixels alone under TV
# (twenty fitting photographs: .065 with .1, .103 with .2).
LONGEST = 32.0
SHARE = 0.1


class GroundedPixels(Pixels):
    """Pixels inside their range, with the image's long waves as variables besides.

    Adam's step is as long at each pixel, whatever it serves: next to what edges and
    noise ask for, the little that every pixel is asked for alike is lost, and colour
    and light come last. Networks of small strides leave them wrong for good (of two
    fitting photographs, code error and PSNR of pixels alone and of these, under TV and
    with a denoiser: EfficientNet-Lite0's blocks.1 .140 18.8, .138 19.1 and .109 20.9,
    .101 22.1; VGG-16's relu2_2 .060 24.0, .055 24.8 and .060 25.3, .052 26.6). As
    variables of their own they take steps of their own.

    Variables are images `n 2 c h w`: the pixels less the ground, and the ground, of
    which the long waves alone are seen.
    """

    def variables(self, start: Images) -> Tensor:
        """Return the start over a ground of 0."""
        return torch.stack([start, torch.zeros_like(start)], dim=1)

    def images(self, variables: Tensor) -> Images:
        """Return the sum of the pixels and the ground."""
        pixels, _ = variables.unbind(dim=1)
        return pixels + _ground(variables)

    def project(self, variables: Tensor) -> Tensor:
        """Return the variables with the pixels moved to where the sum is in range."""
        pixels, free = variables.unbind(dim=1)
        ground = _ground(variables)
        inside = super().project(pixels + ground) - ground
        return torch.stack([inside, free], dim=1)


def _ground(variables: Tensor) -> Images:
    return SHARE * coarse(variables[:, 1].contiguous(), LONGEST)
