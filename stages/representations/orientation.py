"""Histograms of gradient orientation over cells: what HOG and dense SIFT share.

Each pixel votes, with the length of its gradient, for the one or two directions next
to the gradient's own; a cell sums the votes around its centre with a triangle
(bilinear) window. Follows the networks that Mahendran & Vedaldi, "Understanding Deep
Image Representations by Inverting Them" (arXiv:1412.0035), section 3, build for HOG
and DSIFT; agreement with VLFeat's C library is tested.

Direction `k` of `d` is the gradient angle `2 pi k / d`, measured from the columns' axis
(rightwards) to the rows' (downwards). At a pixel without gradient the vote is 0 and so
is its derivative: a subgradient, finite where the length itself has none.

An image's votes do not depend, to the bit, on the other images of a batch of the same
size. Kernels compute the last few numbers of an array by other means than the rest,
which shows in functions that are not rounded exactly, such as the arctangent: hence the
calls per image.
"""

import math

import torch
from torch.nn.functional import pad

from stages.images import Images, image_by_image
from stages.representations.pooling import Axis, Bins, Cells, Pixels, pooled

# Up to two votes of each pixel: the directions they are for, and the votes.
Ballot = tuple[tuple[Bins, ...], tuple[Pixels, ...]]

# In bins; as VLFeat, a gradient half-way between two directions counts for the lower
# one, also after a rounding error of the angle, computed in float64 for that reason.
_TIE = 1e-9


def orientation_cells(
    images: Images,
    rows: Axis,
    cols: Axis,
    *,
    directions: int,
    assignment: str,
    outside: float,
    sharpness: float = 1.0,
) -> Cells:
    """Return how much gradient of each direction each cell of grey images holds.

    Central differences, with pixels past the border equal to `outside`. `assignment`:
    a vote goes to the nearest direction (`hard`) or to both neighbours in proportion to
    their closeness (`bilinear`). In grey levels; a cell's weights sum to `spacing^2`.
    `sharpness` takes bilinear assignment from itself (1) towards hard (infinity).
    """
    check_assignment(assignment)
    gradient = central_differences(images[:, 0], outside)
    if assignment == "hard":
        bins, votes = _hard(*gradient, directions)
    else:
        bins, votes = _bilinear(*gradient, directions, sharpness)
    return pooled(rows, cols, directions, bins, votes)


ASSIGNMENTS = ("hard", "bilinear")


def check_assignment(assignment: str) -> None:
    """Raise ValueError unless `assignment` is one of `ASSIGNMENTS`."""
    if assignment not in ASSIGNMENTS:
        raise ValueError(
            f"`assignment` must be one of {', '.join(ASSIGNMENTS)}; got {assignment!r}."
        )


def central_differences(images: Pixels, outside: float) -> tuple[Pixels, Pixels]:
    """Return half of next minus previous pixel along rows and along columns."""
    framed = pad(images, (1, 1, 1, 1), value=outside)
    return (
        (framed[:, 2:, 1:-1] - framed[:, :-2, 1:-1]) / 2,
        (framed[:, 1:-1, 2:] - framed[:, 1:-1, :-2]) / 2,
    )


def _hard(row_gradient: Pixels, col_gradient: Pixels, directions: int) -> Ballot:
    """Return the nearest direction of each pixel and its vote, the gradient's length.

    Here the angle's last bit may depend on the company: `_TIE` is far larger.
    """
    with torch.no_grad():
        angle = torch.atan2(row_gradient.double(), col_gradient.double())
        nearest = torch.ceil(angle * (directions / math.tau) - (0.5 + _TIE))
        row_unit, col_unit = _unit(row_gradient, col_gradient)
    length = row_unit * row_gradient + col_unit * col_gradient
    return (_bins(nearest, directions),), (length,)


def _bilinear(
    row_gradient: Pixels, col_gradient: Pixels, directions: int, sharpness: float
) -> Ballot:
    """Return the two directions around each pixel's own and the votes for them.

    With the angle at `lower + f` bins the votes are `1 - f` and `f` times the length;
    turning the gradient moves `f` by `directions / 2 pi` a radian. `f` is sharpened.

    A vote is homogeneous of degree 1 in the gradient: by Euler's theorem it is its
    derivatives times the gradient. With those held constant, as here, that has the
    right value and the right first derivative, finite also where a length has none.
    """
    with torch.no_grad():
        position = _angle(row_gradient, col_gradient) * (directions / math.tau)
        lower = position.floor()
        f, rate = _sharpened(position - lower, sharpness)
        rate = rate * (directions / math.tau)
        row_unit, col_unit = _unit(row_gradient, col_gradient)
        row_derivative = f * row_unit + col_unit * rate
        col_derivative = f * col_unit - row_unit * rate
    length = row_unit * row_gradient + col_unit * col_gradient
    upper = row_derivative * row_gradient + col_derivative * col_gradient
    bins = _bins(lower, directions), _bins(lower + 1, directions)
    return bins, (length - upper, upper)


def _sharpened(f: Pixels, sharpness: float) -> tuple[Pixels, Pixels | float]:
    """Return a share in 0..1 pushed away from one half, and its derivative.

    With `m = 2 f - 1` and `D = 1 + (sharpness^2 - 1) m^2` the share becomes
    `(1 + sharpness m / sqrt(D)) / 2`, whose derivative is `sharpness / D^(3/2)`: the
    identity at 1, a step at infinity. Our choice among sigmoids: a square root rounds
    exactly, so that bytes do not depend on a job's company.
    """
    if sharpness == 1:
        return f, 1.0
    m = 2 * f - 1
    d = 1 + (sharpness**2 - 1) * m.square()
    root = d.sqrt()
    return (1 + sharpness * m / root) / 2, sharpness / (d * root)


def _angle(row_gradient: Pixels, col_gradient: Pixels) -> Pixels:
    """Return the angle in radians."""
    return image_by_image(torch.atan2, row_gradient, col_gradient)


def _bins(bins: Pixels, directions: int) -> Bins:
    """Return the bins of angles in -pi..pi as whole numbers from 0 on.

    A pixel that is not a number goes anywhere: its vote makes that image's cells nan,
    and no other's.
    """
    return torch.where(bins < 0, bins + directions, bins).nan_to_num(0).long()


def _unit(row_gradient: Pixels, col_gradient: Pixels) -> tuple[Pixels, Pixels]:
    """Return the gradient divided by its length, 0 where there is no gradient."""
    length = (row_gradient.square() + col_gradient.square()).sqrt()
    inverse = torch.where(length == 0, 0.0, 1 / length)
    return row_gradient * inverse, col_gradient * inverse
