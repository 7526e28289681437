"""Whether the patches of an image survive in its pre-image, and whether in their place.

A patch is what one place of a map of features sees. Each patch of the original is
looked for in the pre-image: at its own place, and anywhere. A code that keeps parts but
forgets where they were leaves `anywhere` high, `same` low and `displacement` large. A
best match is flattering, since the most alike of 256 patches is somewhat alike even in
a foreign picture: `other` is the same search there, the null of `anywhere`.

Patches are compared by the cosine of their features less a centre, the mean over the
original's places. Rectified features all point into one orthant, so that without it
any two are similar. The centre is the original's alone: the pre-image and the other
picture are then treated alike, and a pre-image that has nothing of the original scores
as the other does; a mean that took in the other would push it away from the original.
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


class PatchMatches(NamedTuple):
    """Means over the patches of each original; nan for one that has none.

    `same`, `anywhere` and `other` are cosines in -1..1; `anywhere` is never below
    `same`. `displacement` is how far away the best match lies, as a share of the map's
    side: 0 in place, 0.52 for matches at random.
    """

    same: PerImage
    anywhere: PerImage
    other: PerImage
    displacement: PerImage


def patch_matches(
    preimage_map: Codes, original_map: Codes, other_map: Codes | None
) -> PatchMatches:
    """Return how alike the original's patches and their matches are, and how far apart.

    Maps are rectified features of one layer of the judge, the same for all three;
    `other_map` is that of a picture unrelated to each original, `other` is nan without
    it. Patches without features, or that equal the mean patch, are left out. Of equally
    good matches the nearest counts: a flat pre-image has a small `displacement`, so
    read it where `anywhere` is well above `other`. Float64; `n (r s)^2` numbers are
    held at once.
    """
    centre = _patches(original_map).mean(dim=1, keepdim=True)
    wanted = _directions(original_map, centre)
    counted = wanted.any(dim=2) & original_map.flatten(2).any(dim=1)
    found = wanted @ _directions(preimage_map, centre).mT
    best = found.amax(dim=2)
    other = torch.full_like(best, torch.nan)
    if other_map is not None:
        other = (wanted @ _directions(other_map, centre).mT).amax(dim=2)
    return PatchMatches(
        same=_mean(found.diagonal(dim1=1, dim2=2), counted),
        anywhere=_mean(best, counted),
        other=_mean(other, counted),
        displacement=_mean(_displacements(found, original_map), counted),
    )


def _patches(features: Codes) -> Patches:
    return features.double().flatten(2).mT


def _directions(features: Codes, centre: Float[Tensor, "n 1 k"]) -> Patches:
    """Return unit vectors from the centre to the patches, zero where one is at it."""
    patches = _patches(features)
    centred = patches - centre
    length = centred.norm(dim=2, keepdim=True)
    scale = patches.norm(dim=2, keepdim=True) + centre.norm(dim=2, keepdim=True)
    return torch.where(length > _ROUNDING * scale, centred / length, 0.0)


def _displacements(
    found: Similarities, original_map: Codes
) -> Float[Tensor, "n places"]:
    """Return the distance between each place and the nearest of its best matches."""
    ties = found >= found.amax(dim=2, keepdim=True) - _TIE
    return torch.where(ties, _distances(original_map), torch.inf).amin(dim=2)


def _distances(original_map: Codes) -> Float[Tensor, "places places"]:
    """Return the distances between places, rows and columns as shares of the sides."""
    sides = [
        torch.arange(side, dtype=torch.float64, device=original_map.device) / side
        for side in original_map.shape[2:]
    ]
    rows, cols = (axis.flatten() for axis in torch.meshgrid(*sides, indexing="ij"))
    return torch.hypot(rows[:, None] - rows, cols[:, None] - cols)


def _mean(
    values: Float[Tensor, "n places"], counted: Bool[Tensor, "n places"]
) -> PerImage:
    # The mean of no patches is 0 / 0, nan.
    return torch.where(counted, values, 0.0).sum(dim=1) / counted.sum(dim=1)
