"""What torch's operations do to spans: a rule for each family of them.

A rule takes the operation's arguments, tensors that depend on the image given as their
`Spans`, and the shape of the result; it returns the spans of the result, None if that
does not depend on the image. Operations are those of torch's `aten` by name, such as
`convolution`, as they are left when composed ones are taken apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from stages.representations.spans import (
    Axis,
    Factor,
    Spans,
    blank,
    joined,
    length,
    regrouped,
    spread,
    straight,
    union,
)

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


def coupled(shape: Shape, *arguments: Any) -> Spans:
    """As `unknown`, where every entry does see all of it."""
    exact = all(one.exact for one in seen_of(arguments))
    return replace(unknown(shape, *arguments), exact=exact)


def pointwise(shape: Shape, *arguments: Any) -> Spans:
    """An entry sees what the entries at its place see, shapes broadcast."""
    total, *others = seen_of(arguments)
    for one in others:
        total = union(total, one)
    return _broadcast(total, shape)


def _broadcast(spans: Spans, shape: Shape) -> Spans:
    missing = len(shape) - len(spans.axes)
    axes: list[Axis] = [()] * missing + list(spans.axes)
    for place, n in enumerate(shape):
        if length(axes[place]) != n:
            axes[place] = blank([n])[0]
    return replace(spans, axes=tuple(axes))


# shapes ------------------------------------------------------------------------------


def reshaped(shape: Shape, spans: Spans, *_: Any) -> Spans:
    axes = regrouped(spans.axes, shape)
    return unknown(shape, spans) if axes is None else replace(spans, axes=axes)


def permuted(_: Shape, spans: Spans, order: Sequence[int]) -> Spans:
    return replace(spans, axes=tuple(spans.axes[axis] for axis in order))


def transposed(_: Shape, spans: Spans, first: int = 0, second: int = -1) -> Spans:
    axes = list(spans.axes)
    if axes:
        axes[first], axes[second] = axes[second], axes[first]
    return replace(spans, axes=tuple(axes))


def stretched(shape: Shape, spans: Spans, *_: Any, **__: Any) -> Spans:
    return _broadcast(spans, shape)


def sliced(
    shape: Shape,
    spans: Spans,
    axis: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Spans:
    if length(spans.axes[axis]) == shape[axis]:
        return spans
    n = length(spans.axes[axis])
    start = min(max((start or 0) + (n if (start or 0) < 0 else 0), 0), n)
    return _from(spans, axis, start, shape[axis], step)


def _from(spans: Spans, axis: int, first: int, n: int, step: int = 1) -> Spans:
    """Return the spans of every `step`-th of the places along an axis."""
    spans = straight(spans, axis)
    (factor,) = spans.axes[axis] or (Factor(1),)
    rows, columns = factor.strides
    spans = spans.moved((rows * first, columns * first))
    return spans.with_axis(axis, joined((Factor(n, (rows * step, columns * step)),)))


def selected(_: Shape, spans: Spans, axis: int, index: int) -> Spans:
    axis %= len(spans.axes)
    place = index % length(spans.axes[axis])
    return _from(spans, axis, place, 1).dropped(axis)


def flipped(shape: Shape, spans: Spans, axes: Sequence[int]) -> Spans:
    for axis in axes:
        spans = _from(spans, axis, shape[axis] - 1, shape[axis], -1)
    return spans


def rolled(_: Shape, spans: Spans, __: Any, axes: Sequence[int] = ()) -> Spans:
    return spread(spans, *(axes or range(len(spans.axes))))


def windowed(_: Shape, spans: Spans, axis: int, size: int, step: int) -> Spans:
    """`Tensor.unfold`: windows along an axis, their places in a new last one."""
    spans = straight(spans, axis)
    (factor,) = spans.axes[axis] or (Factor(1),)
    n = (factor.n - size) // step + 1
    rows, columns = factor.strides
    spans = spans.with_axis(axis, joined((Factor(n, (rows * step, columns * step)),)))
    inner = joined((Factor(size, factor.strides),))
    return replace(spans, axes=(*spans.axes, inner))


def repeated(shape: Shape, spans: Spans, times: Sequence[int]) -> Spans:
    spans = _broadcast(spans, (1,) * (len(shape) - len(spans.axes)) + _lengths(spans))
    for axis, n in enumerate(times):
        spans = spans.with_axis(axis, joined((Factor(n), *spans.axes[axis])))
    return spans


def _lengths(spans: Spans) -> tuple[int, ...]:
    return tuple(length(axis) for axis in spans.axes)


def padded(shape: Shape, spans: Spans, widths: Sequence[int], *_: Any) -> Spans:
    """What is added sees, at most, what would be there if the image went on."""
    for i in range(0, len(widths), 2):
        axis = -1 - i // 2
        if widths[i] or widths[i + 1]:
            spans = _from(spans, axis, -widths[i], shape[axis])
    return spans


def joined_up(shape: Shape, parts: Sequence[Any], axis: int = 0) -> Spans:
    """Concatenation: of channels, or of an axis that the image lies along."""
    seen = seen_of(parts)
    if len(seen) == 1 and len(parts) > 1:
        axis %= len(shape)
        place = next(i for i, part in enumerate(parts) if isinstance(part, Spans))
        if len(joined(seen[0].axes[axis])) < 2:
            before = sum(_length_of(part, axis) for part in parts[:place])
            return _from(seen[0], axis, -before, shape[axis])
    uneven = [_moves(one.axes[axis]) for one in seen]
    seen = [spread(one, axis).with_axis(axis, ()) for one in seen]
    total = seen[0]
    for one in seen[1:]:
        total = union(total, one)
    exact = total.exact and not (len(seen) > 1 and any(uneven))
    return replace(_broadcast(total, shape), exact=exact)


def _length_of(part: Any, axis: int) -> int:
    if isinstance(part, Spans):
        return length(part.axes[axis])
    return part.shape[axis] if isinstance(part, Tensor) else 0


def _moves(axis: Axis) -> bool:
    return any(any(factor.strides) for factor in axis)


def stacked(shape: Shape, parts: Sequence[Any], axis: int = 0) -> Spans:
    seen = []
    for one in seen_of(parts):
        axes = list(one.axes)
        axes.insert(axis % len(shape), ())
        seen.append(replace(one, axes=tuple(axes)))
    return pointwise(shape, seen)


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


def restrided(shape: Shape, spans: Spans, *_: Any) -> Spans:
    """Another layout in memory of, if the shape stays, the same entries."""
    return spans if _lengths(spans) == tuple(shape) else unknown(shape, spans)


def mixed(_: Shape, spans: Spans, *__: Any) -> Spans:
    """Channels in another order."""
    return spread(spans, 1)


def parted(shapes: Sequence[Shape], spans: Spans, _: Any, axis: int = 0) -> list[Spans]:
    """The parts that an axis is split into, one after the other."""
    parts, first = [], 0
    for shape in shapes:
        whole = len(shapes) == 1
        n = shape[axis]
        parts.append(spans if whole else _from(spans, axis, first, n))
        first += n
    return parts


def unbound(shapes: Sequence[Shape], spans: Spans, axis: int = 0) -> list[Spans]:
    """The places of an axis, each by itself."""
    return [selected(shape, spans, axis, i) for i, shape in enumerate(shapes)]


# windows -----------------------------------------------------------------------------


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
    if backwards or isinstance(weight, Spans) or not isinstance(spans, Spans):
        return unknown(shape, spans, weight, bias)
    kernel = tuple(weight.shape[2:])
    spans = spread(spans, 1)
    spans = spans.with_axis(1, blank([shape[1]])[0])
    return _windows(shape, spans, kernel, stride, padding, dilation)


def _windows(
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
        spans = _window(spans, axis, shape[axis], stride[i], -padding[i], reach)
    return spans


def _window(
    spans: Spans, axis: int, n: int, step: int, first: int, reach: int
) -> Spans:
    """Return what `n` windows see, `step` places apart, that are `reach` + 1 wide."""
    spans = straight(spans, axis)
    (factor,) = spans.axes[axis] or (Factor(1),)
    ends = [(stride * reach) for stride in factor.strides]
    low = min(ends[0], 0), min(ends[1], 0)
    spans = spans.widened(low, (max(ends[0], 0), max(ends[1], 0)))
    pitch = [abs(stride) * (step if n > 1 else 1) for stride in factor.strides]
    rows, columns = map(max, zip(spans.pitch, pitch, strict=True))
    return _from(replace(spans, pitch=(rows, columns)), axis, first, n, step)


def _each(values: Any, n: int) -> list[int]:
    each: list[int] = [values] if isinstance(values, int) else list(values)
    return each * n if len(each) == 1 else each


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
        return _windows(shape, spans, kernel, stride, padding, dilation)

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
        return _windows(shape, spans, _each(kernel, n_axes), stride, padding)

    return rule


def adapted(n_axes: int) -> Rule:
    """Return the rule of adaptive pooling along so many axes."""

    def rule(shape: Shape, spans: Spans, *_: Any) -> Spans:
        for axis in range(-n_axes, 0):
            before, after = length(spans.axes[axis]), shape[axis]
            if before % after == 0:
                step = before // after
                spans = _window(spans, axis, after, step, 0, step - 1)
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
    bound = _window(spans, axis, n, step, 0, reach + surplus)
    return replace(bound, exact=False)


def enlarged(reach: int) -> Rule:
    """Return the rule of enlarging maps, from `reach` cells to either side."""

    def rule(shape: Shape, spans: Spans, *_: Any) -> Spans:
        for axis in range(2 - len(shape), 0):
            n = length(spans.axes[axis])
            if shape[axis] % n:
                return unknown(shape, spans)
            spans = _window(spans, axis, n, 1, -reach, 2 * reach)
            inner = Factor(shape[axis] // n)
            spans = spans.with_axis(axis, joined((*spans.axes[axis], inner)))
        return spans

    return rule


# sums --------------------------------------------------------------------------------


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
    return spread(spans, *range(-len(sides), 0))


def group_normalised(_: Shape, spans: Spans, *__: Any) -> Spans:
    return spread(spans, *range(1, len(spans.axes)))


def batch_normalised(_: Shape, spans: Spans, *more: Any) -> Spans:
    """Fixed statistics are pointwise, those of the batch are not."""
    training = len(more) > 4 and more[4] is True
    return spread(spans, *range(len(spans.axes))) if training else spans


# products ----------------------------------------------------------------------------


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
    sources = seen_of(offset)
    if seen_of([first, second]):
        sources = [*sources, multiplied(shape, first, second)]
    return pointwise(shape, sources)


def linear(shape: Shape, spans: Any, weight: Any, bias: Any = None) -> Spans:
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


def fresh(*_: Any, **__: Any) -> None:
    """A new tensor of which only the shape is taken from another."""


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        "alias detach clone _to_copy contiguous lift_fresh hardswish hardswish_ "
        "hardtanh hardtanh_ _prelu_kernel prelu native_dropout copy_".split(),
        pointwise,
    ),
    "as_strided_": restrided,
    **dict.fromkeys(("channel_shuffle", "native_channel_shuffle"), mixed),
    **dict.fromkeys("view _unsafe_view reshape unsqueeze squeeze".split(), reshaped),
    **dict.fromkeys(("unsqueeze_", "squeeze_", "_reshape_alias"), reshaped),
    "permute": permuted,
    "t": transposed,
    "transpose": transposed,
    "expand": stretched,
    "slice": sliced,
    "select": selected,
    "flip": flipped,
    "roll": rolled,
    "unfold": windowed,
    "repeat": repeated,
    "constant_pad_nd": padded,
    **{
        f"{kind}_pad{n}d": padded
        for kind in ("reflection", "replication")
        for n in (1, 2, 3)
    },
    "cat": joined_up,
    "stack": stacked,
    "pixel_shuffle": shuffled,
    "pixel_unshuffle": unshuffled,
    "convolution": convolved,
    "max_pool2d_with_indices": max_pooled(2),
    "max_pool3d_with_indices": max_pooled(3),
    "avg_pool1d": mean_pooled(1),
    "avg_pool2d": mean_pooled(2),
    "avg_pool3d": mean_pooled(3),
    "_adaptive_avg_pool2d": adapted(2),
    "_adaptive_avg_pool3d": adapted(3),
    "adaptive_avg_pool1d": adapted(1),
    "adaptive_max_pool2d": adapted(2),
    "upsample_nearest2d": enlarged(0),
    "upsample_bilinear2d": enlarged(1),
    "upsample_bicubic2d": enlarged(2),
    **dict.fromkeys(
        "mean sum amax amin max min var std var_mean std_mean prod logsumexp".split(),
        reduced,
    ),
    **dict.fromkeys(("linalg_vector_norm", "norm"), normed),
    **dict.fromkeys(
        "_softmax _safe_softmax _log_softmax cumsum cumprod".split(), along
    ),
    "native_layer_norm": layer_normalised,
    "native_group_norm": group_normalised,
    "native_batch_norm": batch_normalised,
    "_native_batch_norm_legit_no_training": pointwise,
    **dict.fromkeys(("mm", "bmm"), multiplied),
    **dict.fromkeys(("addmm", "baddbmm"), added_product),
    "linear": linear,
    **dict.fromkeys(
        (
            "_native_multi_head_attention",
            "_transformer_encoder_layer_fwd",
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_fused_attention_overrideable",
            "_scaled_dot_product_attention_math_for_mps",
        ),
        attended,
    ),
    **dict.fromkeys(
        "new_zeros new_ones new_empty new_full new_empty_strided zeros_like ones_like "
        "empty_like full_like rand_like randn_like zero_ fill_".split(),
        fresh,
    ),
}

# Operations with several results, whose rules take all shapes.
PARTING: dict[str, Callable[..., list[Spans]]] = {
    **dict.fromkeys("split split_with_sizes split_copy chunk".split(), parted),
    "unbind": unbound,
}
