"""Codes of pictures: what a representation says of each."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from stages.images import Images, image_as_seen
from stages.representations.definition import Definition
from stages.representations.loading import built, cut, placed
from stages.representations.representation import Take

# Our choice: enough to keep a processor busy.
PICTURES_A_BATCH = 16


def images_as_seen(
    defined: Definition, pictures: Iterable[bytes], n: int = PICTURES_A_BATCH
) -> Iterator[Images]:
    """Yield the stored pictures as the representation sees them, `n` at a time."""
    channels, stored = built(defined).image_channels, iter(pictures)
    while batch := list(islice(stored, n)):
        yield torch.stack([image_as_seen(one, defined.side, channels) for one in batch])


def codes_of_layers(
    defined: Definition,
    layers: Sequence[str],
    images: Images,
    take: Take,
    device: torch.device,
) -> None:
    """Hand over the layers' codes of the images, from one pass for all of them.

    Raises ValueError if these images do not lead a network to one of the layers.
    """
    with torch.no_grad():
        placed(defined, device).each_code(layers, images.to(device), take)


def single_code(
    defined: Definition, layer: str, image: Tensor, device: torch.device
) -> Tensor:
    """Return the layer's code of one image `c h w`, computed alone, `1 k r s`."""
    with torch.no_grad():
        code: Tensor = cut(defined, layer, device)(image[None].to(device)).cpu()
    return code
