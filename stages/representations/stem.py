"""A network's first convolution, laid out for descending on its images.

The gradient of a strided convolution by its few input channels is the slowest part of
a step on a CPU: 50 ms for six images under AlexNet's conv1, whose code takes 20 ms.
Written as an unstrided convolution it takes 17 ms. Maximum pooling, and most of what
follows, is faster with a pixel's channels side by side.
"""

from copy import deepcopy
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, pad, pixel_shuffle, pixel_unshuffle

from stages.images import Codes, Images

Network = TypeVar("Network", bound=nn.Module)


def laid_out(network: Network) -> Network:
    """Return the network, changed so that it gives the same codes faster on a CPU.

    For inversion, not for training: its weights must stay as they are now.
    """
    network.requires_grad_(False)
    for parent in list(network.modules()):
        for name, module in parent.named_children():
            if type(module) is nn.Conv2d and _is_stem(module):
                setattr(parent, name, Stem(module))
    return network.to(memory_format=torch.channels_last)


def with_stem(network: Network) -> Network:
    """Return a copy of the network, laid out for the CPU."""
    return laid_out(deepcopy(network))


def _is_stem(convolution: nn.Conv2d) -> bool:
    """Return whether this is a plain strided convolution of images, square throughout.

    Only with few input channels does the slow gradient stand out.
    """
    kernel, stride, padding = (
        convolution.kernel_size,
        convolution.stride,
        convolution.padding,
    )
    return (
        convolution.in_channels <= 4
        and convolution.groups == 1
        and convolution.padding_mode == "zeros"
        and convolution.dilation == (1, 1)
        and isinstance(padding, tuple)
        and all(len(set(pair)) == 1 for pair in (kernel, stride, padding))
        and stride[0] > 1
        and padding[0] < kernel[0]
    )


class Stem(nn.Conv2d):
    """The same convolution, frozen, with a gradient by its images alone."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__(
            convolution.in_channels,
            convolution.out_channels,
            convolution.kernel_size,  # type: ignore[arg-type]
            convolution.stride,  # type: ignore[arg-type]
            convolution.padding,  # type: ignore[arg-type]
            device="meta",  # whose numbers are never drawn
        )
        self.weight, self.bias = convolution.weight, convolution.bias
        backward = _backward_weight(self.weight.detach(), self.stride[0])
        self.register_buffer("backward_weight", backward, persistent=False)

    def forward(self, images: Images) -> Codes:
        """Return the convolution's code of the images."""
        backward = self.get_buffer("backward_weight")
        stride, padding = self.stride[0], int(self.padding[0])
        codes: Codes = _Strided.apply(
            images, self.weight, self.bias, backward, stride, padding
        )
        return codes


def _backward_weight(
    weight: Float[Tensor, "k c p p"], stride: int
) -> Float[Tensor, "phases k q q"]:
    """Return the weight of the unstrided convolution that takes gradients back.

    A pixel `stride * i + phase` is reached by every `stride`-th weight from `phase` on:
    each phase is a convolution of its own, whose weights run backwards.
    """
    missing = -weight.shape[-1] % stride
    whole = pad(weight, (0, missing, 0, missing))
    return pixel_unshuffle(whole, stride).flip(2, 3).transpose(0, 1).contiguous()


class _Strided(torch.autograd.Function):
    """A strided convolution whose gradient by the images is an unstrided one."""

    @staticmethod
    def forward(
        ctx: Any,
        images: Images,
        weight: Tensor,
        bias: Tensor | None,
        backward: Tensor,
        stride: int,
        padding: int,
    ) -> Codes:
        ctx.save_for_backward(backward)
        ctx.stride, ctx.padding, ctx.size = stride, padding, images.shape[2:]
        ctx.dtype = images.dtype
        return conv2d(images, weight, bias, stride, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Codes) -> tuple[Images | None, ...]:
        (weight,) = ctx.saved_tensors
        # In a lower precision, the gradient comes in it.
        weight = weight.to(gradient.dtype)
        phases = conv2d(gradient, weight, padding=weight.shape[-1] - 1)
        padded = pixel_shuffle(phases, ctx.stride)
        # Cut the convolution's padding off; what no weight reached has no gradient.
        first, (height, width) = ctx.padding, ctx.size
        beyond = width + first - padded.shape[3], height + first - padded.shape[2]
        images = pad(padded, (-first, beyond[0], -first, beyond[1]))
        return images.to(ctx.dtype).contiguous(), None, None, None, None, None
