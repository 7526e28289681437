"""Deep Image Prior for feature inversion, by the numbers that its authors published.

Ulyanov, Vedaldi & Lempitsky, "Deep Image Prior" (arXiv:1711.10925), figure of AlexNet's
inversion and its supplement: an encoder-decoder of six levels with 16, 32, 64, 128, 128
and 128 channels, kernels of 7, 7, 5, 5, 3 and 3, four channels that skip at each level,
zeros around, average pooling down and the nearest neighbour up, leaky ReLUs, sigmoid;
input of 32 channels, uniform in 0..0.1 at 256 pixels, fixed; Adam at 0.001 for 3,100
steps on the code's squared distance alone.

A network a picture: those of a batch are one network of grouped convolutions. As a
picture's maps are normalised over its own pixels, they do not meet.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from stages.images import Images
from stages.process.setup import set_up_process

CHANNELS, KERNELS = (16, 32, 64, 128, 128, 128), (7, 7, 5, 5, 3, 3)
SKIP, DEPTH, SIDE = 4, 32, 256
STEPS, RATE, AMPLITUDE, SLOPE = 3100, 1e-3, 0.1, 0.2

Maps = Float[Tensor, "1 _ _ _"]


class Block(nn.Module):
    """A convolution, normalised and rectified, in `n` groups that do not meet."""

    def __init__(self, n: int, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            *(n * inputs, n * outputs, kernel), padding=kernel // 2, groups=n
        )
        self.normalisation = nn.BatchNorm2d(n * outputs)

    def forward(self, maps: Maps) -> Maps:
        """Return the block's maps."""
        found: Tensor = self.normalisation(self.convolution(maps))
        return leaky_relu(found, SLOPE)


class Level(nn.Module):
    """A level of the encoder-decoder around `inner`, those below."""

    def __init__(self, n: int, inputs: int, level: int) -> None:
        super().__init__()
        width, kernel = CHANNELS[level], KERNELS[level]
        last = level + 1 == len(CHANNELS)
        below = width if last else CHANNELS[level + 1]
        self.n = n
        self.skip = Block(n, inputs, SKIP, 1)
        self.down = Block(n, inputs, width, kernel)
        self.pooling = nn.AvgPool2d(2)
        self.further = Block(n, width, width, kernel)
        self.inner = nn.Identity() if last else Level(n, width, level + 1)
        self.normalisation = nn.BatchNorm2d(n * (SKIP + below))
        self.up = Block(n, SKIP + below, width, kernel)
        self.mixed = Block(n, width, width, 1)

    def forward(self, maps: Maps) -> Maps:
        """Return maps of the same side and of the level's width."""
        codes = self.inner(self.further(self.pooling(self.down(maps))))
        larger = interpolate(codes, scale_factor=2, mode="nearest")
        joined = _joined(self.n, self.skip(maps), larger)
        found: Tensor = self.mixed(self.up(self.normalisation(joined)))
        return found


def _joined(n: int, one: Maps, other: Maps) -> Maps:
    """Return the channels of both, group by group."""
    parts = [maps.unflatten(1, (n, -1)) for maps in (one, other)]
    return torch.cat(parts, dim=2).flatten(1, 2)


class Generator(nn.Module):
    """`n` networks, each of which makes an RGB image in 0..1 out of its noise."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n
        self.levels = Level(n, DEPTH, 0)
        self.last = nn.Conv2d(n * CHANNELS[0], n * 3, 1, groups=n)

    def forward(self, noise: Maps) -> Images:
        """Return the images, `n 3 side side`."""
        image = torch.sigmoid(self.last(self.levels(noise)))
        return image[0].unflatten(0, (self.n, 3))


def inverted(
    phi: Callable[[Images], Tensor],
    targets: Tensor,
    side: int,
    seeds: Sequence[int],
    steps: int = STEPS,
) -> Images:
    """Return an image in 0..255 for each of the codes, made by a network of its own."""
    set_up_process()  # without it the CPU dwells on denormal numbers
    generator, noise = _start(seeds)
    generator, noise = generator.to(targets.device), noise.to(targets.device)
    optimiser = torch.optim.Adam(generator.parameters(), lr=RATE)
    norms = targets.flatten(1).square().sum(dim=1)
    for _ in range(steps):
        images = 255 * generator(noise)[:, :, :side, :side]
        distances = (phi(images) - targets).flatten(1).square().sum(dim=1) / norms
        optimiser.zero_grad()
        torch.autograd.backward(distances.sum())
        optimiser.step()
    with torch.no_grad():
        return 255 * generator(noise)[:, :, :side, :side]


def _start(seeds: Sequence[int]) -> tuple[Generator, Maps]:
    """Return the networks and their noise; the first seed draws all of them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds[0])
        noise = AMPLITUDE * torch.rand(1, len(seeds) * DEPTH, SIDE, SIDE)
        return Generator(len(seeds)), noise
