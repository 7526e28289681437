"""The networks while they are trained: with batch norm, which is folded in afterwards.

Batch norm (Ioffe & Szegedy, arXiv:1502.03167) follows every convolution but the last
of a stack. At inference it is a scale and a shift of each channel, so that it melts
into the convolution's weights: the shipped networks have none.
"""

from collections.abc import Mapping
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
    """Return the network of this name with random weights."""
    if name == "caffenet":
        return CaffeNet(**architecture)
    torch.manual_seed(0)
    return Judge(**architecture)


class Trainable(nn.Module):
    """A network with batch norm and dropout: images in 0..255 to scores of classes.

    Smaller images than CaffeNet's own are allowed while it is trained: the map before
    fc6 is averaged into the cells that it has at full size.
    """

    def __init__(self, plain: CaffeNet | Judge, dropout: float) -> None:
        super().__init__()
        self.plain = plain.requires_grad_(True)
        self.stack = nn.Sequential()
        modules = list(plain.stack.named_children())
        last_conv = "fc8" if isinstance(plain, CaffeNet) else ""
        for name, module in modules:
            if name == "fc6":
                cells = module.kernel_size
                self.stack.add_module("resize", nn.AdaptiveAvgPool2d(cells))
            if name in ("fc7", "fc8"):
                self.stack.add_module(f"{name}_dropout", nn.Dropout(dropout))
            if isinstance(module, LocalResponseNorm):
                module.alpha = LRN_ALPHA * ACTIVATION**2
            self.stack.add_module(name, module)
            if isinstance(module, nn.Conv2d) and name != last_conv:
                norm = nn.BatchNorm2d(module.out_channels)
                self.stack.add_module(f"{name}_norm", norm)

    def forward(self, images: Tensor) -> Tensor:
        """Return the score of every class, `n classes`."""
        last = self.stack(images - self.plain.get_buffer("centre"))
        return (
            self.plain.scores(last)
            if isinstance(self.plain, Judge)
            else last.flatten(1)
        )


def fold(trainable: Trainable) -> dict[str, Tensor]:
    """Return the weights of the plain network that computes what this one does.

    Convolution, mean, variance, scale and shift become one convolution, in float64.
    """
    weights = {k: v.double() for k, v in trainable.plain.state_dict().items()}
    inside = 1.0
    for name, module in trainable.stack.named_children():
        if isinstance(module, nn.Conv2d):
            weights[f"stack.{name}.weight"] /= inside
            inside = 1.0
        if isinstance(module, nn.BatchNorm2d):
            of = name.removesuffix("_norm")
            scale = (
                module.weight.double()
                / (module.running_var.double() + module.eps).sqrt()
            )
            shift = module.bias.double() - scale * module.running_mean.double()
            weights[f"stack.{of}.weight"] *= scale[:, None, None, None]
            weights[f"stack.{of}.bias"] = weights[f"stack.{of}.bias"] * scale + shift
        if isinstance(module, LocalResponseNorm):
            of = "conv" + name.removeprefix("norm")
            for part in ("weight", "bias"):
                weights[f"stack.{of}.{part}"] *= ACTIVATION
            inside = ACTIVATION
    return {name: tensor.float() for name, tensor in weights.items()}
