"""What every representation offers to the rest of the study: `Representation`."""

from collections.abc import Callable, Sequence

from torch import nn

from stages.images import Codes, Images
from stages.representations.receptive_field import Geometry


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

    def relaxed(self, progress: float) -> Callable[[Images], Codes]:
        """Return a stand-in that is easier to descend on, at `progress` in 0..1.

        Solvers may follow its gradient on the way; what counts is always the code
        itself. The representation itself where it is smooth enough.
        """
        return self

    def geometry(self, layer: str) -> Geometry:
        """Return what a cell of the code of `layer` sees, in pixels."""
        raise NotImplementedError

    def channels_of_orientations(self, orientations: Sequence[int]) -> tuple[int, ...]:
        """Return the channels that measure these orientations, in ascending order."""
        raise ValueError(
            f"`orientations` must be left out for {type(self).__name__}, whose "
            f"channels are no orientations; got {list(orientations)}."
        )

    def check_layer(self, layer: str) -> None:
        """Raise ValueError unless `layer` is one of `layers`."""
        if layer not in self.layers:
            raise ValueError(
                f"`layer` must be one of {', '.join(self.layers)}; got {layer!r}."
            )

    def check_channels(self, images: Images) -> None:
        """Raise ValueError unless the images have `image_channels` channels."""
        if images.shape[1] != self.image_channels:
            raise ValueError(
                f"`images` must have {self.image_channels} channel(s), got the shape "
                f"{tuple(images.shape)}."
            )


def check_orientations(orientations: Sequence[int], n_orientations: int) -> None:
    """Raise ValueError unless these are distinct orientations below the number."""
    valid = all(0 <= orientation < n_orientations for orientation in orientations)
    if not orientations or not valid or len(set(orientations)) < len(orientations):
        raise ValueError(
            f"`orientations` must be distinct numbers in 0..{n_orientations - 1}, at "
            f"least one; got {list(orientations)}."
        )
