"""Whether the patches of an image survive in its pre-image, and whether in their place.

A patch is what one place of a map of features sees. Each patch of the original is
looked for in the pre-image: at its own place, and anywhere. A code that keeps parts but
forgets where they were leaves `anywhere` high, `same` low and `displacement` large. A
best match is flattering, since the most alike of 256 patches is somewhat alike even in
a foreign picture: the same search there is the null of `anywhere`.

Patches are compared by the cosine of their features less a centre, the mean over the
original's places. Rectified features all point into one orthant, so that without it
any two are similar. The centre is the original's alone: the pre-image and the other
picture are then treated alike, and a pre-image that has nothing of the original scores
as another picture does; a mean that took in the other would push it away from the
original.
Nor do the pre-image's own scores depend on which other picture happened to be drawn.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.images import Codes, PerImage

Patches = Float[Tensor, "n places k"]
Similarities = Float[Tensor, "n places matches"]

# Length below which a centred vector is rounding, as a share of the vector's and the
# centre's: ten times what float32 leaves. Our choice.
_ROUNDING = 1e-6

# Similarities closer than this are equal; the nearest of equals is the match. Our
# choice: a sky has many equal patches, and must be found in its place.
_TIE = 1e-6


class PatchSimilarities(NamedTuple):
    """How alike each patch of the originals and each patch of other images are.

    `cosines` in -1..1; `counted` tells which of the original's patches have a direction
    at all; `sides` are the rows and columns of the map.
    """

    cosines: Similarities
    counted: Bool[Tensor, "n places"]
    sides: tuple[int, int]


def patch_similarities(searched_map: Codes, original_map: Codes) -> PatchSimilarities:
    """Return how alike the originals' patches and those of the searched images are.

    Maps are rectified features of one layer of the judge, the same for both. The images
    to search are the pre-images or, for the null, pictures that are unrelated to each
    original. Patches without features, or that equal the mean patch, do not count.
    Float64; `n (r s)^2` numbers are held at once.
    """
    centre = _patches(original_map).mean(dim=1, keepdim=True)
    wanted = _directions(original_map, centre)
    rows, cols = original_map.shape[2:]
    return PatchSimilarities(
        cosines=wanted @ _directions(searched_map, centre).mT,
        counted=wanted.any(dim=2) & original_map.flatten(2).any(dim=1),
        sides=(rows, cols),
    )


def same(similarities: PatchSimilarities) -> PerImage:
    """Return the mean similarity of patches at the same place; nan for no patches."""
    return _mean(similarities.cosines.diagonal(dim1=1, dim2=2), similarities.counted)


def anywhere(similarities: PatchSimilarities) -> PerImage:
    """Return the mean similarity to the best match; never below that of `same`."""
    return _mean(similarities.cosines.amax(dim=2), similarities.counted)


def displacement(similarities: PatchSimilarities) -> PerImage:
    """Return the mean distance to the best match, as a share of the map's side.

    0 in place, 0.52 for matches at random. Of equally good matches the nearest counts:
    a flat pre-image has a small one, so read it where `anywhere` is well above the
    null. Nan for no patches.
    """
    cosines = similarities.cosines
    ties = cosines >= cosines.amax(dim=2, keepdim=True) - _TIE
    distances = _distances(similarities.sides, cosines.device)
    nearest = torch.where(ties, distances, torch.inf).amin(dim=2)
    return _mean(nearest, similarities.counted)


def _patches(features: Codes) -> Patches:
    return features.double().flatten(2).mT


def _directions(features: Codes, centre: Float[Tensor, "n 1 k"]) -> Patches:
    """Return unit vectors from the centre to the patches, zero where one is at it."""
    patches = _patches(features)
    centred = patches - centre
    length = centred.norm(dim=2, keepdim=True)
    scale = patches.norm(dim=2, keepdim=True) + centre.norm(dim=2, keepdim=True)
    return torch.where(length > _ROUNDING * scale, centred / length, 0.0)


def _distances(
    sides: tuple[int, int], device: torch.device
) -> Float[Tensor, "places places"]:
    """Return the distances between places, rows and columns as shares of the sides."""
    shares = [
        torch.arange(side, dtype=torch.float64, device=device) / side for side in sides
    ]
    rows, cols = (axis.flatten() for axis in torch.meshgrid(*shares, indexing="ij"))
    return torch.hypot(rows[:, None] - rows, cols[:, None] - cols)


def _mean(
    values: Float[Tensor, "n places"], counted: Bool[Tensor, "n places"]
) -> PerImage:
    # The mean of no patches is 0 / 0, nan.
    return torch.where(counted, values, 0.0).sum(dim=1) / counted.sum(dim=1)
