"""Entries that see what those at their place see, or all of it; how spans broadcast.

What a rule is: see the folder's docstring.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from stages.representations.spans import Axis, Spans, blank, length, spread, union

Shape = Sequence[int]
Rule = Callable[..., Spans | None]


def seen_of(arguments: Any) -> list[Spans]:
    """Return all spans among arguments, also in lists."""
    if isinstance(arguments, Spans):
        return [arguments]
    if isinstance(arguments, list | tuple):
        return [spans for one in arguments for spans in seen_of(one)]
    return []


def unknown(shape: Shape, *arguments: Any) -> Spans:
    """Every entry may see all that any of the arguments sees: an upper bound."""
    sources = [spread(one, *range(len(one.axes))) for one in seen_of(arguments)]
    total = replace(sources[0], axes=())
    for one in sources[1:]:
        total = union(total, replace(one, axes=()))
    return replace(total, axes=blank(shape), exact=False)


def pointwise(shape: Shape, *arguments: Any) -> Spans:
    """An entry sees what the entries at its place see, shapes broadcast."""
    total, *others = seen_of(arguments)
    for one in others:
        total = union(total, one)
    return broadcast(total, shape)


def broadcast(spans: Spans, shape: Shape) -> Spans:
    """Return the spans as of a tensor of this shape, entries repeated as torch does."""
    missing = len(shape) - len(spans.axes)
    axes: list[Axis] = [()] * missing + list(spans.axes)
    for place, n in enumerate(shape):
        if length(axes[place]) != n:
            axes[place] = blank([n])[0]
    return replace(spans, axes=tuple(axes))


def lengths(spans: Spans) -> tuple[int, ...]:
    """Return how many places each axis has."""
    return tuple(length(axis) for axis in spans.axes)


def fresh(*_: Any, **__: Any) -> None:
    """A new tensor of which only the shape is taken from another."""
