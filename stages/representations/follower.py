"""Receptive fields by following a network's operations, from the image to each code.

A network is run once, best on the meta device, where nothing is computed. Below its
modules, functional calls and custom parts alike, torch's own operations are seen one by
one, and for each tensor the `spans` of pixels that its entries see are worked out
(`span_rules`). So the field of a layer comes from the geometry of all that leads there:
kernels, strides, padding, dilation, sums, concatenations, attention.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.weak import WeakTensorKeyDictionary

from stages.images import Images
from stages.representations.points import CHANNELS_LAST, MAP, Point, watch
from stages.representations.receptive_field import Geometry
from stages.representations.span_rules import PARTING, RULES
from stages.representations.span_rules.entries import pointwise, seen_of, unknown
from stages.representations.spans import (
    Axis,
    Factor,
    Spans,
    of_images,
    spread,
    straight,
)

Call = tuple[str, int]


def followed(
    network: Callable[[Images], Tensor], images: Images
) -> dict[Call, Spans | None]:
    """Run the network once; return what the output of each call of a module sees.

    By path and number of the call, as in `points`. None if it is no tensor, or one that
    the image was not seen to lead to.
    """
    outputs: dict[Call, Spans | None] = {}
    n_calls: Counter[str] = Counter()
    follower = _Follower(images)

    def note(path: str, _: nn.Module | None, output: Any) -> None:
        is_tensor = isinstance(output, Tensor)
        outputs[path, n_calls[path]] = follower.spans(output) if is_tensor else None
        n_calls[path] += 1

    with torch.no_grad(), follower:
        watch(network, images, note)
    return outputs


class _Follower(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the spans of every tensor that the image leads to."""

    def __init__(self, images: Images) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._known: Any = WeakTensorKeyDictionary()
        self._known[images] = of_images(images.shape)
        # Memory that was written to in part, held so that no other takes its place.
        self._written: dict[int, tuple[Any, Spans]] = {}

    def spans(self, tensor: Tensor) -> Spans | None:
        """Return what the tensor's entries see; None if that is no pixel."""
        spans: Spans | None = self._known.get(tensor)
        if spans is None and self._written:
            _, written = self._written.get(_memory(tensor), (None, None))
            return None if written is None else unknown(tensor.shape, written)
        return spans

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        given = tree_map(self._given, list(args))
        keywords = seen_of(list(tree_map(self._given, named).values()))
        result = func(*args, **named)
        if keywords or seen_of(given):
            self._note(func, given, keywords, result)
        if func._schema.is_mutable and args and isinstance(args[0], Tensor):
            self._note_written(func, args[0], [*seen_of(given[1:]), *keywords])
        return result

    def _given(self, value: Any) -> Any:
        spans = self.spans(value) if isinstance(value, Tensor) else None
        return value if spans is None else spans

    def _note(
        self, func: Any, given: list[Any], keywords: list[Spans], result: Any
    ) -> None:
        several = isinstance(result, list | tuple)
        tensors = [one for one in (result if several else [result]) if _is(one)]
        shapes = [tuple(tensor.shape) for tensor in tensors]
        for tensor, spans in zip(
            tensors, _results(func, given, keywords, shapes), strict=True
        ):
            if spans is not None:
                self._known[tensor] = spans
            elif tensor in self._known:
                del self._known[tensor]

    def _note_written(self, func: Any, target: Tensor, sources: list[Spans]) -> None:
        """Note that other tensors in the same memory may now see the sources too."""
        if not sources:
            return
        memory = _memory(target)
        for tensor, spans in list(self._known.items()):
            if tensor is not target and _memory(tensor) == memory:
                self._known[tensor] = unknown(tensor.shape, spans, *sources)
        _, before = self._written.get(memory, (None, None))
        seen = [*sources, *([] if before is None else [before])]
        self._written[memory] = target.untyped_storage(), unknown((), *seen)


def _is(value: Any) -> bool:
    return isinstance(value, Tensor)


def _memory(tensor: Tensor) -> int:
    address: int = tensor.untyped_storage()._cdata
    return address


