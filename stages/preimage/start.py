"""Where the search begins: noise of the energy of a natural image."""

import hashlib

import torch

from stages.images import Image, reference_norm


def noise(shape: tuple[int, int, int], seed: int, name: str = "") -> Image:
    """Return centred gaussian noise `c h w` of norm `s`, the paper's start.

    Drawn on the CPU from a generator of its own, seeded from `seed` and `name` (the
    image's identity) alone, so that every cell of a study starts from the same pixels.
    Departs from the paper: each image has norm `s`; the authors' code gives that norm
    to a whole batch of copies.
    """
    draw = torch.randn(shape, generator=generator(f"{name}:{seed}"))
    scale = reference_norm(shape) / float(draw.norm())
    return draw * scale


def generator(seed: str) -> torch.Generator:
    """Return a generator on the CPU whose numbers follow from the seed's text alone."""
    digest = hashlib.sha256(seed.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
