"""Codes of pictures: what a representation says of each."""

from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor

from stages.images import image_as_seen
from stages.representations.definition import Definition
from stages.representations.loading import built, cut

# Our choice: enough to keep a processor busy.
PICTURES_A_BATCH = 16


def images_as_seen(defined: Definition, pictures: Iterable[bytes]) -> Iterator[Tensor]:
    """Yield the stored pictures as the representation sees them, a batch at a time."""
    channels, stored = built(defined).image_channels, iter(pictures)
    while batch := list(islice(stored, PICTURES_A_BATCH)):
        yield torch.stack([image_as_seen(one, defined.side, channels) for one in batch])


def code_batches(
    defined: Definition, layer: str, pictures: Iterable[bytes], device: torch.device
) -> Iterator[Tensor]:
    """Yield the layer's codes of stored pictures, `n k r s`, a batch at a time."""
    phi = cut(defined, layer, device)
    for batch in images_as_seen(defined, pictures):
        with torch.no_grad():
            yield phi(batch.to(device))


def single_code(
    defined: Definition, layer: str, image: Tensor, device: torch.device
) -> Tensor:
    """Return the layer's code of one image `c h w`, computed alone, `1 k r s`."""
    with torch.no_grad():
        code: Tensor = cut(defined, layer, device)(image[None].to(device)).cpu()
    return code
