"""CaffeNet, the paper's CNN-A: 20 named layers, of any width and input size.

Mahendran & Vedaldi, "Understanding Deep Image Representations by Inverting Them"
(arXiv:1412.0035), section 5 and table 2, after Krizhevsky et al., "ImageNet
Classification with Deep Convolutional Neural Networks" (2012), with pooling before
normalisation as in Caffe's reference model: conv-relu-pool-norm twice, three more
convolutions, a pooling, three fully connected layers; conv2, conv4 and conv5 in two
groups, so that conv1's halves are two streams. Fully connected layers are convolutions
that cover the whole map: every code is `k r s`.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from copy import copy, deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.functional import conv2d

from stages.images import Codes, Images
from stages.representations.receptive_field import Geometry, stack_geometry
from stages.representations.representation import Representation, Take, on_meta

LAYERS = (
    *("conv1", "relu1", "pool1", "norm1", "conv2", "relu2", "pool2", "norm2"),
    *("conv3", "relu3", "conv4", "relu4", "conv5", "relu5", "pool5"),
    *("fc6", "relu6", "fc7", "relu7", "fc8"),
)

# Caffe's reference model: `x / (1 + alpha / n * sum x^2)^0.75` over n = 5 channels.
LRN_CHANNELS, LRN_ALPHA = 5, 1e-4

# Kernel, stride and padding of conv1 at full size.
STEM = (11, 4, 0)

# Mean colour of ImageNet's training pictures, R, G, B in 0..255 (Caffe's mean file).
IMAGENET_MEAN = (122.7, 116.7, 104.0)


class LocalResponseNorm(nn.Module):
    """`x / (1 + alpha / n * sum x^2)^0.75` over the `n` nearest channels, zeros beyond.

    Krizhevsky et al. (2012), section 3.3. The sum is a 1x1 convolution with a banded
    matrix, and the power two reciprocal roots: much faster than torch's own.
    """

    def __init__(self, channels: int, alpha: float = LRN_ALPHA) -> None:
        super().__init__()
        index = torch.arange(channels)
        near = (index[:, None] - index).abs() <= LRN_CHANNELS // 2
        self.alpha = alpha
        self.register_buffer("near", near.float()[:, :, None, None], persistent=False)

    def forward(self, codes: Codes) -> Codes:
        """Return the normalised code, of the same shape."""
        near = self.get_buffer("near").to(codes.dtype) * (self.alpha / LRN_CHANNELS)
        root = (1 + conv2d(codes * codes, near)).rsqrt()
        return codes * root * root.sqrt()


class CaffeNet(Representation):
    """The network; `forward` gives the code of the last layer it was cut at.

    Pixels in 0..255 RGB go in, the mean colour is subtracted inside. `widths` are the
    channels of conv1..conv5, `hidden` those of fc6 and fc7, `side` the height and width
    of its images, `stem` conv1's kernel, stride and padding. Weights are frozen and
    random (He et al., arXiv:1502.01852, biases 0) from `seed` until others are loaded.
    What is subtracted is the buffer `centre`, `c 1 1`: an average image, `c h w`, may
    take its place (`caffe_reference`).
    """

    image_channels = 3

    def __init__(
        self,
        widths: Sequence[int] = (96, 256, 384, 384, 256),
        hidden: Sequence[int] = (4096, 4096),
        classes: int = 1000,
        side: int = 227,
        stem: Sequence[int] = STEM,
        mean: Sequence[float] = IMAGENET_MEAN,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.side, self.mean, self.layers = side, tuple(mean), LAYERS
        self.stack = nn.Sequential(_convolutional(widths, stem))
        for name, module in _fully_connected(self.stack, side, hidden, classes):
            self.stack.add_module(name, module)
        _randomise(self.stack, seed)
        centre = torch.tensor(self.mean)[:, None, None]
        self.register_buffer("centre", centre, persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, images: Images) -> Codes:
        """Return the code of images of `side` x `side` pixels in 0..255.

        Raises ValueError if the images have another side or other channels than RGB.
        """
        codes: Codes = self.stack(self._centred(images))
        return codes

    def _centred(self, images: Images) -> Images:
        self.check_channels(images)
        if images.shape[2:] != (self.side, self.side):
            raise ValueError(
                f"`images` must be {self.side} x {self.side} pixels, got the shape "
                f"{tuple(images.shape)}."
            )
        return images - self.get_buffer("centre")

    def each_code(self, layers: Sequence[str], images: Images, take: Take) -> None:
        """Hand over these layers' codes of the images as one pass reaches them."""
        codes, left = self._centred(images), set(layers)
        for name, module in self.stack.named_children():
            codes = module(codes)
            if name in left:
                take(name, codes)
                left.remove(name)
            if not left:
                return

    def shapes(self, side: int) -> dict[str, tuple[int, int, int]]:
        """Return the shapes `k r s` of all layers' codes, seen in a single dry run."""
        found: dict[str, tuple[int, int, int]] = {}

        def note(name: str, code: Codes) -> None:
            k, r, s = code.shape[1:]
            found[name] = k, r, s

        images = torch.zeros(1, 3, side, side, device="meta")
        on_meta(self).each_code(self.layers, images, note)
        return found

    def cut(self, layer: str) -> "CaffeNet":
        """Return the network up to `layer`: nothing beyond it is computed.

        It shares the memory of the weights until either network is moved or converted,
        which leaves the other as it was. Raises ValueError if there is no such layer.
        """
        self.check_layer(layer)
        depth = LAYERS.index(layer) + 1
        network = copy(self)
        network.layers = LAYERS[:depth]
        network._modules = {"stack": self.stack[:depth]}
        # Modules of its own around the same numbers.
        shared: dict[int, Any] = {
            id(weight): nn.Parameter(weight.detach(), requires_grad=False)
            for weight in network.parameters()
        }
        return deepcopy(network, shared)

    def geometry(self, layer: str) -> Geometry:
        """Return what a cell of the code of `layer` sees, in pixels.

        Raises ValueError if there is no such layer.
        """
        self.check_layer(layer)
        return stack_geometry(self.stack[: LAYERS.index(layer) + 1])


