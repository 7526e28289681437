"""The networks that judge pre-images: the embedded judge, LPIPS, an ImageNet network.

The embedded judge is always there. The others are where their weights could be had;
their metrics are null elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from stages.execution.device import on_device
from stages.images import Images
from stages.metrics.judge import Judge, embedded_judge
from stages.metrics.judged import Features, as_seen
from stages.metrics.perceptual import Distance
from stages.weights import kept

# Where the fetch stage keeps the weights of EfficientNet-Lite0.
IMAGENET_WEIGHTS = kept.judge_place()

# Side in pixels of the pictures that EfficientNet-Lite0 was trained with.
IMAGENET_SIDE = 224

# Side in pixels from which a network trained at 224 has something to see, our choice:
# below, a picture is enlarged to almost twice its side or more.
SMALLEST_IMAGENET_SIDE = 128


@runtime_checkable
class ImageNetJudge(Protocol):
    """A classifier of 1,000 classes, over RGB pixels in 0..255 of 224 x 224."""

    def features(self, images: Images) -> Sequence[Features]:
        """Return maps of features, from the finest to the coarsest."""

    def scores(self, last: Features) -> Float[Tensor, "n classes"]:
        """Return the scores of the classes from the last of these maps."""


@dataclass(frozen=True)
class Judges:
    """The judges on one device; LPIPS by the name of its column.

    `imagenet` is None where its weights are not, or where it would judge pre-images of
    its own.
    """

    embedded: Judge
    device: torch.device
    lpips: Mapping[str, Distance] = field(default_factory=dict)
    imagenet: ImageNetJudge | None = None

    def embedded_maps(self, images: Images) -> Sequence[Features]:
        """Return the features that the embedded judge sees in the images."""
        return self.embedded.features(as_seen(images.to(self.device)))

    def imagenet_maps(self, images: Images) -> Sequence[Features] | None:
        """Return the features of the ImageNet network; None if it is not to judge."""
        if self.imagenet is None or min(images.shape[2:]) < SMALLEST_IMAGENET_SIDE:
            return None
        seen = as_seen(images.to(self.device), IMAGENET_SIDE)
        return self.imagenet.features(seen)


def load_judges(
    lpips: Mapping[str, Distance],
    device: torch.device,
    imagenet: Path | None = IMAGENET_WEIGHTS,
) -> Judges:
    """Return the judges that are there on the device, with LPIPS as given, by column.

    `imagenet` is where the weights of EfficientNet-Lite0 are, if they are. Raises
    Refusal if the embedded judge is not there.
    """
    placed = {name: _on(device, distance) for name, distance in lpips.items()}
    embedded = on_device(embedded_judge(), device)
    return Judges(embedded, device, placed, _imagenet_judge(imagenet, device))


def _on(device: torch.device, distance: Distance) -> Distance:
    return lambda preimages, originals: distance(
        preimages.to(device), originals.to(device)
    )


def _imagenet_judge(weights: Path | None, device: torch.device) -> ImageNetJudge | None:
    """Return EfficientNet-Lite0 if its weights are there."""
    if weights is None or not weights.is_file():
        return None
    # Imported here, where it judges.
    from stages.metrics.efficientnet_lite import EfficientNetLite0

    network = EfficientNetLite0()
    network.load_state_dict(load_file(weights))
    return on_device(network.requires_grad_(False).eval(), device)
