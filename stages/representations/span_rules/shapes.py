"""Operations that give the same entries another shape or order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stages.representations.span_rules.entries import Shape, broadcast, lengths, unknown
from stages.representations.spans import Factor, Spans, joined, regrouped, spread


def reshaped(shape: Shape, spans: Spans, *_: Any) -> Spans:
    """The same entries in another shape; all may see all where it cuts across rows."""
    axes = regrouped(spans.axes, shape)
    return unknown(shape, spans) if axes is None else replace(spans, axes=axes)


def permuted(_: Shape, spans: Spans, order: Sequence[int]) -> Spans:
    """Axes in another order."""
    return replace(spans, axes=tuple(spans.axes[axis] for axis in order))


def transposed(_: Shape, spans: Spans, first: int = 0, second: int = -1) -> Spans:
    """Two axes exchanged."""
    axes = list(spans.axes)
    if axes:
        axes[first], axes[second] = axes[second], axes[first]
    return replace(spans, axes=tuple(axes))


def stretched(shape: Shape, spans: Spans, *_: Any, **__: Any) -> Spans:
    """Entries repeated to a larger shape, without memory of their own."""
    return broadcast(spans, shape)


def restrided(shape: Shape, spans: Spans, *_: Any) -> Spans:
    """Another layout in memory of, if the shape stays, the same entries."""
    return spans if lengths(spans) == tuple(shape) else unknown(shape, spans)


def repeated(shape: Shape, spans: Spans, times: Sequence[int]) -> Spans:
    """Copies one behind the other along each axis."""
    spans = broadcast(spans, (1,) * (len(shape) - len(spans.axes)) + lengths(spans))
    for axis, n in enumerate(times):
        spans = spans.with_axis(axis, joined((Factor(n), *spans.axes[axis])))
    return spans


def rolled(_: Shape, spans: Spans, __: Any, axes: Sequence[int] = ()) -> Spans:
    """Places of some axes moved around their end: each may see all of them."""
    return spread(spans, *(axes or range(len(spans.axes))))


def mixed(_: Shape, spans: Spans, *__: Any) -> Spans:
    """Channels in another order."""
    return spread(spans, 1)


def shuffled(shape: Shape, spans: Spans, factor: int) -> Spans:
    """Pixel shuffle: `n c*f*f h w` to `n c h*f w*f`."""
    n, c, h, w = shape
    f = factor
    axes = regrouped(spans.axes, (n, c, f, f, h // f, w // f))
    if axes is None:
        return unknown(shape, spans)
    return reshaped(
        shape, permuted(shape, replace(spans, axes=axes), (0, 1, 4, 2, 5, 3))
    )


def unshuffled(shape: Shape, spans: Spans, factor: int) -> Spans:
    """The inverse of pixel shuffle: `n c h*f w*f` to `n c*f*f h w`."""
    n, c, h, w = shape
    f = factor
    axes = regrouped(spans.axes, (n, c // f**2, h, f, w, f))
    if axes is None:
        return unknown(shape, spans)
    return reshaped(
        shape, permuted(shape, replace(spans, axes=axes), (0, 1, 3, 5, 2, 4))
    )