def _results(
    func: Any, given: list[Any], keywords: list[Spans], shapes: list[tuple[int, ...]]
) -> Sequence[Spans | None]:
    """Return the spans of each of the tensors that an operation gives."""
    name = func.overloadpacket.__name__
    rule = RULES.get(name)
    if rule is None and torch.Tag.pointwise in func.tags:
        rule = pointwise
    bounds = [unknown(shape, given, keywords) for shape in shapes]
    if keywords or (rule is None and name not in PARTING):
        return bounds
    try:
        if rule is None:
            return PARTING[name](shapes, *given)
        first = rule(shapes[0], *given) if shapes else None
    # A form of the operation that its rule does not know: the bound holds.
    except (IndexError, TypeError, ValueError):
        return bounds
    return [
        first if shape == shapes[0] else bound
        for shape, bound in zip(shapes, bounds, strict=True)
    ]


def geometry(spans: Spans | None, point: Point, side: int) -> Geometry | None:
    """Return what a cell of the code at the point sees of square images, read off.

    Fields are not cut off at the image's border. Where rows and columns differ, the
    field holds both. Tokens, vectors and arrays of other axes than the image's are
    taken as one: each entry sees what all of them see. Where averages over, or
    attention to, the whole image take part, each cell of a map is said to see it all
    and no more. None if the spans are wider than what is seen, or if cells do not lie
    as far apart along columns as along rows.
    """
    if spans is None or not spans.exact:
        return None
    places = {MAP: (2, 3), CHANNELS_LAST: (1, 2)}.get(point.form, ())
    if _astray(spans, places):
        places = ()
    rows, n_mixings = point.shape[1] if places else 1, spans.mixings
    spans = spread(spans, *(i for i in range(len(spans.axes)) if i not in places))
    steps = [max(spans.pitch)]
    if places:
        spans, (first, second) = _stepped(spans, places, side)
        steps = [first, second]
    if len(set(steps)) > 1:
        return None
    (start, first), (size, second) = spans.starts, spans.sizes
    low, high = min(start, first), max(start + size, first + second)
    whole = low + steps[0] * (rows - 1) <= 0 and high >= side
    if whole and n_mixings + (rows > 1) > 1 and n_mixings:
        low, high = -steps[0] * (rows - 1), side
    return Geometry(steps[0], high - low, low)


def _astray(spans: Spans, places: Sequence[int]) -> bool:
    """Return whether an axis at these places lies along the image's other side.

    Or along neither, while other axes do: then the array is no map of cells.
    """
    moves = [_along(spans.axes[axis]) for axis in places]
    if any(move[1 - along] for along, move in enumerate(moves)):
        return True
    others = (axis for i, axis in enumerate(spans.axes) if i not in places)
    rows_and_columns = any(any(move) for move in moves)
    return not rows_and_columns and any(any(_along(axis)) for axis in others)


def _along(axis: Axis) -> tuple[bool, bool]:
    """Return whether an axis moves along the image's rows, and its columns."""
    rows, columns = (any(f.strides[side] for f in axis) for side in (0, 1))
    return rows, columns


def _stepped(
    spans: Spans, places: Sequence[int], side: int
) -> tuple[Spans, tuple[int, int]]:
    """Return the spans of the first cell of a map, and its strides, all positive."""
    steps: list[int] = []
    for along, axis in enumerate(places):
        spans = straight(spans, axis)
        (factor,) = spans.axes[axis] or (Factor(1),)
        step = factor.strides[along]
        if factor.n == 1:
            step = spans.pitch[along]
        elif step <= 0:  # all see the same: of all, each has its share of the image
            step = steps[0] if steps else max(1, round(side / factor.n))
        extra = [0, 0]
        extra[along] = factor.strides[along] - step
        # What the cells see beyond what moves on with the stride, of all cells.
        spans = spans.with_axis(axis, (Factor(factor.n, (extra[0], extra[1])),))
        spans = spread(spans, axis)
        steps.append(step)
    return spans, (steps[0], steps[1])
