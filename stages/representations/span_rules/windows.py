"""Operations whose entries see a window: convolution, pooling, enlarging."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stages.representations.span_rules.entries import Rule, Shape, unknown
from stages.representations.span_rules.parts import places
from stages.representations.spans import (
    Factor,
    Spans,
    blank,
    joined,
    length,
    spread,
    straight,
)


def convolved(
    shape: Shape,
    spans: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    backwards: bool,
    *_: Any,
) -> Spans:
    """Convolution: all channels, and the cells that the kernel covers."""
    if backwards or isinstance(weight, Spans) or not isinstance(spans, Spans):
        return unknown(shape, spans, weight, bias)
    kernel = tuple(weight.shape[2:])
    spans = spread(spans, 1)
    spans = spans.with_axis(1, blank([shape[1]])[0])
    return windows(shape, spans, kernel, stride, padding, dilation)


def max_pooled(n_axes: int) -> Rule:
    """Return the rule of maximum pooling along so many axes."""

    def rule(
        shape: Shape,
        spans: Spans,
        kernel: Any,
        stride: Any = (),
        padding: Any = (0,),
        dilation: Any = (1,),
        *_: Any,
    ) -> Spans:
        kernel = _each(kernel, n_axes)
        return windows(shape, spans, kernel, stride, padding, dilation)

    return rule


def mean_pooled(n_axes: int) -> Rule:
    """Return the rule of average pooling along so many axes."""

    def rule(
        shape: Shape,
        spans: Spans,
        kernel: Any,
        stride: Any = (),
        padding: Any = (0,),
        *_: Any,
    ) -> Spans:
        return windows(shape, spans, _each(kernel, n_axes), stride, padding)

    return rule


def adapted(n_axes: int) -> Rule:
    """Return the rule of adaptive pooling along so many axes."""

    def rule(shape: Shape, spans: Spans, *_: Any) -> Spans:
        for axis in range(-n_axes, 0):
            before, after = length(spans.axes[axis]), shape[axis]
            if before % after == 0:
                step = before // after
                spans = window(spans, axis, after, step, 0, step - 1)
            elif after % before == 0:
                inner = Factor(after // before)
                spans = spans.with_axis(axis, joined((*spans.axes[axis], inner)))
            else:  # windows overlap unevenly: of `before / after`, rounded up, and one
                step, reach = before // after, -(-before // after)
                spans = _uneven(spans, axis, after, step, reach)
        return spans

    return rule


def _uneven(spans: Spans, axis: int, n: int, step: int, reach: int) -> Spans:
    """Return what windows see whose steps are `step` or one more places."""
    before = length(spans.axes[axis])
    surplus = before - step * n  # places that the steps fall short of in the end
    bound = window(spans, axis, n, step, 0, reach + surplus)
    return replace(bound, exact=False)


def enlarged(reach: int) -> Rule:
    """Return the rule of enlarging maps, from `reach` cells to either side."""

    def rule(shape: Shape, spans: Spans, *_: Any) -> Spans:
        for axis in range(2 - len(shape), 0):
            n = length(spans.axes[axis])
            if shape[axis] % n:
                return unknown(shape, spans)
            spans = window(spans, axis, n, 1, -reach, 2 * reach)
            inner = Factor(shape[axis] // n)
            spans = spans.with_axis(axis, joined((*spans.axes[axis], inner)))
        return spans

    return rule


def windows(
    shape: Shape,
    spans: Spans,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
) -> Spans:
    """Return what windows see that slide along the last axes, as many as `kernel`'s."""
    n_axes = len(kernel)
    stride, padding, dilation = (
        _each(values, n_axes) for values in (stride or kernel, padding, dilation)
    )
    for i in range(n_axes):
        axis = i - n_axes
        reach = dilation[i] * (kernel[i] - 1)
        spans = window(spans, axis, shape[axis], stride[i], -padding[i], reach)
    return spans


def window(spans: Spans, axis: int, n: int, step: int, first: int, reach: int) -> Spans:
    """Return what `n` windows see, `step` places apart, that are `reach` + 1 wide."""
    spans = straight(spans, axis)
    (factor,) = spans.axes[axis] or (Factor(1),)
    ends = [(stride * reach) for stride in factor.strides]
    low = min(ends[0], 0), min(ends[1], 0)
    spans = spans.widened(low, (max(ends[0], 0), max(ends[1], 0)))
    pitch = [abs(stride) * (step if n > 1 else 1) for stride in factor.strides]
    rows, columns = map(max, zip(spans.pitch, pitch, strict=True))
    return places(replace(spans, pitch=(rows, columns)), axis, first, n, step)


def _each(values: Any, n: int) -> list[int]:
    """Return one value an axis of `n`, where one may stand for all."""
    each: list[int] = [values] if isinstance(values, int) else list(values)
    return each * n if len(each) == 1 else each
