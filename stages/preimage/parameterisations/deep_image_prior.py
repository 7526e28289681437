"""Deep Image Prior: the image is what an untrained network makes of fixed noise.

Ulyanov, Vedaldi & Lempitsky, arXiv 1711.10925: the variables are the weights of an
encoder-decoder with skip connections, which takes long to make anything but natural
images. Every job has a network of its own.

Departs from the paper: four levels of 32 channels for small images, the noise is the
job's start, shifted about, and it stays fixed.
"""

from collections.abc import Iterator
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.functional import interpolate, leaky_relu, pad

from stages.images import REFERENCE_RMS, Images, image_by_image
from stages.preimage.parameterisations.parameterisation import Colour

WIDTH, SKIP, LEVELS, SHIFTS = 32, 4, 4, 8


class DeepImagePrior:
    """Weights of one network a job, which makes its image inside the pixel range.

    `low` and `high` are the range in centred pixels. The first image is nearly grey:
    the start's energy goes into the network, not into the image.
    """

    held: ClassVar[float] = 0.0

    def __init__(self, low: Colour, high: Colour, shape: tuple[int, int, int]) -> None:
        self._low, self._high, self._shape = low, high, shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self._network = SkipNetwork(SHIFTS * shape[0], shape[0]).to(low)
        self._network.requires_grad_(False)
        self._shapes = {n: p.shape for n, p in self._network.named_parameters()}

    def variables(self, start: Images) -> Tensor:
        """Return `n v`: the same first weights for each job, then its noise."""
        weights = torch.cat([p.flatten() for p in self._network.parameters()])
        noise = start.flatten(1) / REFERENCE_RMS
        return torch.cat([weights.expand(len(start), -1), noise], dim=1)

    def images(self, variables: Tensor) -> Images:
        """Return the images that the networks make; the noise has no gradient."""
        n_noise = self._shape[0] * self._shape[1] * self._shape[2]
        weights = variables[:, :-n_noise]
        noise = variables[:, -n_noise:].detach().reshape(-1, *self._shape)
        logits = vmap(self._image)(weights, _shifted(noise))
        shares = image_by_image(torch.sigmoid, logits)
        return self._low + (self._high - self._low) * shares

    def project(self, variables: Tensor) -> Tensor:
        """Return the variables as they are: no weights are out of range."""
        return variables

    def _image(self, weights: Tensor, noise: Tensor) -> Tensor:
        """Return the logits of one job's image, of which sigmoid gives its shares."""
        lengths = [shape.numel() for shape in self._shapes.values()]
        parts = torch.split(weights, lengths)
        named = {
            name: part.view(shape)
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }
        image: Tensor = functional_call(self._network, named, (noise[None],))
        return image[0]


class SkipNetwork(nn.Module):
    """An encoder-decoder: every level halves the side, and lets a few channels by."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(_blocks([inputs] + [WIDTH] * (LEVELS - 1), WIDTH, 2))
        self.by = nn.ModuleList(_blocks([inputs] + [WIDTH] * (LEVELS - 1), SKIP, 1))
        self.up = nn.ModuleList(_blocks([WIDTH + SKIP] * LEVELS, WIDTH, 1))
        self.last = nn.Conv2d(WIDTH, outputs, 1)

    def forward(self, noise: Float[Tensor, "1 i h w"]) -> Float[Tensor, "1 o h w"]:
        """Return logits, of which sigmoid gives values in 0..1."""
        codes, past = noise, []
        for down, by in zip(self.down, self.by, strict=True):
            past.append(by(codes))
            codes = down(codes)
        for up, side in zip(self.up, reversed(past), strict=True):
            larger = interpolate(codes, size=side.shape[2:], mode="nearest")
            codes = up(torch.cat([larger, side], dim=1))
        logits: Tensor = self.last(codes)
        return logits


class _Block(nn.Module):
    """A 3x3 convolution, its maps brought to mean 0 and variance 1, a leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride)
        self.gain = nn.Parameter(torch.ones(outputs, 1, 1))
        self.shift = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, codes: Float[Tensor, "1 _ _ _"]) -> Float[Tensor, "1 _ _ _"]:
        maps = self.convolution(pad(codes, (1, 1, 1, 1), mode="replicate"))
        centred = maps - maps.mean(dim=(2, 3), keepdim=True)
        variance = centred.square().mean(dim=(2, 3), keepdim=True)
        return leaky_relu(
            centred * (variance + 1e-5).rsqrt() * self.gain + self.shift, 0.2
        )


def _blocks(inputs: list[int], outputs: int, stride: int) -> Iterator[_Block]:
    for channels in inputs:
        yield _Block(channels, outputs, stride)


def _shifted(noise: Images) -> Float[Tensor, "n k h w"]:
    """Return the noise beside shifted copies of itself: as good as fresh noise."""
    copies = [noise.roll((7 * i, 11 * i), dims=(2, 3)) for i in range(SHIFTS)]
    return torch.cat(copies, dim=1)
