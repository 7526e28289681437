"""Distances between codes, and the three errors that the literature makes of them.

With d = Phi(x) - Phi0, an error is

- relative: ||d|| / ||Phi0|| (Mahendran & Vedaldi, "Visualizing deep convolutional
  neural networks using natural pre-images", arXiv:1512.02017);
- normalised: ||d|| / N, N the mean distance between the codes of two pictures (the
  same authors, arXiv:1412.0035, the text);
- squared normalised: ||d||^2 / mean squared distance between the codes of two pictures
  (arXiv:1412.0035, the released evaluation code).

With a selection, all of them run over the selected entries alone.
Departs from the paper: distances are between distinct pictures. The authors' code also
counts each picture with itself, a zero: multiply ours by (n - 1) / n for theirs.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.images import Codes, PerImage

# Which entries of a code a selection is about.
Entries = Bool[Tensor, "k r s"]
# The code of another picture, and which images of a batch are of that very picture.
Foreign = tuple[Float[Tensor, "k r s"], Bool[Tensor, " n"]]

# Most pictures whose distances are all taken, our choice: the work grows with the
# square of their number, and 512 of them already make 130,816 pairs.
MOST_PICTURES = 512

# Entries of the codes that are turned into float64 at once, our choice: 64 MiB.
_ENTRIES_A_CHUNK = 2**23


class PairwiseStatistics(NamedTuple):
    """How far apart the codes of two distinct pictures are; null for fewer than two.

    `n_pictures` is the number of pictures that the mean distance was taken over.
    """

    mean_distance: float | None
    mean_squared_distance: float | None
    n_pictures: int


def code_distance(codes: Codes, targets: Codes, entries: Entries) -> PerImage:
    """Return `||Phi(x) - Phi0||` of each image over the selected entries, float64."""
    return code_norm(codes.double() - targets.double(), entries)


def code_norm(codes: Codes, entries: Entries) -> PerImage:
    """Return `||Phi||` of each image over the selected entries, float64."""
    selected = torch.where(entries, codes.double(), 0.0)
    return selected.square().sum(dim=(1, 2, 3)).sqrt()


def relative_error(distances: PerImage, target_norms: PerImage) -> PerImage:
    """Return `||d|| / ||Phi0||`; nan where that is not finite."""
    return _defined(distances / target_norms)


def normalised_error(distances: PerImage, pairs: PairwiseStatistics) -> PerImage:
    """Return `||d|| / N`; nan where that is not finite, or without an N."""
    return _defined(distances / (pairs.mean_distance or 0.0))


def squared_normalised_error(
    distances: PerImage, pairs: PairwiseStatistics
) -> PerImage:
    """Return `||d||^2 / N2`, N2 the mean squared distance; nan as above."""
    return _defined(distances.square() / (pairs.mean_squared_distance or 0.0))


def mismatched_error(
    codes: Codes, foreign: Iterable[Foreign], entries: Entries
) -> PerImage:
    """Return the least `||Phi(x) - Phi_j|| / ||Phi_j||` over other pictures' codes.

    The null of the relative error. A picture's own code does not count for it; nan
    where no other has a norm.
    """
    nearest = torch.full((len(codes),), torch.inf, dtype=torch.float64)
    for code, is_own in foreign:
        targets = code.expand_as(codes)
        ratio = code_distance(codes, targets, entries) / code_norm(targets, entries)
        nearest = torch.where(is_own, nearest, torch.fmin(nearest, ratio))
    return _defined(nearest)


def _defined(values: PerImage) -> PerImage:
    return torch.where(values.isfinite(), values, torch.nan)


def pairwise_statistics(
    codes: Codes, entries: Entries | None = None
) -> PairwiseStatistics:
    """Return the mean distance and mean squared distance over all distinct pairs.

    Only the selected `entries` count, all of them without. Works in chunks of
    entries, in float64: `codes` may be a memory-mapped file. Beyond `MOST_PICTURES`
    pictures the mean distance is over that many of them, evenly spaced; the mean
    squared one is always over all, by
    `sum_{i<j} |a_i - a_j|^2 = n * sum_i |a_i - mean|^2`.
    """
    n, n_sample = len(codes), min(len(codes), MOST_PICTURES)
    if n < 2:
        return PairwiseStatistics(None, None, n)
    sample = torch.linspace(0, n - 1, n_sample, dtype=torch.float64).round().long()
    scatter, gram = 0.0, torch.zeros(n_sample, n_sample, dtype=torch.float64)
    for centred in _centred_chunks(codes, entries):
        scatter += float(centred.square().sum())
        gram += centred[sample] @ centred[sample].T
    mean_distance = float(_distances(gram).mean())
    return PairwiseStatistics(mean_distance, 2 * scatter / (n - 1), n_sample)


def _centred_chunks(
    codes: Codes, entries: Entries | None
) -> Iterator[Float[Tensor, "n e"]]:
    """Yield some of the selected entries of all codes at a time, less their means."""
    flat = codes.flatten(1)
    everything = torch.ones(flat.shape[1], dtype=torch.bool)
    selected = (everything if entries is None else entries.flatten()).nonzero()[:, 0]
    for chosen in torch.split(selected, max(_ENTRIES_A_CHUNK // len(codes), 1)):
        chunk = flat[:, chosen].double()
        yield chunk - chunk.mean(dim=0)


def _distances(gram: Float[Tensor, "n n"]) -> Float[Tensor, " pairs"]:
    """Return the distances that inner products imply, one for each distinct pair."""
    squares = gram.diagonal()
    squared = squares[:, None] + squares[None, :] - 2 * gram
    first, second = torch.triu_indices(len(gram), len(gram), offset=1)
    # Rounding can leave a pair of equal codes a little below zero.
    return squared[first, second].clamp(min=0).sqrt()
