"""The layers of MatConvNet's files, each checked and in torch's layout.

Vedaldi & Lenc, "MatConvNet: Convolutional Neural Networks for MATLAB" (arXiv:1412.4564)
and its functions `vl_nnconv`, `vl_nnpool` and `vl_nnnormalize`. Filters are height,
width, depth, number there, and number, depth, height, width here; they are not
mirrored, as torch's are not.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from jaxtyping import Float32
from torch import Tensor

from stages.weights.mat_file import (
    cells,
    field,
    fields,
    form,
    numbers,
    tensor,
    text,
)

# What older files have in the place of `weights`.
_OLDER = ("filters", "biases")


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution, of as many groups as its filters' depth leaves."""

    kind: ClassVar[str] = "conv"
    name: str
    weight: Float32[Tensor, "number depth h w"]
    bias: Float32[Tensor, " number"]
    stride: int
    padding: int
    groups: int


@dataclass(frozen=True)
class Pooling:
    """The maximum of each window of `kernel` x `kernel` cells."""

    kind: ClassVar[str] = "pool"
    name: str
    kernel: int
    stride: int
    padding: int


@dataclass(frozen=True)
class Normalisation:
    """`x / (kappa + alpha * sum x^2)^beta` over the `channels` nearest channels."""

    kind: ClassVar[str] = "lrn"
    name: str
    channels: int
    kappa: float
    alpha: float
    beta: float


@dataclass(frozen=True)
class Plain:
    """A layer without parameters: `kind` is relu, dropout, softmax or softmaxloss."""

    name: str
    kind: str


Layer: TypeAlias = Convolution | Pooling | Normalisation | Plain


def layer(cell: Any, where: str, n_channels: int) -> Layer:
    """Return the layer in a cell of a file's `layers`, which `n_channels` go into.

    Raises ValueError, which names the field, if one is missing or not supported.
    """
    struct = fields(cell, where)
    kind = text(field(struct, "type", where), f"{where}.type")
    name = text(struct["name"], f"{where}.name") if "name" in struct else kind
    if kind == "conv":
        return _convolution(struct, where, name, n_channels)
    if kind == "pool":
        _expect(struct, "method", "max", where)
        sizes = (_whole(struct, key, where) for key in ("pool", "stride", "pad"))
        return Pooling(name, *sizes)
    # vl_simplenn's names for the same, before and since 2015.
    if kind in ("normalize", "lrn"):
        return _normalisation(struct, where, name)
    if kind in ("relu", "dropout", "softmax", "softmaxloss"):
        _expect(struct, "leak", 0.0, where)
        return Plain(name, kind)
    raise ValueError(
        f"`{where}.type` must be one of conv, relu, pool, normalize, lrn, dropout, "
        f"softmax, softmaxloss; got {kind!r}."
    )


def _convolution(
    struct: dict[str, Any], where: str, name: str, n_channels: int
) -> Convolution:
    weight, bias = _weights(struct, where)
    number, depth = weight.shape[:2]
    groups, rest = divmod(n_channels, depth)
    if rest or number % groups:
        raise ValueError(
            f"`{where}` ({name}) must have filters that part its {n_channels} channels "
            f"into equal groups; got {number} filters of depth {depth}."
        )
    if bias.shape != (number,):
        raise ValueError(
            f"`{where}` ({name}) must have a bias for each of its {number} filters; "
            f"got {len(bias)}."
        )
    _expect(struct, "dilate", 1.0, where)
    stride, padding = _whole(struct, "stride", where), _whole(struct, "pad", where)
    return Convolution(name, weight, bias, stride, padding, groups)


def _weights(struct: dict[str, Any], where: str) -> tuple[Tensor, Tensor]:
    if "weights" in struct:
        both, names = cells(struct["weights"], f"{where}.weights"), ("{1}", "{2}")
        if len(both) != 2:
            raise ValueError(
                f"`{where}.weights` must be filters and biases; got {len(both)} cells."
            )
        named = [(f"{where}.weights{n}", v) for n, v in zip(names, both, strict=True)]
    else:
        named = [(f"{where}.{k}", field(struct, k, where)) for k in _OLDER]
    (filters_at, filters), (biases_at, biases) = named
    bank = numbers(filters, filters_at)
    if bank.ndim > 4:
        raise ValueError(
            f"`{filters_at}` must be height x width x depth x number; got "
            f"{form(filters)}."
        )
    # MATLAB drops dimensions of 1 at the end: a single filter has three.
    bank = bank.reshape(bank.shape + (1,) * (4 - bank.ndim)).transpose(3, 2, 0, 1)
    row = numbers(biases, biases_at).ravel()
    return tensor(bank, filters_at), tensor(row, biases_at)


def _normalisation(struct: dict[str, Any], where: str, name: str) -> Normalisation:
    param = numbers(field(struct, "param", where), f"{where}.param").ravel()
    if param.size != 4 or param[0] != int(param[0]):
        raise ValueError(
            f"`{where}.param` must be a number of channels, kappa, alpha and beta; got "
            f"{param.tolist()}."
        )
    return Normalisation(name, int(param[0]), *param[1:].tolist())


def _whole(struct: dict[str, Any], key: str, where: str) -> int:
    """Return a number of cells that holds on all sides: padding from 0, others from 1.

    MatConvNet takes one number, two (vertical, horizontal) or four (top, bottom, left,
    right).
    """
    values = numbers(field(struct, key, where), f"{where}.{key}").ravel().tolist()
    least = 0 if key == "pad" else 1
    if len({*values}) > 1 or len(values) > 4 or values[0] != int(values[0]):
        raise ValueError(
            f"`{where}.{key}` must be one whole number, the same on all sides (others "
            f"are not supported); got {values}."
        )
    if values[0] < least:
        raise ValueError(
            f"`{where}.{key}` must be at least {least}; got {values[0]:g}."
        )
    return int(values[0])


def _expect(struct: dict[str, Any], key: str, wanted: str | float, where: str) -> None:
    """Raise ValueError if there is the field and it has another value."""
    if key not in struct:
        return
    at = f"{where}.{key}"
    if isinstance(wanted, str):
        got: Any = text(struct[key], at)
    else:
        got = numbers(struct[key], at).ravel().tolist()
        got = wanted if {*got} == {wanted} else got
    if got != wanted:
        raise ValueError(f"`{at}` must be {wanted}; got {got}.")
