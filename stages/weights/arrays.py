"""Pickles of numpy arrays, read by what knows those and nothing else.

A pickle is a program: it may name any function of any module, and call it. Here three
names are known, those by which numpy writes an array, and each stands for a plain
record; the arrays are made of the records afterwards, and checked.
"""

import io
import pickle
import pickletools
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]

# Our choices: far above any network's, far below what fills a memory.
_MOST_STEPS, _MOST_ARRAYS, _DEEPEST = 1_000_000, 100_000, 16


class BadPickle(ValueError):
    """A pickle holds other than arrays of float32; the message says what."""


class _Type:
    """What stands for `numpy.dtype`: its name, such as `f4`, and its byte order."""

    def __init__(self, name: str, *_: object) -> None:
        self.name, self.order = name, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]


class _Array:
    """What stands for a `numpy.ndarray`: shape, type, order and bytes."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


_KNOWN = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    # The same since numpy 2.
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        """Return what stands for a name of numpy's; any other is refused."""
        if (module, name) not in _KNOWN:
            raise BadPickle(f"it asks for {module}.{name}, which no array needs")
        return _KNOWN[module, name]


def read_arrays(data: bytes) -> Arrays:
    """Return the arrays in a pickle of nested mappings, by their keys with `/` between.

    Raises BadPickle if it holds anything but arrays of float32, or is damaged.
    """
    try:
        _check_steps(data)
        value = _Reader(io.BytesIO(data)).load()
        # A mapping may hold another twice, and that another: they are counted.
        arrays = dict(islice(_walk(value, "", 0), _MOST_ARRAYS + 1))
    except BadPickle:
        raise
    # Whatever the bytes make of the reader: a dozen kinds of errors are known.
    except Exception as error:
        reason = f"{type(error).__name__}, {error}"
        raise BadPickle(f"it is no pickle of arrays: {reason}") from error
    if len(arrays) > _MOST_ARRAYS:
        raise BadPickle("it has too many arrays")
    return arrays


def _check_steps(data: bytes) -> None:
    """Raise BadPickle if the program is long, or numbers its results wildly.

    Its reader keeps a table as long as the largest number; lengths of strings are
    checked here against the bytes that there are.
    """
    for n_steps, (step, argument, _) in enumerate(pickletools.genops(data)):
        if n_steps > _MOST_STEPS:
            raise BadPickle("it has too many steps")
        if "PUT" in step.name and int(argument or 0) > _MOST_STEPS:
            raise BadPickle("it numbers its results wildly")


def _walk(
    value: Any, path: str, depth: int
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    if isinstance(value, _Array):
        yield path, _array(value, path)
        return
    if not isinstance(value, dict) or not value or depth > _DEEPEST:
        raise BadPickle(f"`{path}` is no array: it is a {type(value).__name__}")
    for key, inner in value.items():
        yield from _walk(inner, f"{path}/{key}" if path else f"{key}", depth + 1)


def _array(record: _Array, path: str) -> NDArray[np.float32]:
    _, shape, kind, is_fortran, data = record.state or (0, (), None, False, b"")
    is_float32 = isinstance(kind, _Type) and kind.name == "f4"
    if not is_float32 or kind.order not in ("<", ">", "=") or type(data) is not bytes:
        raise BadPickle(f"`{path}` must be an array of float32")
    flat = np.frombuffer(data, f"{kind.order}f4").astype(np.float32)
    shaped = flat.reshape(tuple(map(int, shape)), order="F" if is_fortran else "C")
    if not np.isfinite(shaped).all():
        raise BadPickle(f"`{path}` has numbers that are not finite")
    return shaped
