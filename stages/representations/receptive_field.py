"""Receptive fields: which input pixels an entry of a code can see.

Windows are half open, `(first row, end row, first column, end column)`, of cells in a
code or of pixels in an image. All lengths are in input pixels.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stages.images import Codes, Images

CellWindow = tuple[int, int, int, int]
PixelWindow = tuple[int, int, int, int]


@dataclass(frozen=True)
class Geometry:
    """Where the cells of a code look: the same along rows and columns.

    Cell `i` sees the `size` pixels from `offset + stride * i` on. `offset` is negative
    when the first field begins outside the image.
    """

    stride: int
    size: int
    offset: int

    def __post_init__(self) -> None:
        for name in ("stride", "size"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` must be at least 1 pixel, got {getattr(self, name)}."
                )


def field(
    geometry: Geometry, window: CellWindow, image_height: int, image_width: int
) -> PixelWindow:
    """Return the window of pixels that a window of cells sees, clipped to the image."""
    row, end_row, col, end_col = window
    return (
        *_span(geometry, row, end_row, image_height),
        *_span(geometry, col, end_col, image_width),
    )


def stack_geometry(modules: Iterable[nn.Module]) -> Geometry:
    """Return what a cell sees after these modules, one after the other.

    Convolutions and maximum poolings (square, undilated) widen the field; any other
    module is taken to work on each cell alone.
    """
    geometry = Geometry(stride=1, size=1, offset=0)
    for module in modules:
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            kernel, stride, padding = (
                value if isinstance(value, int) else int(value[0])
                for value in (module.kernel_size, module.stride, module.padding)
            )
            geometry = Geometry(
                stride=geometry.stride * stride,
                size=geometry.size + (kernel - 1) * geometry.stride,
                offset=geometry.offset - padding * geometry.stride,
            )
    return geometry


def footprint(
    phi: Callable[[Images], Codes],
    images: Images,
    row: int,
    col: int,
    channel: int | None = None,
) -> PixelWindow:
    """Return the bounding box of the pixels that move one entry of the code.

    Measured from the gradient of `phi(images)[:, channel, row, col]`, summed over the
    channels if `channel` is None. A pixel counts if its gradient is not zero in any of
    the images: pass several random ones, so that accidental zeros vanish.
    """
    return measured_field(phi, images, (row, row + 1, col, col + 1), channel)


def measured_field(
    phi: Callable[[Images], Codes],
    images: Images,
    window: CellWindow,
    channel: int | None = None,
) -> PixelWindow:
    """Return the bounding box of the pixels that move a window of cells.

    As `footprint`, for any callable: each entry is weighted at random before the sum,
    so that the gradients of neighbours do not cancel.
    """
    row, end_row, col, end_col = window
    pixels = images.detach().clone().requires_grad_()
    entries = phi(pixels)[:, :, row:end_row, col:end_col]
    chosen = entries if channel is None else entries[:, channel : channel + 1]
    where = f"at rows {row}:{end_row}, columns {col}:{end_col}, channel {channel}"
    return _moving(pixels, chosen, where)


def masked_field(
    phi: Callable[[Images], Codes], images: Images, mask: Float[Tensor, "k r s"]
) -> PixelWindow:
    """Return the bounding box of the pixels that move what `mask` selects of a code.

    As `measured_field`, for cells that make no window.
    """
    pixels = images.detach().clone().requires_grad_()
    return _moving(pixels, phi(pixels)[:, mask > 0], "where the mask is")


def _moving(pixels: Images, entries: Tensor, where: str) -> PixelWindow:
    """Return the bounding box of the pixels with a gradient of any of the entries."""
    generator = torch.Generator().manual_seed(0)
    weights = 0.5 + torch.rand(entries.shape, generator=generator)
    total = (entries * weights.to(entries)).sum()
    (gradient,) = torch.autograd.grad(total, pixels, retain_graph=True)
    seen = (gradient != 0).flatten(end_dim=1).any(dim=0)
    if not seen.any():
        raise ValueError(
            f"`phi` has no gradient {where}: no pixel of these images moves them."
        )
    return (*_extent(seen.any(dim=1)), *_extent(seen.any(dim=0)))


def measured_geometry(
    phi: Callable[[Images], Codes], images: Images, rows: int
) -> Geometry:
    """Return what a cell of a code of `rows` rows sees of square images, measured.

    Measured along the rows at the centre; columns are taken to be alike. Only ends that
    lie inside the image, of both of two cells, tell the stride; where there are none it
    is the image's share of a row. Where the image cuts the field off at one end, it is
    taken to reach as far to either side; where it cuts it off at both, every cell is
    said to see the whole image.
    """
    side, row = images.shape[-1], rows // 2
    pixels = images.detach().clone().requires_grad_()
    code = phi(pixels)
    first, end = _rows_seen(pixels, code, row)
    stride = max(1, round(side / rows))
    if row:
        before = _rows_seen(pixels, code, row - 1)
        stride = _stride(before, (first, end), side) or stride
    if first == 0 and end == side:
        return Geometry(stride, side + stride * (rows - 1), -stride * (rows - 1))
    middle = side * (row + 0.5) / rows
    if first == 0:
        first = round(2 * middle) - end
    elif end == side:
        end = round(2 * middle) - first
    return Geometry(stride, max(end - first, 1), first - stride * row)


def _stride(before: tuple[int, int], here: tuple[int, int], side: int) -> int:
    """Return how much further a cell sees than that before; 0 if borders hide it."""
    if before[0] > 0:
        return here[0] - before[0]
    return here[1] - before[1] if here[1] < side else 0


def _rows_seen(pixels: Images, code: Codes, row: int) -> tuple[int, int]:
    """Return the first and end row of pixels that a row of cells sees."""
    first, end, *_ = _moving(pixels, code[:, :, row : row + 1], f"at row {row}")
    return first, end


def _span(geometry: Geometry, first: int, end: int, length: int) -> tuple[int, int]:
    if not 0 <= first < end:
        raise ValueError(
            f"`window` must satisfy 0 <= first < end, got first {first}, end {end}."
        )
    start = geometry.offset + geometry.stride * first
    stop = geometry.offset + geometry.stride * (end - 1) + geometry.size
    return min(max(start, 0), length), min(max(stop, 0), length)


def _extent(seen: Tensor) -> tuple[int, int]:
    indices = seen.nonzero().flatten().tolist()
    return indices[0], indices[-1] + 1
