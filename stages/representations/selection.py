"""Selections: which part of a code a pre-image must match.

A code has `k` channels over `r` rows and `s` columns of cells. Names are resolved into
channel numbers and a window of cells, so that a selection means the same whatever it
was called; what selects everything becomes None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from stages.representations.receptive_field import Window

CodeShape = tuple[int, int, int]
Mask = Float[Tensor, "k r s"]


@dataclass(frozen=True)
class Selection:
    """Channels, ascending, and a half-open window of cells; None selects all.

    The window is `(first row, end row, first column, end column)`.
    """

    channels: tuple[int, ...] | None = None
    window: Window | None = None

    def __post_init__(self) -> None:
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


def selection(
    channels: str | Sequence[int],
    region: str | Mapping[str, int] | Sequence[int],
    code_shape: CodeShape,
) -> Selection:
    """Return the selection that these names mean for a code of shape `k r s`."""
    k, r, s = code_shape
    return Selection(resolve_channels(channels, k), resolve_region(region, r, s))


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


def resolve_region(
    region: str | Mapping[str, int] | Sequence[int], r: int, s: int
) -> Window | None:
    """Return the window of a region of `r` rows and `s` columns of cells.

    `{"centre": k}` is the paper's k x k window, whose first index, counted from 1, is
    `ceil((W - k + 1) / 2)`: `(W - k) // 2` counted from 0.
    """
    match region:
        case "all":
            window: tuple[int, ...] = (0, r, 0, s)
        case {"centre": int(k), **others} if not others:
            row, col = (r - k) // 2, (s - k) // 2
            window = row, row + k, col, col + k
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


def mask(
    selection: Selection,
    code_shape: CodeShape,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Mask:
    """Return 1 at the selected entries of a code and 0 elsewhere."""
    k, r, s = code_shape
    channels = slice(None) if selection.channels is None else list(selection.channels)
    row, end_row, col, end_col = selection.window or (0, r, 0, s)
    if max(selection.channels or (0,)) >= k or end_row > r or end_col > s:
        raise ValueError(
            f"`selection` must lie inside the code shape {code_shape}, got {selection}."
        )
    chosen = torch.zeros(code_shape, device=device, dtype=dtype)
    chosen[channels, row:end_row, col:end_col] = 1
    return chosen


def _ascending(numbers: Sequence[int]) -> bool:
    rises = all(a < b for a, b in pairwise(numbers))
    return len(numbers) > 0 and numbers[0] >= 0 and rises


def _is_window(window: Sequence[int]) -> bool:
    if len(window) != 4:
        return False
    row, end_row, col, end_col = window
    return 0 <= row < end_row and 0 <= col < end_col
