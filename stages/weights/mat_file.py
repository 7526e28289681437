"""MATLAB's files, as scipy reads them: each value is checked for what it must be.

Nothing in a file is executed: functions and objects stay bytes, and are refused where a
number is wanted. Yet scipy (1.17) is C at heart, and rare bytes crash it: check the
hash of a file from elsewhere first. Dimensions of length 1 are kept, so that a 1 x 1
filter has its four. Errors name a value as MATLAB would: `layers{5}.pad`.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.io import loadmat
from torch import Tensor

# Where HDF5's own files begin; those of MATLAB 7.3 have 512 bytes before it.
_HDF5 = b"\x89HDF\r\n\x1a\n"


def variables(file: Path | bytes, names: Sequence[str]) -> dict[str, Any]:
    """Return those of the named variables that a file of MATLAB's 4 to 7.2 holds.

    `file` is its path or its bytes. Raises ValueError if it is damaged, is of version
    7.3 or is no such file; OSError if it cannot be opened.
    """
    if isinstance(file, bytes):
        return _loaded(io.BytesIO(file), names, "the bytes given")
    with file.open("rb") as opened:
        return _loaded(opened, names, f"{file}")


def _loaded(
    opened: io.BufferedIOBase, names: Sequence[str], place: str
) -> dict[str, Any]:
    is_hdf5 = opened.read(len(_HDF5)) == _HDF5
    opened.seek(0)
    try:
        loaded = {} if is_hdf5 else loadmat(opened, variable_names=names)
    # scipy's word for MATLAB 7.3.
    except NotImplementedError:
        is_hdf5 = True
    # Whatever the bytes make of loadmat: half a dozen kinds of errors are known.
    except Exception as error:
        raise ValueError(
            f"`file` must be one of MATLAB's; {place} cannot be read as such: "
            f"{type(error).__name__}, {error}."
        ) from error
    if is_hdf5:
        raise ValueError(
            f"`file` must be of MATLAB's version 7.2 at most; {place} is of 7.3 "
            "(HDF5). Save it in MATLAB with the option -v7."
        )
    return {name: loaded[name] for name in names if name in loaded}


def fields(value: Any, where: str) -> dict[str, Any]:
    """Return the fields of a struct by name."""
    if not isinstance(value, np.ndarray) or not value.dtype.names or value.size != 1:
        raise ValueError(f"`{where}` must be a struct; got {form(value)}.")
    record = value.reshape(-1)[0]
    return {name: record[name] for name in value.dtype.names}


def field(struct: dict[str, Any], key: str, where: str) -> Any:
    """Return the field `key` of the struct that was found at `where`."""
    if key not in struct:
        raise ValueError(
            f"`{where}` must have `{key}`; it has {', '.join(struct) or 'nothing'}."
        )
    return struct[key]


def cells(value: Any, where: str) -> list[Any]:
    """Return the values in a cell array, column by column."""
    plain = isinstance(value, np.ndarray) and not value.dtype.names
    if not plain or value.dtype != object:
        raise ValueError(f"`{where}` must be a cell array; got {form(value)}.")
    return list(value.ravel(order="F"))


def text(value: Any, where: str) -> str:
    """Return a line of text."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "U" or value.size > 1:
        raise ValueError(f"`{where}` must be a text; got {form(value)}.")
    return str(value.reshape(-1)[0]) if value.size else ""


def numbers(value: Any, where: str) -> NDArray[Any]:
    """Return an array of real, finite numbers, at least one, of any shape.

    Of any type: MATLAB stores whole numbers in fewer bytes than they have in memory.
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
        raise ValueError(f"`{where}` must be real numbers; got {form(value)}.")
    if not value.size:
        raise ValueError(f"`{where}` must not be empty; got {form(value)}.")
    n_wrong = value.size - int(np.isfinite(value).sum())
    if n_wrong:
        raise ValueError(
            f"`{where}` must be finite; {n_wrong} of {value.size} numbers are not."
        )
    return value


def tensor(array: NDArray[Any], where: str) -> Tensor:
    """Return the array in single precision, in which MatConvNet computes."""
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(single).all():
        raise ValueError(f"`{where}` must fit single precision; its numbers are huge.")
    return torch.from_numpy(single)


def form(value: Any) -> str:
    """Return in words what a value is: its kind and its sizes."""
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    kinds = {"O": "a cell array", "U": "a text", "V": "a struct array"}
    sizes = " x ".join(map(str, value.shape))
    return f"{kinds.get(value.dtype.kind, str(value.dtype))} of {sizes or 1}"
