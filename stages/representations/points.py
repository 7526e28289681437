"""Points of a network where its code can be read: its modules, by the order of calls.

A network is run once and every call of a module is noted. What a module gives can be
read as a code if it is one floating-point tensor with a row an image: a map `n c h w`
or `n h w c`, tokens `n t d`, or a vector `n d`. All of them become `n k r s`, the
cells of a map in rows and columns, tokens in a single column.

Names are module paths, such as `layer1.0.relu`. The second call of one module, as of
ResNet's shared ReLUs, has `_1` added, the third `_2`: the convention of torchvision's
feature extraction. Where modules give the very same tensor (a container and its last
part, a dropout and its input), the shortest path is the name, and the others serve too.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from stages.images import Codes, Images

MAP, CHANNELS_LAST, TOKENS, VECTOR = "map", "channels last", "tokens", "vector"

# The whole network's own output, where no module gives it.
OUTPUT = "output"

# Modules that work along the last axis: maps around them have their channels last.
_LAST_AXIS = (nn.LayerNorm, nn.Linear)


@dataclass(frozen=True)
class Grid:
    """The patches among tokens: `rows` x `columns` of them after `first` others.

    The others, such as the class token, come first: the convention of ViT.
    """

    rows: int
    columns: int
    first: int


@dataclass(frozen=True)
class Point:
    """What the `call`-th call of the module at `path` gives: a code of `shape` k r s.

    The path is empty for the whole network; `grid` is there for tokens with patches.
    """

    path: str
    call: int
    form: str
    shape: tuple[int, int, int]
    grid: Grid | None = None


@dataclass
class Points:
    """All points by name in the order of their calls.

    `others` are further names of the same points, `unreadable` says of modules that
    give no code why not.
    """

    named: dict[str, Point] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass
class _Calls:
    """The calls of a run in order: path, number of the call, module and output.

    Outputs are kept with the number of times that they were written to: a tensor that
    is changed in place is another code than before.
    """

    seen: list[tuple[str, int, nn.Module | None, Any, int]] = field(
        default_factory=list
    )
    n_calls: Counter[str] = field(default_factory=Counter)

    def note(self, path: str, module: nn.Module | None, output: Any) -> None:
        version = output._version if isinstance(output, Tensor) else 0
        self.seen.append((path, self.n_calls[path], module, output, version))
        self.n_calls[path] += 1


def points(network: Callable[[Images], Tensor], images: Images) -> Points:
    """Run the network on the images (two at least, square) and return its points."""
    calls = _Calls()
    with torch.no_grad():
        watch(network, images, calls.note)
    return _points(calls, len(images))


def watch(
    network: Callable[[Images], Tensor],
    images: Images,
    note: Callable[[str, nn.Module | None, Any], None],
) -> None:
    """Run the network and note what each call of a module gives: path, module, output.

    Modules within others come first; the whole network, with an empty path, is last.
    """
    handles = []
    if isinstance(network, nn.Module):
        for path, module in network.named_modules():
            if path:
                hook = _noting(note, path)
                handles.append(module.register_forward_hook(hook))
    try:
        output = network(images)
    finally:
        for handle in handles:
            handle.remove()
    note("", None, output)


def _noting(
    note: Callable[[str, nn.Module | None, Any], None], path: str
) -> Callable[[nn.Module, Any, Any], None]:
    def hook(module: nn.Module, _: Any, output: Any) -> None:
        note(path, module, output)

    return hook


def _points(calls: _Calls, n_images: int) -> Points:
    """Name what the calls gave: one name a tensor, the shortest path that gave it."""
    every_point = Points()
    groups: dict[tuple[int, int], list[tuple[str, Point]]] = {}
    last_map: tuple[int, int] | None = None
    for path, call, module, output, version in calls.seen:
        name = (path or OUTPUT) + (f"_{call}" if call else "")
        reason = _unreadable(output, n_images)
        if reason is not None:
            every_point.unreadable[name] = reason
            continue
        point = _point(path, call, module, output, last_map)
        if point.form in (MAP, CHANNELS_LAST):
            last_map = point.shape[1], point.shape[2]
        groups.setdefault((id(output), version), []).append((name, point))
    for group in groups.values():
        # The whole network has the shortest path, but its module says more.
        name, point = min(group, key=lambda one: (not one[1].path, _length(one)))
        every_point.named[name] = point
        every_point.others |= {other: name for other, _ in group if other != name}
    return every_point


def _length(named: tuple[str, Point]) -> tuple[int, int]:
    return named[1].path.count("."), len(named[0])


def _unreadable(output: Any, n_images: int) -> str | None:
    """Return why the output is no code; None if it is one."""
    if not isinstance(output, Tensor):
        return f"it gives a {type(output).__name__}, not one tensor"
    if not output.is_floating_point():
        return f"it gives numbers of type {output.dtype}, which have no gradient"
    if output.dim() not in (2, 3, 4) or output.shape[0] != n_images:
        shape = tuple(output.shape)
        return (
            f"it gives the shape {shape} for {n_images} images; a code is n c h w, "
            "n h w c, n t d or n d"
        )
    return None


def _point(
    path: str,
    call: int,
    module: nn.Module | None,
    output: Tensor,
    last_map: tuple[int, int] | None,
) -> Point:
    _, *sides = output.shape
    if len(sides) == 2:
        n_tokens, channels = sides
        shape = (channels, n_tokens, 1)
        return Point(path, call, TOKENS, shape, _grid(n_tokens, last_map))
    if len(sides) == 1:
        return Point(path, call, VECTOR, (sides[0], 1, 1))
    a, b, c = sides
    if _channels_last(module, a, b, c):
        return Point(path, call, CHANNELS_LAST, (c, a, b))
    return Point(path, call, MAP, (a, b, c))


def _channels_last(module: nn.Module | None, a: int, b: int, c: int) -> bool:
    """Return whether a code `n a b c` of a square image has its channels last.

    The axes of equal length are the rows and columns. Where that does not tell, a
    module that works along the last axis does.
    """
    if (a == b) != (b == c):
        return a == b
    return isinstance(module, _LAST_AXIS)


def _grid(n_tokens: int, last_map: tuple[int, int] | None) -> Grid | None:
    """Return the patches among tokens: as the last map had, or the largest square."""
    if last_map is not None and 1 < last_map[0] * last_map[1] <= n_tokens:
        rows, columns = last_map
    else:
        rows = columns = math.isqrt(n_tokens)
    if rows < 2:
        return None
    return Grid(rows, columns, n_tokens - rows * columns)


def as_cells(output: Tensor, form: str) -> Codes:
    """Return what a point of this form gave as a code `n k r s`."""
    match form:
        case "channels last":
            return output.permute(0, 3, 1, 2)
        case "tokens":
            return output.transpose(1, 2)[..., None]
        case "vector":
            return output[..., None, None]
    return output


class _Reached(BaseException):
    """The point is reached; not an Exception, which the network's code may catch."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output


