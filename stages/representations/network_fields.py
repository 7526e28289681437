"""What the cells of a network's layers see of the image: followed, else measured.

Operations are followed on the network's sketch (`follower`); what is not known there is
measured by gradients of random images, with random weights, so that it does not hang on
which features were learned.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from stages.images import Codes, Images
from stages.representations.follower import followed, geometry
from stages.representations.points import TOKENS, Points, code_at
from stages.representations.receptive_field import (
    Geometry,
    PixelWindow,
    field,
    masked_field,
    measured_geometry,
)
from stages.representations.selection import Selection, mask

# Values of a cell, channels of all random images together, that a receptive field is
# measured with: our choice, enough for the zeros of ReLU and of maximum pooling not to
# fall on the same pixels.
N_PROBES = 128

Callable_ = Callable[[Images], Tensor]


class Fields:
    """The receptive fields of a network's layers, for images of shape `c h w`.

    `sketched` returns the network to follow, and its device; `probe` the network with
    random weights to measure with. Both are asked when they are needed.
    """

    def __init__(
        self,
        points: Points,
        image: tuple[int, int, int],
        sketched: Callable[[], tuple[Callable_, str]],
        probe: Callable[[], Callable_],
    ) -> None:
        self._points, self._image = points, image
        self._sketched, self._probe = sketched, probe

    def geometry(self, layer: str) -> Geometry:
        """Return what a cell of the layer's code sees."""
        return self._followed.get(layer) or self._measured(layer)

    def field(self, layer: str, selection: Selection) -> PixelWindow:
        """Return the bounding box of the pixels that some cells or tokens see."""
        side = self._image[-1]
        whole = 0, side, 0, side
        if selection.window is None and selection.tokens is None:
            return whole
        known = self._followed.get(layer)
        if known is not None and selection.window is not None:
            return field(known, selection.window, side, side)
        cells = replace(selection, channels=None, top=None)
        selected = mask(cells, self._points.named[layer].shape)
        try:
            return masked_field(self._probed(layer), self._probes(layer), selected)
        except ValueError:
            return whole

    @cached_property
    def _followed(self) -> dict[str, Geometry]:
        """What the cells of each layer see that could be followed, all at once."""
        network, device = self._sketched()
        seen = followed(network, torch.zeros(2, *self._image, device=device))
        geometries = {
            name: geometry(seen.get((point.path, point.call)), point, self._image[-1])
            for name, point in self._points.named.items()
        }
        return {name: told for name, told in geometries.items() if told is not None}

    def _measured(self, layer: str) -> Geometry:
        point, side = self._points.named[layer], self._image[-1]
        rows = 1 if point.form == TOKENS else point.shape[1]
        try:
            return measured_geometry(self._probed(layer), self._probes(layer), rows)
        except ValueError:  # without gradient, such as a head that begins at zero
            return Geometry(side, side, 0)

    def _probed(self, layer: str) -> Callable[[Images], Codes]:
        point = self._points.named[layer]
        return lambda images: code_at(self._probe(), images.clone(), point)

    def _probes(self, layer: str) -> Images:
        """Return random images, more of them for a code of few channels."""
        generator = torch.Generator().manual_seed(0)
        n_channels = self._points.named[layer].shape[0]
        n = -(-N_PROBES // max(n_channels, N_PROBES // 8))
        return 255 * torch.rand((n, *self._image), generator=generator)
