"""Where the label of an original comes among those that a network gives a pre-image.

A label is the class of the highest score. Classes with equal scores share the best of
their ranks.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.images import PerImage

ClassScores = Float[Tensor, "n classes"]


def rank_of_label(scores: ClassScores, original_scores: ClassScores) -> PerImage:
    """Return the rank of each original's label among the scores of its pre-image.

    1 where the label is the same, up to the number of classes; float64. Nan where a
    score of the pre-image is not a number.
    """
    label = original_scores.argmax(dim=1, keepdim=True)
    ranks = 1 + (scores > scores.gather(1, label)).sum(dim=1)
    return torch.where(scores.isnan().any(dim=1), torch.nan, ranks.double())


def among_the_first(
    scores: ClassScores, original_scores: ClassScores, n_first: int
) -> Bool[Tensor, " n"]:
    """Return whether the rank of each original's label is at most `n_first`."""
    return rank_of_label(scores, original_scores) <= n_first