def _convolutional(
    widths: Sequence[int], stem: Sequence[int]
) -> "OrderedDict[str, nn.Module]":
    a, b, c, d, e = widths
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    kernel, stride, padding = stem
    modules["conv1"] = nn.Conv2d(3, a, kernel, stride, padding)
    modules |= {"relu1": nn.ReLU(), "pool1": nn.MaxPool2d(3, 2)}
    modules["norm1"] = LocalResponseNorm(a)
    modules["conv2"] = nn.Conv2d(a, b, 5, padding=2, groups=2)
    modules |= {"relu2": nn.ReLU(), "pool2": nn.MaxPool2d(3, 2)}
    modules["norm2"] = LocalResponseNorm(b)
    modules |= {"conv3": nn.Conv2d(b, c, 3, padding=1), "relu3": nn.ReLU()}
    modules |= {"conv4": nn.Conv2d(c, d, 3, padding=1, groups=2), "relu4": nn.ReLU()}
    modules |= {"conv5": nn.Conv2d(d, e, 3, padding=1, groups=2), "relu5": nn.ReLU()}
    modules["pool5"] = nn.MaxPool2d(3, 2)
    return modules


def _fully_connected(
    stack: nn.Sequential, side: int, hidden: Sequence[int], classes: int
) -> Iterator[tuple[str, nn.Module]]:
    """Give fc6..fc8; fc6 covers all the cells that the stack makes of an image."""
    with torch.no_grad():
        _, channels, cells, _ = stack(torch.zeros(1, 3, side, side)).shape
    first, second = hidden
    yield from {"fc6": nn.Conv2d(channels, first, cells), "relu6": nn.ReLU()}.items()
    yield from {"fc7": nn.Conv2d(first, second, 1), "relu7": nn.ReLU()}.items()
    yield "fc8", nn.Conv2d(second, classes, 1)


def _randomise(stack: nn.Sequential, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for module in stack:
        if isinstance(module, nn.Conv2d):
            scale = (2 / module.weight[0].numel()) ** 0.5
            module.weight.data.normal_(0, scale, generator=generator)
            if module.bias is not None:
                module.bias.data.zero_()
