"""MatConvNet's files of networks: a chain of layers (SimpleNN), and its images.

Vedaldi & Lenc, "MatConvNet: Convolutional Neural Networks for MATLAB" (arXiv:1412.4564)
and its function `vl_simplenn_tidy`. Both layouts are read: the newer, with `weights`
and `meta`, and the one before it, with `filters`, `biases` and `normalization`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.images import Image
from stages.weights.mat_file import (
    cells,
    field,
    fields,
    form,
    numbers,
    tensor,
    text,
    variables,
)
from stages.weights.matconvnet_layers import Convolution, Layer, layer


@dataclass(frozen=True, eq=False)
class MatConvNet:
    """A network: its layers in order, and the images that it was trained on.

    These are RGB of `side` x `side` pixels in 0..255, less `average`: an image of the
    same size, or one colour, `3 1 1`. `classes` are the names of what the last layer
    tells apart, none if the file has none.
    """

    layers: tuple[Layer, ...]
    side: int
    average: Image
    classes: tuple[str, ...]


def read(file: Path | bytes) -> MatConvNet:
    """Return the network in a MatConvNet file, given its path or its bytes.

    Raises ValueError, which names the place in the file, if it is damaged, a field is
    missing or no such value, a number is not finite, or the layers do not fit each
    other's channels; OSError if it cannot be opened.
    """
    held = variables(file, ("layers", "meta", "normalization", "classes"))
    layers: list[Layer] = []
    n_channels = 3
    for n, cell in enumerate(cells(field(held, "layers", "file"), "layers"), 1):
        layers.append(layer(cell, f"layers{{{n}}}", n_channels))
        if isinstance(layers[-1], Convolution):
            n_channels = len(layers[-1].bias)
    # Newer files keep under `meta` what older ones have beside the layers.
    meta = held | (fields(held["meta"], "meta") if "meta" in held else {})
    side, average = _images(field(meta, "normalization", "meta"))
    return MatConvNet(tuple(layers), side, average, _classes(meta, n_channels))


def _images(normalization: Any) -> tuple[int, Image]:
    """Return the side and the average of the images that the network takes."""
    where = "normalization"
    struct = fields(normalization, where)
    size = numbers(field(struct, "imageSize", where), f"{where}.imageSize").ravel()
    side = int(size[0])
    if size.tolist()[:3] not in ([side] * 2, [side, side, 3]) or side < 1:
        raise ValueError(
            f"`{where}.imageSize` must be a square's, in colour; got {size.tolist()}."
        )
    at = f"{where}.averageImage"
    average = numbers(field(struct, "averageImage", where), at)
    if average.shape not in ((side, side, 3), (1, 1, 3)):
        raise ValueError(
            f"`{at}` must be {side} x {side} x 3, or 1 x 1 x 3; got "
            f"{form(struct['averageImage'])}."
        )
    if average.min() < 0 or average.max() > 255:
        raise ValueError(
            f"`{at}` must be in 0..255; got {average.min():g}..{average.max():g}."
        )
    return side, tensor(average.transpose(2, 0, 1), at)


def _classes(meta: dict[str, Any], n_classes: int) -> tuple[str, ...]:
    """Return the classes' names in words; WordNet's numbers if there are no words."""
    stored = meta.get("classes")
    # `[]` stands for none.
    if stored is None or not stored.dtype.names:
        return ()
    struct = fields(stored, "classes")
    key = "description" if "description" in struct else "name"
    where = f"classes.{key}"
    named = cells(field(struct, key, "classes"), where)
    if len(named) != n_classes:
        raise ValueError(
            f"`{where}` must name the {n_classes} classes; got {len(named)} names."
        )
    return tuple(text(name, f"{where}{{{n}}}") for n, name in enumerate(named, 1))
