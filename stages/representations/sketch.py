"""A network looked at without computing anything: on torch's meta device.

Its shapes are real there, its numbers are not, so that the layers of the largest
network are told in seconds, before any weights are fetched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from stages.images import Images
from stages.representations.points import Points, points

Callable_ = Callable[[Images], Tensor]
Made = TypeVar("Made", bound=Callable_)


@dataclass(frozen=True)
class Sketch:
    """The network on the meta device and its points; None where it cannot be there.

    What holds a sketch is no module of which the network would then be a part.
    """

    network: Callable_ | None = None
    points: Points | None = None


class _Unfilled(TorchFunctionMode):
    """Makes parameters on the meta device, and all else where it is asked for.

    For networks that compute the sizes of their parts with tensors.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func is torch.empty:
            return func(*args, **{**(kwargs or {}), "device": "meta"})
        return func(*args, **(kwargs or {}))


def sketched(make: Callable[[], Callable_], image: tuple[int, int, int]) -> Sketch:
    """Return the network that `make` gives as a sketch, for images of shape `c h w`.

    An empty one if the network cannot do without numbers.
    """
    for context in (torch.device("meta"), _Unfilled()):
        try:
            with context:
                network = make()
            if isinstance(network, nn.Module):
                network = network.to("meta")
            with torch.device("meta"):
                seen = points(frozen(network), torch.zeros(2, *image))
            return Sketch(network, seen)
        # Whatever a network does with numbers that are not there.
        except Exception:
            continue
    return Sketch()


def frozen(network: Made) -> Made:
    """Return the network for evaluation: without gradients of weights, nor in place."""
    if isinstance(network, nn.Module):
        network.requires_grad_(False).eval()
        for module in network.modules():
            if getattr(module, "inplace", False):
                setattr(module, "inplace", False)  # noqa: B010 any module may have it
    return network
