"""Any network, or any other differentiable callable, as a representation.

The network is a black box: its layers are the points where its modules can be read
(`points`), a cut stops the forward pass there. It is looked at without computing, on
torch's meta device, where it allows that, and made for good when a layer is cut.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from stages.images import Codes, Images
from stages.representations.follower import Call, followed, geometry
from stages.representations.own_weights import OwnWeights, fitted
from stages.representations.points import TOKENS, Grid, Point, Points, code_at, points
from stages.representations.receptive_field import (
    Geometry,
    Window,
    field,
    masked_field,
    measured_geometry,
)
from stages.representations.representation import Representation
from stages.representations.selection import Selection, mask
from stages.representations.stem import laid_out

Callable_ = Callable[[Images], Tensor]


@dataclass(frozen=True)
class _Sketch:
    """The network on the meta device, without numbers; None if it cannot be there.

    Held, so that it is no part of the module that holds it.
    """

    network: Callable_ | None = None


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


# Values of a cell, channels of all random images together, that a receptive field is
# measured with: our choice, enough for the zeros of ReLU and of maximum pooling not to
# fall on the same pixels.
N_PROBES = 128


class Network(Representation):
    """A network over square RGB images; `forward` gives the code of the last layer.

    `make` returns an `nn.Module` or any differentiable callable from `n c h w` to codes
    `n ...`. It sees `(images - mean) / std`, or, with `std` None, the pixels in 0..255
    as they are; `mean` also centres the images for the priors. `aliases` gives layers
    names of one's own. `weights` returns the state to load, or the tensors of a user's
    own file, which are fitted; None keeps that of `make`, whose randomness comes from
    `seed`. Modules are frozen, set to evaluation, and
    nothing in them works in place.
    """

    def __init__(
        self,
        make: Callable[[], Callable_],
        *,
        side: int,
        mean: Sequence[float],
        std: Sequence[float] | None = None,
        aliases: Mapping[str, str] | None = None,
        weights: Callable[[], Mapping[str, Tensor] | OwnWeights] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.image_channels = len(mean)
        self.side, self.mean = side, tuple(float(value) for value in mean)
        self._std = None if std is None else tuple(float(value) for value in std)
        self._make, self._weights, self._seed = make, weights, seed
        self._sketch = _Sketch()
        self._points = self._look()
        self.layers = tuple(self._points.named)
        if not self.layers:
            reasons = self._points.unreadable.items()
            told = "; ".join(f"{name}: {reason}" for name, reason in reasons)
            raise ValueError(f"`make` must give a network with a code; {told}.")
        self._aliases = _all_aliases(self._points, aliases or {})

    def _look(self) -> Points:
        """Return the network's points, without computing anything where it can be."""
        shape = (2, self.image_channels, self.side, self.side)
        for context in (torch.device("meta"), _Unfilled()):
            try:
                with context:
                    sketch = self._make()
                if isinstance(sketch, nn.Module):
                    sketch = sketch.to("meta")
                with torch.device("meta"):
                    found = points(_frozen(sketch), torch.zeros(shape))
                self._sketch = _Sketch(sketch)
                return found
            # Whatever a network does with numbers that are not there.
            except Exception:
                continue
        return points(self._callable, torch.zeros(shape))

    @cached_property
    def _callable(self) -> Callable_:
        """The network itself, with its weights."""
        made = self._seeded()
        if self._weights is not None:
            if not isinstance(made, nn.Module):
                raise ValueError("`weights` are for a module; got a function.")
            state = self._weights()
            if isinstance(state, OwnWeights):
                state = fitted(state, made).tensors
            made.load_state_dict(state)
        return _frozen(made)

    def _seeded(self) -> Callable_:
        """Return what `make` gives, its randomness from the seed and no other."""
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self._seed)
            return self._make()

    def forward(self, images: Images) -> Codes:
        """Return the code of the last layer of images of `side` x `side` pixels.

        Raises ValueError if the images have another side or other channels.
        """
        self.check_channels(images)
        if images.shape[2:] != (self.side, self.side):
            raise ValueError(
                f"`images` must be {self.side} x {self.side} pixels, got the shape "
                f"{tuple(images.shape)}."
            )
        if self._std is not None:
            mean, std = (
                torch.tensor(values, device=images.device, dtype=images.dtype)
                for values in (self.mean, self._std)
            )
            images = (images - mean[:, None, None]) / std[:, None, None]
        else:
            # Some networks write into their input: this one is theirs.
            images = images.clone()
        return code_at(self._callable, images, self.point(self.layers[-1]))

    def cut(self, layer: str) -> "Network":
        """Return the network up to `layer`: nothing beyond it is computed.

        It shares the weights. Raises ValueError if there is no such layer.
        """
        made = self._callable
        network = copy(self)
        network.__dict__["_callable"] = made
        network.layers = self.layers[: self.depth(layer) + 1]
        return network

    def on(self, device: torch.device) -> "Network":
        """Return the network on the device, with its weights.

        A callable that is no module must follow the device of its images itself.
        """
        made = self._callable
        network = copy(self)
        if isinstance(made, nn.Module):
            on_cpu = device.type == "cpu"
            # On the CPU without a copy: large networks are there once.
            moved = laid_out(made) if on_cpu else deepcopy(made).to(device)
            network.__dict__["_callable"] = moved
        return network

    def name(self, layer: str) -> str:
        """Return the layer's own name, for any that serves for it.

        Raises ValueError if there is none, with the reason if a module gives no code.
        """
        name = self._aliases.get(layer, layer)
        if name in self._points.named:
            return name
        if layer in self._points.unreadable:
            raise ValueError(
                f"`layer` {layer} cannot be read: {self._points.unreadable[layer]}."
            )
        return super().name(layer)

    def point(self, layer: str) -> Point:
        """Return where the layer's code is read."""
        return self._points.named[self.name(layer)]

    def others(self, layer: str) -> tuple[str, ...]:
        """Return the other names of a layer."""
        return tuple(a for a, name in self._aliases.items() if name == layer)

    def code_shape(self, layer: str, side: int) -> tuple[int, int, int]:
        """Return the shape `k r s` of a layer's code; nothing is computed."""
        return self.point(layer).shape

    def shapes(self, side: int) -> dict[str, tuple[int, int, int]]:
        """Return the shapes `k r s` of all layers' codes; nothing is computed."""
        return {name: self._points.named[name].shape for name in self.layers}

    def call(self, layer: str) -> Call:
        """Return the call of a module that gives the layer's code."""
        point = self.point(layer)
        return point.path, point.call

    def whole_run(self) -> tuple[Callable_, Images]:
        """Return the network and an image, on the meta device if it can be there."""
        network, device = self._sketched()
        shape = (1, self.image_channels, self.side, self.side)
        return network, torch.zeros(shape, device=device)

    def _sketched(self) -> tuple[Callable_, str]:
        """Return the network to look at, and the device that it is on."""
        if self._sketch.network is not None:
            return self._sketch.network, "meta"
        return self._callable, "cpu"

    def patches(self, layer: str) -> Grid | None:
        """Return how patches lie among a layer's tokens, None if it has no tokens."""
        return self.point(layer).grid

    def geometry(self, layer: str) -> Geometry:
        """Return what a cell of the code of `layer` sees.

        As the network's operations tell, see `follower`. Where one of them is not
        known there, measured at the centre by gradients, with random weights; then
        tokens are taken to see the whole image, as do cells that no pixel of the
        measurement moves. Raises ValueError if there is no such layer.
        """
        name = self.name(layer)
        return self._geometries.get(name) or self._measured(name)

    @cached_property
    def _geometries(self) -> dict[str, Geometry]:
        """What the cells of each layer see that could be followed, all at once."""
        network, device = self._sketched()
        shape = (2, self.image_channels, self.side, self.side)
        seen = followed(network, torch.zeros(shape, device=device))
        found = {
            name: geometry(seen.get((point.path, point.call)), point, self.side)
            for name, point in self._points.named.items()
        }
        return {name: told for name, told in found.items() if told is not None}

    def _measured(self, layer: str) -> Geometry:
        point = self.point(layer)
        rows = 1 if point.form == TOKENS else point.shape[1]
        try:
            return measured_geometry(self._probed(layer), self._probes(layer), rows)
        except ValueError:  # without gradient, such as a head that begins at zero
            return Geometry(self.side, self.side, 0)

    def field(self, layer: str, selection: Selection, side: int) -> Window:
        """Return the bounding box of the pixels that the selection sees.

        The whole image for a selection of all cells; measured for tokens, and where
        the layer's geometry is.
        """
        if selection.window is None and selection.tokens is None:
            return 0, self.side, 0, self.side
        known = self._geometries.get(self.name(layer))
        if known is not None and selection.window is not None:
            return field(known, selection.window, self.side, self.side)
        cells = replace(selection, channels=None, top=None)
        selected = mask(cells, self.point(layer).shape)
        try:
            return masked_field(self._probed(layer), self._probes(layer), selected)
        except ValueError:
            return 0, self.side, 0, self.side

    def _probed(self, layer: str) -> Callable[[Images], Codes]:
        point = self.point(layer)
        return lambda images: code_at(self._probe, images.clone(), point)

    @cached_property
    def _probe(self) -> Callable_:
        """The network with random weights, which are there before any are fetched."""
        if self._weights is None:
            return self._callable
        return _frozen(self._seeded())

    def _probes(self, layer: str) -> Images:
        """Return random images, more of them for a code of few channels."""
        generator = torch.Generator().manual_seed(0)
        n = -(-N_PROBES // max(self.point(layer).shape[0], N_PROBES // 8))
        shape = (n, self.image_channels, self.side, self.side)
        return 255 * torch.rand(shape, generator=generator)


def _frozen(network: Callable_) -> Callable_:
    """Return the network for evaluation: without gradients of weights, nor in place."""
    if isinstance(network, nn.Module):
        network.requires_grad_(False).eval()
        for module in network.modules():
            if getattr(module, "inplace", False):
                setattr(module, "inplace", False)  # noqa: B010 any module may have it
    return network


def _all_aliases(found: Points, aliases: Mapping[str, str]) -> dict[str, str]:
    """Return all further names of layers, each with the layer's own name."""
    named = {
        alias: found.others.get(path, path)
        for alias, path in aliases.items()
        if path in found.named or path in found.others
    }
    return found.others | named
