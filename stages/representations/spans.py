"""Spans: the pixels that each entry of a tensor sees, as the tensor's axes tell them.

Along rows, and likewise along columns, entry `(i, j, ...)` sees the `size` pixels from
`start + stride_i * i + stride_j * j + ...` on, whatever the tensor's shape: a map of
cells, a window of tokens, patches side by side among the channels. An axis is a product
of factors, so that rows and columns that were flattened into tokens can be told apart
again. What cannot be written so is widened until it can: spans are never too small.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

Pair = tuple[int, int]


class Factor(NamedTuple):
    """`n` places along an axis, each so many (rows, columns) of pixels on."""

    n: int
    strides: Pair = (0, 0)


Axis = tuple[Factor, ...]


@dataclass(frozen=True)
class Spans:
    """What the entries of a tensor see; pairs are of rows and columns, in pixels.

    `pitch` is the stride that there was, for entries that no longer lie side by side;
    `mixings` says how often what lay along the rows was brought together. `exact` is
    False where a span may be wider than what is seen, because of an
    operation that is not known here.
    """

    axes: tuple[Axis, ...]
    starts: Pair = (0, 0)
    sizes: Pair = (1, 1)
    pitch: Pair = (1, 1)
    mixings: int = 0
    exact: bool = True

    def widened(self, low: Pair, high: Pair) -> "Spans":
        """Return spans that reach so much further, before (`low` <= 0) and behind."""
        starts = _add(self.starts, low)
        return replace(
            self,
            starts=starts,
            sizes=_add(self.sizes, (high[0] - low[0], high[1] - low[1])),
        )

    def moved(self, by: Pair) -> "Spans":
        """Return spans that start so many pixels later."""
        return replace(self, starts=_add(self.starts, by))

    def with_axis(self, axis: int, factors: Axis) -> "Spans":
        """Return spans with other factors along an axis."""
        axes = list(self.axes)
        axes[axis] = factors
        return replace(self, axes=tuple(axes))

    def dropped(self, axis: int) -> "Spans":
        """Return spans without an axis."""
        axes = list(self.axes)
        del axes[axis]
        return replace(self, axes=tuple(axes))


def of_images(shape: Sequence[int]) -> Spans:
    """Return the spans of the pixels themselves, of images `n c h w`."""
    n, c, h, w = shape
    steps = (0, 0), (0, 0), (1, 0), (0, 1)
    axes = tuple(_axis(m, step) for m, step in zip((n, c, h, w), steps, strict=True))
    return Spans(axes)


def blank(shape: Sequence[int]) -> tuple[Axis, ...]:
    """Return the axes of a tensor whose entries all see the same."""
    return tuple(_axis(n, (0, 0)) for n in shape)


def spread(spans: Spans, *axes: int) -> Spans:
    """Return spans where every entry sees what any along these axes sees."""
    for axis in axes:
        factors = spans.axes[axis]
        for factor in factors:
            spans = spans.widened(*_reach(factor.strides, factor.n))
        pitch = _larger(spans.pitch, (_finest(factors, 0), _finest(factors, 1)))
        mixings = spans.mixings + any(factor.strides[0] for factor in factors)
        spans = replace(spans, pitch=pitch, mixings=mixings)
        spans = spans.with_axis(axis, _axis(length(factors), (0, 0)))
    return spans


def straight(spans: Spans, axis: int) -> Spans:
    """Return spans with one factor along the axis, widened where steps are uneven."""
    factors = joined(spans.axes[axis])
    if len(factors) < 2:
        return spans.with_axis(axis, factors)
    n_inner = math.prod(factor.n for factor in factors[1:])
    if any(stride % n_inner for stride in factors[0].strides):
        return spread(spans, axis)
    even = tuple(stride // n_inner for stride in factors[0].strides)
    steps = even[0], even[1]
    inner = n_inner
    for factor in factors[1:]:
        inner //= factor.n
        extra = tuple(s - e * inner for s, e in zip(factor.strides, steps, strict=True))
        spans = spans.widened(*_reach((extra[0], extra[1]), factor.n))
    return spans.with_axis(axis, (Factor(factors[0].n * n_inner, steps),))


def union(first: Spans, second: Spans) -> Spans:
    """Return spans that hold those of both, whose axes are equally long.

    An axis of length 1 is taken as often as the other's. Where one of them moves on
    along an axis and the other does not, the union moves on.
    """
    n_axes = max(len(first.axes), len(second.axes))
    first, second = (_of_rank(one, n_axes) for one in (first, second))
    for axis in range(n_axes):
        first, second = _alike(first, second, axis)
    ends = [
        max(a + b, c + d)
        for a, b, c, d in zip(
            first.starts, first.sizes, second.starts, second.sizes, strict=True
        )
    ]
    starts = [min(pair) for pair in zip(first.starts, second.starts, strict=True)]
    return replace(
        first,
        starts=(starts[0], starts[1]),
        sizes=(ends[0] - starts[0], ends[1] - starts[1]),
        pitch=_larger(first.pitch, second.pitch),
        mixings=max(first.mixings, second.mixings),
        exact=first.exact and second.exact,
    )


def _alike(first: Spans, second: Spans, axis: int) -> tuple[Spans, Spans]:
    """Return both with the same factors along the axis."""
    a, b = joined(first.axes[axis]), joined(second.axes[axis])
    if length(a) == 1 or length(b) == 1:
        longer = a or b
        steps = [Factor(factor.n) for factor in longer]
        a, b = a or tuple(steps), b or tuple(steps)
    cuts = sorted({*_cuts(a), *_cuts(b)})
    fine_a, fine_b = _cut(a, cuts), _cut(b, cuts)
    if fine_a is None or fine_b is None:
        return spread(first, axis), spread(second, axis)
    steps = [
        Factor(
            p.n,
            (
                _steeper(p.strides[0], q.strides[0]),
                _steeper(p.strides[1], q.strides[1]),
            ),
        )
        for p, q in zip(fine_a, fine_b, strict=True)
    ]
    return _stepping(first, axis, fine_a, steps), _stepping(second, axis, fine_b, steps)


def _stepping(spans: Spans, axis: int, factors: Axis, steps: Sequence[Factor]) -> Spans:
    """Return spans with other strides along an axis, widened by the difference."""
    for old, new in zip(factors, steps, strict=True):
        extra = old.strides[0] - new.strides[0], old.strides[1] - new.strides[1]
        spans = spans.widened(*_reach(extra, old.n))
    return spans.with_axis(axis, tuple(steps))


def regrouped(axes: Sequence[Axis], shape: Sequence[int]) -> tuple[Axis, ...] | None:
    """Return the axes of the same entries in another shape; None if they do not fit."""
    factors = joined(tuple(factor for axis in axes for factor in axis))
    ends, n = [], 1
    for size in reversed(shape):
        n *= size
        ends.append(n)
    fine = _cut(factors, sorted({*_cuts(factors), *ends} - {1}))
    if fine is None:
        return None
    return tuple(_groups(list(fine), shape))


def _groups(factors: list[Factor], shape: Sequence[int]) -> Iterator[Axis]:
    for size in shape:
        group: list[Factor] = []
        while length(group) < size:
            group.append(factors.pop(0))
        yield tuple(group)


def _cuts(axis: Axis) -> list[int]:
    """Return the numbers of entries between two steps of each factor, and of all."""
    n, counts = 1, []
    for factor in reversed(axis):
        n *= factor.n
        counts.append(n)
    return counts


def _cut(axis: Axis, cuts: Sequence[int]) -> Axis | None:
    """Return the factors cut where each of `cuts` entries from the end are complete.

    None if a factor cannot be cut there. `cuts` are ascending and hold the axis's own.
    """
    parts: list[Factor] = []
    inner, rest = 1, list(reversed(axis))
    done = 1  # of the entries of the innermost factor that is left
    for cut in cuts:
        if not rest or cut % inner:
            return None
        factor, n = rest[0], cut // inner
        if (factor.n // done) % n or n < 1:
            return None
        parts.append(Factor(n, (factor.strides[0] * done, factor.strides[1] * done)))
        inner, done = cut, done * n
        if done == factor.n:
            rest, done = rest[1:], 1
    return tuple(reversed(parts)) if not rest else None


def joined(axis: Axis) -> Axis:
    """Return the axis with as few factors as it can have."""
    factors: list[Factor] = []
    for factor in axis:
        last = factors[-1] if factors else None
        even = tuple(stride * factor.n for stride in factor.strides)
        if factor.n == 1:
            continue
        if last is not None and last.strides == even:
            factors[-1] = Factor(last.n * factor.n, factor.strides)
        else:
            factors.append(factor)
    return tuple(factors)


def length(axis: Sequence[Factor]) -> int:
    """Return the number of entries along an axis."""
    return math.prod(factor.n for factor in axis)


def _of_rank(spans: Spans, n_axes: int) -> Spans:
    missing: tuple[Axis, ...] = ((),) * (n_axes - len(spans.axes))
    return replace(spans, axes=missing + spans.axes)


def _axis(n: int, strides: Pair) -> Axis:
    return () if n == 1 else (Factor(n, strides),)


def _add(a: Pair, b: Pair) -> Pair:
    return a[0] + b[0], a[1] + b[1]


def _steeper(a: int, b: int) -> int:
    return a if abs(a) >= abs(b) else b


def _reach(strides: Pair, n: int) -> tuple[Pair, Pair]:
    """Return how far `n` such steps lead, before (<= 0) and behind (>= 0)."""
    ends = strides[0] * (n - 1), strides[1] * (n - 1)
    low = min(ends[0], 0), min(ends[1], 0)
    return low, (max(ends[0], 0), max(ends[1], 0))


def _finest(axis: Axis, side: int) -> int:
    """Return the shortest step of an axis along rows (0) or columns (1), or 0."""
    steps = [abs(factor.strides[side]) for factor in axis if factor.strides[side]]
    return min(steps, default=0)


def _larger(a: Pair, b: Pair) -> Pair:
    return max(a[0], b[0]), max(a[1], b[1])
