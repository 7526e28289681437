"""The codes of many layers of the same images from one forward pass.

A cut (`stages.representations.loading`) runs a network for one layer; here it runs once
for all of them. Each code is handed over as it is reached, before the network goes on:
nobody holds more than one, and a network that writes into it later changes none. The
numbers are those of the cuts: the same operations, in the same order.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from copy import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from stages.images import Codes, Images
from stages.representations.caffenet import CaffeNet
from stages.representations.definition import Definition
from stages.representations.loading import cut, placed
from stages.representations.network import Network
from stages.representations.points import code_at

# Told the name of a layer and its code, once for each layer and pass.
Take = Callable[[str, Codes], None]


def codes_of_layers(
    defined: Definition,
    layers: Sequence[str],
    images: Images,
    take: Take,
    device: torch.device,
) -> None:
    """Compute the layers' codes of the images, and hand over each to `take`.

    A network runs once, up to the last of them to be reached. Other representations,
    which have a single layer each, are cut at each. Raises ValueError if these images
    do not lead a network to one of the layers.
    """
    phi, there = placed(defined, device), images.to(device)
    if isinstance(phi, Network):
        _through_network(phi, layers, there, take)
    elif isinstance(phi, CaffeNet):
        deepest = cut(defined, max(layers, key=phi.depth), device)
        _through_stack(deepest, layers, there, take)
    else:
        for layer in layers:
            take(layer, cut(defined, layer, device)(there))


def _through_stack(phi: Any, layers: Sequence[str], images: Images, take: Take) -> None:
    with ExitStack() as hooks:
        for layer in layers:
            module = phi.stack.get_submodule(layer)
            handle = module.register_forward_hook(
                lambda _, __, code, layer=layer: take(layer, code)
            )
            hooks.callback(handle.remove)
        phi(images)


class _Enough(BaseException):
    """All layers are reached; not an Exception, which the network's code may catch."""


class _Pass:
    """One run of a network: which calls of its modules are still waited for."""

    def __init__(
        self, phi: Network, layers: Sequence[str], images: Images, take: Take
    ) -> None:
        self._phi, self._images, self._take = phi, images, take
        self._n_calls: Counter[str] = Counter()
        self.waiting: dict[tuple[str, int], list[str]] = {}
        for layer in layers:
            self.waiting.setdefault(phi.call(layer), []).append(layer)

    def note(self, path: str, output: Any) -> None:
        """Hand over what a call gave, if it is waited for; stop after the last."""
        call = path, self._n_calls[path]
        self._n_calls[path] += 1
        for layer in self.waiting.pop(call, ()):
            # Of a function the point takes what it gives: it checks the output.
            point = self._phi.point(layer)
            self._take(layer, code_at(lambda _: output, self._images, point))
        if not self.waiting:
            raise _Enough

    def hook(self, path: str) -> Callable[[nn.Module, Any, Any], None]:
        """Return what notes the calls of the module at this path."""
        return lambda _, __, output: self.note(path, output)


def _through_network(
    phi: Network, layers: Sequence[str], images: Images, take: Take
) -> None:
    # Its own name for it: a public one would change the keys of all its jobs.
    network, run = phi._callable, _Pass(phi, layers, images, take)

    def watched(pixels: Images) -> Tensor:
        run.note("", network(pixels))
        raise _Enough

    through = copy(phi)
    vars(through)["_callable"] = watched
    with ExitStack() as hooks, suppress(_Enough):
        for path in {path for path, _ in run.waiting if path}:
            module = cast(nn.Module, network).get_submodule(path)
            hooks.callback(module.register_forward_hook(run.hook(path)).remove)
        through(images)
    if run.waiting:
        path, _ = next(iter(run.waiting))
        raise ValueError(
            f"`layer` {path} was not reached: the network takes another way with "
            "these images than with those it was looked at with."
        )
