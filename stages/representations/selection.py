"""Selections: which part of a code a pre-image must match.

A code has `k` channels over `r` rows and `s` columns of cells. Names are resolved into
channel numbers and a window of cells, so that a selection means the same whatever it
was called; what selects everything becomes None. `top` alone waits for the code itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from stages.representations.points import Grid
from stages.representations.receptive_field import CellWindow, Geometry, field

CodeShape = tuple[int, int, int]
Code = Float[Tensor, "k r s"]
Mask = Float[Tensor, "k r s"]


@dataclass(frozen=True)
class Selection:
    """Channels, ascending, and a half-open window of cells; None selects all.

    The window is `(first row, end row, first column, end column)`. Tokens, which lie in
    one column, may be chosen by number in its place: `tokens`, ascending. With `top`,
    the channels are as many as that and depend on the code: see `with_top_channels`.
    With `ranked`, `(chromatic or achromatic, half or a number)`, they wait for the
    layer's ranking: see `stages.representations.chromaticity`.
    """

    channels: tuple[int, ...] | None = None
    window: CellWindow | None = None
    top: int | None = None
    tokens: tuple[int, ...] | None = None
    ranked: tuple[str, int | str] | None = None

    def __post_init__(self) -> None:
        if self.tokens is not None and (self.window or not _ascending(self.tokens)):
            raise ValueError(
                "`tokens` must be None or ascending numbers from 0 on, at least one, "
                f"without `window`; got {self.tokens} and {self.window}."
            )
        if self.top is not None and (self.top < 1 or self.channels is not None):
            raise ValueError(
                "`top` must be None or at least 1, without `channels`; got "
                f"{self.top} and the channels {self.channels}."
            )
        if self.channels is not None and not _ascending(self.channels):
            raise ValueError(
                "`channels` must be None or ascending numbers from 0 on, at least one; "
                f"got {self.channels}."
            )
        if self.window is not None and not _is_window(self.window):
            raise ValueError(
                "`window` must be None or (first row, end row, first column, end "
                f"column) with 0 <= first < end, got {self.window}."
            )


# The halves are the paper's channel groups 1 and 2. Of an odd number of channels the
# middle one belongs to the first half: our choice, the paper's layers have even ones.
CHANNEL_GROUPS: dict[str, Callable[[int], range]] = {
    "all": lambda k: range(k),
    "first-half": lambda k: range((k + 1) // 2),
    "second-half": lambda k: range((k + 1) // 2, k),
}


def resolve_channels(channels: str | Sequence[int], k: int) -> tuple[int, ...] | None:
    """Return the numbers of a channel group or list, ascending, of `k` channels."""
    if isinstance(channels, str):
        chosen = list(CHANNEL_GROUPS[channels](k)) if channels in CHANNEL_GROUPS else []
    else:
        chosen = sorted(channels)
    if not _ascending(chosen) or chosen[-1] >= k:
        raise ValueError(
            f"`channels` must be one of {', '.join(CHANNEL_GROUPS)} (at least one "
            f"channel each) or distinct numbers in 0..{k - 1}; got {channels!r}."
        )
    return None if len(chosen) == k else tuple(chosen)


def random_channels(choice: int | str, seed: int, k: int) -> tuple[int, ...] | None:
    """Return so many of `k` channels, or `half` of them, drawn at random from `seed`.

    The control for channels that were chosen for a reason. Codes of as many channels
    get the same draw.
    """
    n = (k + 1) // 2 if choice == "half" else choice
    if not isinstance(n, int) or not 1 <= n <= k:
        raise ValueError(f"`random` must be half or 1..{k} channels; got {choice!r}.")
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(k, generator=generator)[:n].tolist()
    return None if n == k else tuple(sorted(drawn))


def with_top_channels(selection: Selection, code: Code) -> Selection:
    """Return the selection with the channels that `top` means for this code.

    Those with the most energy, the sum of squares over the whole map; of equal ones the
    first.
    """
    if selection.top is None:
        return selection
    energies = code.double().square().sum(dim=(1, 2))
    order = energies.argsort(descending=True, stable=True)
    strongest = tuple(sorted(order[: selection.top].tolist()))
    channels = None if len(strongest) == len(code) else strongest
    return replace(selection, channels=channels, top=None)


def shared_window(
    share: float, geometry: Geometry, code_side: int, image_side: int
) -> CellWindow | None:
    """Return the largest centred square of cells that sees at most `share` of an image.

    None if that is all cells. Raises ValueError if the centre cell alone sees more.
    """
    seen = {
        cells: _seen(_centred(cells, code_side, code_side), geometry, image_side)
        for cells in range(1, code_side + 1)
    }
    fitting = [cells for cells, part in seen.items() if part <= share]
    if not fitting:
        raise ValueError(
            f"`share` must be at least {seen[1]:.3f}, what the centre cell sees of the "
            f"image; got {share:g}."
        )
    cells = max(fitting)
    return None if cells == code_side else _centred(cells, code_side, code_side)


def _seen(window: CellWindow, geometry: Geometry, side: int) -> float:
    row, end_row, col, end_col = field(geometry, window, side, side)
    return (end_row - row) * (end_col - col) / side**2


def _centred(cells: int, r: int, s: int) -> CellWindow:
    row, col = (r - cells) // 2, (s - cells) // 2
    return row, row + cells, col, col + cells


def resolve_region(
    region: str | Mapping[str, int] | Sequence[int], r: int, s: int
) -> CellWindow | None:
    """Return the window of a region of `r` rows and `s` columns of cells.

    `{"centre": k}` is the paper's k x k window, whose first index, counted from 1, is
    `ceil((W - k + 1) / 2)`: `(W - k) // 2` counted from 0.
    """
    match region:
        case "all":
            window: tuple[int, ...] = (0, r, 0, s)
        case {"centre": int(k), **others} if not others:
            window = _centred(k, r, s)
        case [int(), int(), int(), int()]:
            window = tuple(region)
        case _:
            window = ()
    if not _is_window(window) or window[1] > r or window[3] > s:
        raise ValueError(
            "`region` must be all, {'centre': k} with k in "
            f"1..{min(r, s)}, or [first row, end row, first column, end column] with "
            f"0 <= first < end, rows up to {r}, columns up to {s}; got {region!r}."
        )
    first_row, end_row, first_col, end_col = window
    whole = window == (0, r, 0, s)
    return None if whole else (first_row, end_row, first_col, end_col)


def patch_tokens(
    window: CellWindow | None, patches: Grid, n_tokens: int
) -> tuple[int, ...] | None:
    """Return the numbers of the tokens of a window of patches; None if that is all."""
    row, end_row, col, end_col = window or (0, patches.rows, 0, patches.columns)
    chosen = tuple(
        patches.first + patches.columns * i + j
        for i in range(row, end_row)
        for j in range(col, end_col)
    )
    return None if len(chosen) == n_tokens else chosen


def mask(
    selection: Selection,
    code_shape: CodeShape,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Mask:
    """Return 1 at the selected entries of a code and 0 elsewhere.

    Raises ValueError for `top`, which needs the code, and for `ranked`, which needs the
    layer's ranking: resolve them first.
    """
    if selection.top is not None or selection.ranked is not None:
        raise ValueError(f"`selection` must be resolved, got {selection}.")
    k, r, s = code_shape
    channels = slice(None) if selection.channels is None else list(selection.channels)
    row, end_row, col, end_col = selection.window or (0, r, 0, s)
    if max(selection.channels or (0,)) >= k or end_row > r or end_col > s:
        raise ValueError(
            f"`selection` must lie inside the code shape {code_shape}, got {selection}."
        )
    chosen = torch.zeros(code_shape, device=device, dtype=dtype)
    rows = _rows(selection, code_shape)
    chosen[channels, row:end_row, col:end_col] = rows[row:end_row, None].to(chosen)
    return chosen


def _rows(selection: Selection, code_shape: CodeShape) -> Tensor:
    """Return 1 at the rows of the chosen tokens, everywhere if none are chosen."""
    _, n_tokens, columns = code_shape
    if selection.tokens is None:
        return torch.ones(n_tokens)
    if columns > 1 or selection.tokens[-1] >= n_tokens:
        raise ValueError(
            f"`tokens` must be in 0..{n_tokens - 1}, of a code of one column; got "
            f"{selection.tokens} for the code shape {code_shape}."
        )
    chosen = torch.zeros(n_tokens)
    chosen[list(selection.tokens)] = 1
    return chosen


def _ascending(numbers: Sequence[int]) -> bool:
    rises = all(a < b for a, b in pairwise(numbers))
    return len(numbers) > 0 and numbers[0] >= 0 and rises


def _is_window(window: Sequence[int]) -> bool:
    if len(window) != 4:
        return False
    row, end_row, col, end_col = window
    return 0 <= row < end_row and 0 <= col < end_col
