"""Any network, or any other differentiable callable, as a representation.

The network is a black box: its layers are the points where its modules can be read
(`points`), a cut stops the forward pass there. It is looked at without computing, on
torch's meta device, where it allows that, and made for good when a layer is cut.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from functools import cached_property

import torch
from torch import Tensor, nn

from stages.images import Codes, Images
from stages.representations.follower import Call
from stages.representations.network_fields import Fields
from stages.representations.own_weights import OwnWeights, fitted
from stages.representations.passes import Pass
from stages.representations.points import Grid, Point, Points, code_at, points
from stages.representations.receptive_field import Geometry, PixelWindow
from stages.representations.representation import Representation, Take
from stages.representations.selection import Selection
from stages.representations.sketch import frozen, sketched
from stages.representations.stem import laid_out

Callable_ = Callable[[Images], Tensor]


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
        self._sketch = sketched(make, self._image)
        self._points = self._sketch.points or points(
            self._callable, torch.zeros(2, *self._image)
        )
        self.layers = tuple(self._points.named)
        if not self.layers:
            reasons = self._points.unreadable.items()
            told = "; ".join(f"{name}: {reason}" for name, reason in reasons)
            raise ValueError(f"`make` must give a network with a code; {told}.")
        self._aliases = _all_aliases(self._points, aliases or {})

    @property
    def _image(self) -> tuple[int, int, int]:
        """The shape of an image."""
        return self.image_channels, self.side, self.side

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
        return frozen(made)

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

    def each_code(self, layers: Sequence[str], images: Images, take: Take) -> None:
        """Hand over these layers' codes of the images as one pass reaches them.

        Raises ValueError if these images do not lead the network to one of them.
        """
        run = Pass({layer: self.point(layer) for layer in layers}, images, take)
        network = copy(self)
        with run.over(self._callable) as watched:
            network.__dict__["_callable"] = watched
            network(images)

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
        return network, torch.zeros(1, *self._image, device=device)

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
        return self._fields.geometry(self.name(layer))

    def field(self, layer: str, selection: Selection, side: int) -> PixelWindow:
        """Return the bounding box of the pixels that the selection sees.

        The whole image for a selection of all cells; measured for tokens, and where
        the layer's geometry is.
        """
        return self._fields.field(self.name(layer), selection)

    @cached_property
    def _fields(self) -> Fields:
        return Fields(self._points, self._image, self._sketched, lambda: self._probe)

    @cached_property
    def _probe(self) -> Callable_:
        """The network with random weights, which are there before any are fetched."""
        if self._weights is None:
            return self._callable
        return frozen(self._seeded())


def _all_aliases(known: Points, aliases: Mapping[str, str]) -> dict[str, str]:
    """Return all further names of layers, each with the layer's own name."""
    named = {
        alias: known.others.get(path, path)
        for alias, path in aliases.items()
        if path in known.named or path in known.others
    }
    return known.others | named
