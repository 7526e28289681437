"""Operations whose entries see all along some axes: sums, norms, softmax."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stages.representations.span_rules.entries import Shape
from stages.representations.spans import Axis, Spans, spread


def reduced(
    shape: Shape, spans: Spans, axes: Any = None, *more: Any, **named: Any
) -> Spans:
    """Sums, means, maxima along some axes, kept with length 1 or left out."""
    axes = named.get("dim", axes)
    if not isinstance(axes, int | list | tuple) or axes == []:
        axes = range(len(spans.axes))
    places = [axes] if isinstance(axes, int) else list(axes)
    spans = spread(spans, *places)
    kept: list[Axis] = list(spans.axes)
    for place in sorted((place % len(kept) for place in places), reverse=True):
        kept[place] = ()
        if len(shape) < len(spans.axes):
            del kept[place]
    return replace(spans, axes=tuple(kept))


def normed(shape: Shape, spans: Spans, _: Any, axes: Any = None, *__: Any) -> Spans:
    """Norms, whose order comes before the axes."""
    return reduced(shape, spans, axes)


def along(_: Shape, spans: Spans, axis: int, *__: Any) -> Spans:
    """Softmax and its like: an entry sees all along one axis."""
    return spread(spans, axis)


def layer_normalised(_: Shape, spans: Spans, sides: Sequence[int], *__: Any) -> Spans:
    """Each entry is normalised by all along the last axes."""
    return spread(spans, *range(-len(sides), 0))


def group_normalised(_: Shape, spans: Spans, *__: Any) -> Spans:
    """Each entry is normalised by all of the same image."""
    return spread(spans, *range(1, len(spans.axes)))


def batch_normalised(_: Shape, spans: Spans, *more: Any) -> Spans:
    """Fixed statistics are pointwise, those of the batch are not."""
    training = len(more) > 4 and more[4] is True
    return spread(spans, *range(len(spans.axes))) if training else spans
