"""What a step of inversion must do: the multiply-adds and the bytes of one image."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

BYTES_A_VALUE = 4


@dataclass
class Work:
    """Multiply-adds, and bytes of float32 maps written and read."""

    multiply_adds: float = 0.0
    bytes: float = 0.0

    def seconds(self, multiply_rate: float, copy_rate: float) -> float:
        """Return the least time: the longer of multiplying and copying."""
        return max(self.multiply_adds / multiply_rate, self.bytes / copy_rate)


def work_of_step(modules: Iterable[nn.Module], shape: tuple[int, int, int]) -> Work:
    """Count a step of one image: forward, and the gradient of the image.

    The gradient of a convolution's input takes as many multiply-adds as its output; no
    gradient of the weights is wanted. A map is written and read once forward, and its
    gradient once backward. Weights are shared by a batch, and left out.
    """
    codes = torch.zeros(1, *shape)
    found = Work(bytes=4 * BYTES_A_VALUE * codes.numel())
    for module in modules:
        with torch.no_grad():
            codes = module(codes)
        if isinstance(module, nn.Conv2d):
            found.multiply_adds += 2 * codes.numel() * module.weight[0].numel()
        found.bytes += 4 * BYTES_A_VALUE * codes.numel()
    return found
