"""A small denoiser of natural images: the network behind the learned prior.

A U-Net (Ronneberger et al., arXiv:1505.04597) on images folded two by two (FFDNet,
Zhang et al., arXiv:1710.04026), of residual blocks without normalisation, whose skips
are added. Inside it are only convolutions and ReLUs: functions of single numbers such
as a sigmoid are computed several lanes at a time, and would let the bits of an image
depend on its place in the batch.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle

from stages.images import Images, PerImage

MID_GREY = 127.5
# Grey levels that are 1 inside the network, for images and noise alike: about the root
# mean square of a natural image around mid-grey.
UNIT = 64.0
FOLD = 2


class Block(nn.Module):
    """A residual block: two 3x3 convolutions, each after a ReLU, beside the identity.

    The second begins at zero, so that an untrained block is the identity; every other
    layer begins with weights that keep the spread of what they see (He et al.,
    arXiv:1502.01852).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.kaiming_normal_(self.first.weight, nonlinearity="relu")
        nn.init.zeros_(self.second.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps with what the block adds."""
        added: Tensor = self.second(self.first(maps.relu()).relu())
        return maps + added


class Denoiser(nn.Module):
    """Images with Gaussian noise, in 0..255, to their mean given what is seen.

    `widths` are the channels at 1/2, 1/4, ... of the side, `blocks` the number of
    residual blocks on the way down and up at each of them. `channels` is 3: a grey
    image goes in as three equal channels, and the mean of what comes out is taken.
    """

    def __init__(
        self,
        widths: Sequence[int] = (24, 40, 80, 160),
        down: Sequence[int] = (0, 1, 1, 1),
        up: Sequence[int] = (1, 1, 0, 0),
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.stride = FOLD * 2 ** (len(widths) - 1)
        folded = channels * FOLD**2
        self.head = nn.Conv2d(folded + 1, widths[0], 3, padding=1)
        self.down = nn.ModuleList(_blocks(widths, down))
        self.up = nn.ModuleList(_blocks(widths, up))
        pairs = list(pairwise(widths))
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairs)
        self.grow = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairs)
        self.tail = nn.Conv2d(widths[0], folded, 3, padding=1)
        _keep_spread(self.head, *self.shrink, *self.grow)
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    def forward(self, images: Images, sigma: PerImage) -> Images:
        """Return the images with noise of `sigma` grey levels taken out.

        RGB or, as `n 1 h w`, grey, of any side from 2 pixels on. Raises ValueError if
        they have another number of channels or are smaller.
        """
        self._check(images)
        colour = images.expand(-1, self.channels, -1, -1)
        noise = self._noise((colour - MID_GREY) / UNIT, sigma / UNIT) * UNIT
        if images.shape[1] == 1:
            noise = noise.mean(dim=1, keepdim=True)
        return images - noise

    def _noise(self, images: Images, sigma: PerImage) -> Images:
        """Return the noise that the network finds, all in its own unit.

        The level is fed in the unit of the image, linearly: to tell noise from detail
        by its size is then a matter of sums and ReLUs.
        """
        height, width = images.shape[2:]
        below, right = -height % self.stride, -width % self.stride
        folded = pixel_unshuffle(_reflected(images, below, right), FOLD)
        level = sigma[:, None, None, None].expand(-1, 1, *folded.shape[2:])
        maps = torch.cat([folded, level], dim=1).to(self.head.weight.dtype)
        maps = self._unet(maps.contiguous(memory_format=torch.channels_last))
        noise = pixel_shuffle(maps.to(images.dtype), FOLD)
        return noise[:, :, :height, :width]

    def _unet(self, maps: Tensor) -> Tensor:
        maps, skips = self.head(maps), []
        for blocks, shrink in zip(self.down, [*self.shrink, None], strict=True):
            maps = blocks(maps)
            if shrink is not None:
                skips.append(maps)
                maps = shrink(maps)
        maps = self.up[-1](maps)
        steps = zip(self.grow, self.up, skips, strict=False)
        for grow, blocks, skip in reversed(list(steps)):
            maps = blocks(grow(maps) + skip)
        noise: Tensor = self.tail(maps)
        return noise

    def _check(self, images: Images) -> None:
        if images.shape[1] not in (1, self.channels) or min(images.shape[2:]) < FOLD:
            raise ValueError(
                f"`images` must be grey or have {self.channels} channels, and at least "
                f"{FOLD} x {FOLD} pixels, got the shape {tuple(images.shape)}."
            )


def _keep_spread(*layers: nn.Module) -> None:
    """Draw weights under which what comes out spreads as what goes in."""
    for layer in layers:
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        # Side by side, a transposed layer's kernels do not overlap: it sums channels.
        across = math.prod(layer.kernel_size) if isinstance(layer, nn.Conv2d) else 1
        nn.init.normal_(layer.weight, std=(layer.in_channels * across) ** -0.5)


def _blocks(widths: Sequence[int], counts: Sequence[int]) -> Iterator[nn.Sequential]:
    for width, count in zip(widths, counts, strict=True):
        yield nn.Sequential(*(Block(width) for _ in range(count)))


def _reflected(
    images: Images, below: int, right: int
) -> Float[Tensor, "n c _height _width"]:
    """Return the images grown at the lower and right edge by their mirror image.

    Reflection reaches no farther than an image is wide: small ones are mirrored again.
    """
    while below or right:
        height, width = images.shape[2:]
        rows, columns = min(below, height - 1), min(right, width - 1)
        images = pad(images, (0, columns, 0, rows), mode="reflect")
        below, right = below - rows, right - columns
    return images
