"""How far apart several pre-images of one code are.

A representation that forgets much has many pre-images: the farther apart those that
different seeds arrive at, the more was forgotten (or the worse the search).
"""

import math

import torch

from stages.images import Images


def diversity(preimages: Images) -> float | None:
    """Return the mean root-mean-square distance over distinct pairs of the images.

    In grey levels; null for fewer than two.
    """
    if len(preimages) < 2:
        return None
    distances = torch.pdist(preimages.double().flatten(1))
    return float(distances.mean()) / math.sqrt(preimages[0].numel())