def code_at(network: Callable[[Images], Tensor], images: Images, point: Point) -> Codes:
    """Return the code of the images at the point; nothing beyond it is computed.

    Raises ValueError if these images do not lead the network there.
    """
    if not point.path or not isinstance(network, nn.Module):
        return as_cells(_tensor(network(images), point), point.form)
    n_calls = 0

    def hook(module: nn.Module, _: Any, output: Any) -> None:
        nonlocal n_calls
        if n_calls == point.call:
            raise _Reached(output)
        n_calls += 1

    handle = network.get_submodule(point.path).register_forward_hook(hook)
    try:
        network(images)
    except _Reached as reached:
        return as_cells(_tensor(reached.output, point), point.form)
    finally:
        handle.remove()
    raise ValueError(
        f"`layer` {point.path} was not reached: the network takes another way with "
        "these images than with those it was looked at with."
    )


def _tensor(output: Any, point: Point) -> Tensor:
    reason = _unreadable(output, len(output) if isinstance(output, Tensor) else 0)
    if reason is None and as_cells(output, point.form).shape[1:] != point.shape:
        reason = f"its code has the shape {tuple(output.shape)}, not as at first"
    if reason is not None:
        raise ValueError(f"`layer` {point.path or OUTPUT} cannot be read: {reason}.")
    code: Tensor = output
    return code
