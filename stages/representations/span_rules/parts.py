"""Operations that take places out of an axis, or put them together along one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from stages.representations.span_rules.entries import (
    Shape,
    broadcast,
    pointwise,
    seen_of,
)
from stages.representations.spans import (
    Axis,
    Factor,
    Spans,
    joined,
    length,
    spread,
    straight,
    union,
)


def places(spans: Spans, axis: int, first: int, n: int, step: int = 1) -> Spans:
    """Return the spans of every `step`-th of the places along an axis."""
    spans = straight(spans, axis)
    (factor,) = spans.axes[axis] or (Factor(1),)
    rows, columns = factor.strides
    spans = spans.moved((rows * first, columns * first))
    return spans.with_axis(axis, joined((Factor(n, (rows * step, columns * step)),)))


def sliced(
    shape: Shape,
    spans: Spans,
    axis: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Spans:
    """Every `step`-th place of an axis from `start` to `end`."""
    if length(spans.axes[axis]) == shape[axis]:
        return spans
    n = length(spans.axes[axis])
    start = min(max((start or 0) + (n if (start or 0) < 0 else 0), 0), n)
    return places(spans, axis, start, shape[axis], step)


def selected(_: Shape, spans: Spans, axis: int, index: int) -> Spans:
    """A single place of an axis, which is left out."""
    axis %= len(spans.axes)
    place = index % length(spans.axes[axis])
    return places(spans, axis, place, 1).dropped(axis)


def flipped(shape: Shape, spans: Spans, axes: Sequence[int]) -> Spans:
    """Places of some axes the other way round."""
    for axis in axes:
        spans = places(spans, axis, shape[axis] - 1, shape[axis], -1)
    return spans


def windowed(_: Shape, spans: Spans, axis: int, size: int, step: int) -> Spans:
    """`Tensor.unfold`: windows along an axis, their places in a new last one."""
    spans = straight(spans, axis)
    (factor,) = spans.axes[axis] or (Factor(1),)
    n = (factor.n - size) // step + 1
    rows, columns = factor.strides
    spans = spans.with_axis(axis, joined((Factor(n, (rows * step, columns * step)),)))
    inner = joined((Factor(size, factor.strides),))
    return replace(spans, axes=(*spans.axes, inner))


def padded(shape: Shape, spans: Spans, widths: Sequence[int], *_: Any) -> Spans:
    """What is added sees, at most, what would be there if the image went on."""
    for i in range(0, len(widths), 2):
        axis = -1 - i // 2
        if widths[i] or widths[i + 1]:
            spans = places(spans, axis, -widths[i], shape[axis])
    return spans


def parted(shapes: Sequence[Shape], spans: Spans, _: Any, axis: int = 0) -> list[Spans]:
    """The parts that an axis is split into, one after the other."""
    parts, first = [], 0
    for shape in shapes:
        whole = len(shapes) == 1
        n = shape[axis]
        parts.append(spans if whole else places(spans, axis, first, n))
        first += n
    return parts


def unbound(shapes: Sequence[Shape], spans: Spans, axis: int = 0) -> list[Spans]:
    """The places of an axis, each by itself."""
    return [selected(shape, spans, axis, i) for i, shape in enumerate(shapes)]


def joined_up(shape: Shape, parts: Sequence[Any], axis: int = 0) -> Spans:
    """Concatenation: of channels, or of an axis that the image lies along."""
    seen = seen_of(parts)
    if len(seen) == 1 and len(parts) > 1:
        axis %= len(shape)
        place = next(i for i, part in enumerate(parts) if isinstance(part, Spans))
        if len(joined(seen[0].axes[axis])) < 2:
            before = sum(_length_of(part, axis) for part in parts[:place])
            return places(seen[0], axis, -before, shape[axis])
    uneven = [_moves(one.axes[axis]) for one in seen]
    seen = [spread(one, axis).with_axis(axis, ()) for one in seen]
    total = seen[0]
    for one in seen[1:]:
        total = union(total, one)
    exact = total.exact and not (len(seen) > 1 and any(uneven))
    return replace(broadcast(total, shape), exact=exact)


def _length_of(part: Any, axis: int) -> int:
    """Return how many places an axis of a part of a concatenation has."""
    if isinstance(part, Spans):
        return length(part.axes[axis])
    return part.shape[axis] if isinstance(part, Tensor) else 0


def _moves(axis: Axis) -> bool:
    """Return whether places along the axis lie at different pixels."""
    return any(any(factor.strides) for factor in axis)


def stacked(shape: Shape, parts: Sequence[Any], axis: int = 0) -> Spans:
    """Tensors side by side in a new axis."""
    seen = []
    for one in seen_of(parts):
        axes = list(one.axes)
        axes.insert(axis % len(shape), ())
        seen.append(replace(one, axes=tuple(axes)))
    return pointwise(shape, seen)
