"""Products of matrices, linear layers and attention."""

from typing import Any

from stages.representations.span_rules.entries import Shape, pointwise, seen_of, unknown
from stages.representations.spans import Spans, blank, spread


def multiplied(shape: Shape, first: Any, second: Any) -> Spans:
    """Products of matrices: the axis in common is summed over.

    Of two that both see the image, as in attention, each row sees all that takes part.
    """
    seen = []
    both = isinstance(first, Spans) and isinstance(second, Spans)
    for one, summed, other in ((first, -1, -2), (second, -2, -1)):
        if isinstance(one, Spans):
            spans = spread(one, *((summed, other) if both else (summed,)))
            n = shape[summed] if len(shape) > 1 else 1
            seen.append(spans.with_axis(summed, blank([n])[0]))
    return pointwise(shape, seen)


def added_product(shape: Shape, offset: Any, first: Any, second: Any) -> Spans:
    """A product of matrices and an offset."""
    sources = seen_of(offset)
    if seen_of([first, second]):
        sources = [*sources, multiplied(shape, first, second)]
    return pointwise(shape, sources)


def linear(shape: Shape, spans: Any, weight: Any, bias: Any = None) -> Spans:
    """A linear layer mixes the last axis."""
    if isinstance(weight, Spans) or not isinstance(spans, Spans):
        return unknown(shape, spans, weight, bias)
    return spread(spans, -1).with_axis(-1, blank([shape[-1]])[0])


def attended(shape: Shape, *arguments: Any) -> Spans:
    """Attention as one operation, over the last axis but one."""
    seen = [spread(one, -1, -2) for one in seen_of(arguments)]
    for i, one in enumerate(seen):
        one = one.with_axis(-1, blank([shape[-1]])[0])
        seen[i] = one.with_axis(-2, blank([shape[-2]])[0])
    return pointwise(shape, seen)
