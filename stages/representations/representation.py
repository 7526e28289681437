"""What every representation offers to the rest of the study: `Representation`."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import torch
from torch import nn

from stages.images import Codes, Images
from stages.representations.points import Grid
from stages.representations.receptive_field import Geometry, PixelWindow, field
from stages.representations.selection import Selection
from stages.representations.stem import with_stem

Module = TypeVar("Module", bound=nn.Module)

# Told the name of a layer and its code, once for each layer and pass.
Take = Callable[[str, Codes], None]


def on_meta(module: Module) -> Module:
    """Return a copy on the meta device; no number of the module is copied for it."""
    numbers: dict[int, Any] = {
        id(one): nn.Parameter(torch.empty_like(one, device="meta"), one.requires_grad)
        for one in module.parameters()
    }
    numbers |= {
        id(one): torch.empty_like(one, device="meta") for one in module.buffers()
    }
    return deepcopy(module, numbers)


class Representation(nn.Module):
    """A differentiable map from images in 0..255 to codes, cut at a named layer.

    `mean` is the mean colour, one value a channel in 0..255, which centres an image.
    `layers` are names, from shallow to deep; `forward` gives the last one's code.
    """

    image_channels: int
    mean: tuple[float, ...]
    layers: tuple[str, ...]

    def forward(self, images: Images) -> Codes:
        """Return the code of each image, pixels in 0..255."""
        raise NotImplementedError

    def cut(self, layer: str) -> "Representation":
        """Return the representation whose `forward` gives the code of `layer`."""
        self.check_layer(layer)
        return self

    def each_code(self, layers: Sequence[str], images: Images, take: Take) -> None:
        """Hand over each of these layers' codes of the images, from one pass if it can.

        Each as it is reached, before a network goes on: nobody holds more than one, and
        a network that writes into it later changes none. To the byte those of the cuts.
        """
        for layer in layers:
            take(layer, self.cut(layer)(images))

    def relaxed(self, progress: float) -> Callable[[Images], Codes]:
        """Return a stand-in that is easier to descend on, at `progress` in 0..1.

        Solvers may follow its gradient on the way; what counts is always the code
        itself. The representation itself where it is smooth enough.
        """
        return self

    def on(self, device: torch.device) -> "Representation":
        """Return a copy on the device, laid out as descending on it is fastest.

        Its cuts share its weights, which must stay where they are.
        """
        if device.type == "cpu":
            return with_stem(self)
        return deepcopy(self).to(device)

    def code_shape(self, layer: str, side: int) -> tuple[int, int, int]:
        """Return the shape `k r s` of the layer's code of an image of this side."""
        cut, image, _ = self.dry_run(layer, side)
        with torch.no_grad():
            k, r, s = cut(image).shape[1:]
        return k, r, s

    def shapes(self, side: int) -> dict[str, tuple[int, int, int]]:
        """Return the shapes `k r s` of all layers' codes of an image of this side."""
        return {layer: self.code_shape(layer, side) for layer in self.layers}

    def dry_run(
        self, layer: str, side: int
    ) -> tuple[Callable[[Images], Codes], Images, nn.Module | None]:
        """Return a function that gives the layer's code, an image, and the network.

        What the code costs is counted on them. They are on the meta device, where
        nothing is computed, however large the image.
        """
        cut = on_meta(self.cut(layer))
        image = torch.zeros(1, self.image_channels, side, side, device="meta")
        return cut, image, cut

    def whole_run(self) -> tuple[Callable[[Images], Codes], Images] | None:
        """Return a function that calls every layer, and an image, to count all at once.

        None where layers are no calls of modules.
        """
        return None

    def call(self, layer: str) -> tuple[str, int]:
        """Return the path and the number of the call that gives the layer's code."""
        return layer, 0

    def patches(self, layer: str) -> Grid | None:
        """Return how patches lie among a layer's tokens; None where it has cells."""
        return None

    def geometry(self, layer: str) -> Geometry:
        """Return what a cell of the code of `layer` sees, in pixels."""
        raise NotImplementedError

    def field(self, layer: str, selection: Selection, side: int) -> PixelWindow:
        """Return the window of pixels that the selection sees in a square image."""
        _, r, s = self.code_shape(layer, side)
        window = selection.window or (0, r, 0, s)
        return field(self.geometry(layer), window, side, side)

    def channels_of_orientations(self, orientations: Sequence[int]) -> tuple[int, ...]:
        """Return the channels that measure these orientations, in ascending order."""
        raise ValueError(
            f"`orientations` must be left out for {type(self).__name__}, whose "
            f"channels are no orientations; got {list(orientations)}."
        )

    def name(self, layer: str) -> str:
        """Return the name in `layers` of a layer that may have others.

        Raises ValueError if there is no such layer.
        """
        if layer not in self.layers:
            known = ", ".join(_near(layer, self.layers))
            raise ValueError(f"`layer` must be one of {known}; got {layer!r}.")
        return layer

    def named(self, pattern: str) -> list[str]:
        """Return the layers that a name, or a pattern such as `relu*`, stands for.

        From shallow to deep, each by the name that fits. `*` stands for any letters,
        `?` for one, `[ab]` for one of those. Raises ValueError if there is none.
        """
        if not set(pattern) & set("*?["):
            self.check_layer(pattern)
            return [pattern]
        fitting = (
            [n for n in (layer, *self.others(layer)) if fnmatchcase(n, pattern)]
            for layer in self.layers
        )
        fits = [names[0] for names in fitting if names]
        if not fits:
            known = ", ".join(_near(pattern, self.layers))
            raise ValueError(f"`layer` {pattern!r} fits none of {known}.")
        return fits

    def depth(self, layer: str) -> int:
        """Return the place of a layer among all, from 0 on."""
        return self.layers.index(self.name(layer))

    def others(self, layer: str) -> tuple[str, ...]:
        """Return further names of a layer."""
        return ()

    def check_layer(self, layer: str) -> None:
        """Raise ValueError unless `layer` is one of `layers`."""
        self.name(layer)

    def check_channels(self, images: Images) -> None:
        """Raise ValueError unless the images have `image_channels` channels."""
        if images.shape[1] != self.image_channels:
            raise ValueError(
                f"`images` must have {self.image_channels} channel(s), got the shape "
                f"{tuple(images.shape)}."
            )


# Layers that a message names in full, our choice; of more those that are near.
_N_NAMED = 24


def _near(name: str, layers: Sequence[str]) -> list[str]:
    if len(layers) <= _N_NAMED:
        return list(layers)
    near = get_close_matches(name, layers, n=6, cutoff=0.3) or layers[:6]
    return [*near, f"... ({len(layers)} layers)"]


def check_orientations(orientations: Sequence[int], n_orientations: int) -> None:
    """Raise ValueError unless these are distinct orientations below the number."""
    valid = all(0 <= orientation < n_orientations for orientation in orientations)
    if not orientations or not valid or len(set(orientations)) < len(orientations):
        raise ValueError(
            f"`orientations` must be distinct numbers in 0..{n_orientations - 1}, at "
            f"least one; got {list(orientations)}."
        )
