"""The networks while they are trained: with batch norm, which is folded in afterwards.

Batch norm (Ioffe & Szegedy, arXiv:1502.03167) follows every convolution but CaffeNet's
fc8, which gives the scores. At inference it is a scale and a shift of each channel, so
that it melts into the convolution's weights: the shipped networks have none.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from stages.metrics.judge import Judge
from stages.representations.caffenet import LRN_ALPHA, CaffeNet, LocalResponseNorm

NAMES = ("caffenet", "judge")

# Batch norm's outputs are about 1, Caffe's activations about 100, and its constant of
# local response normalisation is made for those: train with alpha times 100^2, then
# scale the convolutions, and the function is the same with Caffe's own constant.
ACTIVATION = 100.0


def network(name: str, architecture: Mapping[str, Any]) -> CaffeNet | Judge:
    """Return the network of this name with random weights, always the same ones.

    `architecture` are the arguments of its class, `name` is one of `NAMES`.
    """
    if name == "caffenet":
        return CaffeNet(**architecture)
    torch.manual_seed(0)
    return Judge(**architecture)


def split_streams(network: CaffeNet) -> None:
    """Let conv1's first half begin without colour, and the second without luminance.

    conv2 sees the two halves apart. In AlexNet, one became nearly achromatic and the
    other chromatic by itself (Krizhevsky et al. 2012, section 6.1); in a network this
    small, trained this briefly, neither does unless it begins so. Changes the weights
    in place; training is then free to undo it.
    """
    weight = network.stack.get_parameter("conv1.weight").data
    half = len(weight) // 2
    grey = weight.mean(dim=1, keepdim=True)
    weight[:half] = grey[:half]
    weight[half:] -= grey[half:]


class Trainable(nn.Module):
    """A network with batch norm and dropout: images in 0..255 to scores of classes.

    Smaller images than CaffeNet's own are allowed while it is trained: the map before
    fc6 is averaged into the cells that it has at full size.
    """

    def __init__(self, plain: CaffeNet | Judge, dropout: float) -> None:
        """Take over the modules of `plain`, which is changed by it."""
        super().__init__()
        self.plain = plain.requires_grad_(True)
        self.stack = nn.Sequential()
        for name, module in _with_norms(plain, dropout):
            self.stack.add_module(name, module)

    def forward(self, images: Tensor) -> Tensor:
        """Return the score of every class, `n classes`."""
        last: Tensor = self.stack(images - self.plain.get_buffer("centre"))
        if isinstance(self.plain, Judge):
            return self.plain.scores(last)
        return last.flatten(1)


def _with_norms(
    plain: CaffeNet | Judge, dropout: float
) -> Iterator[tuple[str, nn.Module]]:
    """Give the modules of the plain network and what training puts between them."""
    for name, module in plain.stack.named_children():
        if name == "fc6":
            cells = plain.stack.get_parameter("fc6.weight").shape[-1]
            yield "resize", nn.AdaptiveAvgPool2d(cells)
        if name in ("fc7", "fc8"):
            yield f"{name}_dropout", nn.Dropout(dropout)
        if isinstance(module, LocalResponseNorm):
            module.alpha = LRN_ALPHA * ACTIVATION**2
        yield name, module
        if isinstance(module, nn.Conv2d) and name != "fc8":
            yield f"{name}_norm", nn.BatchNorm2d(module.out_channels)


def fold(trainable: Trainable) -> dict[str, Tensor]:
    """Return the weights, in float64, of the plain network that computes the same.

    Convolution, mean, variance, scale and shift become one convolution; activations
    that local response normalisation sees grow by `ACTIVATION`. Nothing is changed in
    `trainable`.
    """
    folded = {
        name: tensor.to(torch.float64, copy=True)
        for name, tensor in trainable.plain.state_dict().items()
    }
    inside = 1.0
    for name, module in trainable.stack.named_children():
        if isinstance(module, nn.Conv2d):
            folded[f"stack.{name}.weight"] /= inside
            inside = 1.0
        if isinstance(module, nn.BatchNorm2d):
            of = f"stack.{name.removesuffix('_norm')}"
            scale, shift = _scale_and_shift(module)
            folded[f"{of}.weight"] *= scale[:, None, None, None]
            folded[f"{of}.bias"] = folded[f"{of}.bias"] * scale + shift
        if isinstance(module, LocalResponseNorm):
            of = "stack.conv" + name.removeprefix("norm")
            for part in ("weight", "bias"):
                folded[f"{of}.{part}"] *= ACTIVATION
            inside = ACTIVATION
    return folded


def _scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return what batch norm multiplies and adds at inference, a channel each."""
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    scale = norm.weight.detach().double() / (variance.double() + norm.eps).sqrt()
    return scale, norm.bias.detach().double() - scale * mean.double()
