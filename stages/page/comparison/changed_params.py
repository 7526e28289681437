"""The params that differ between two studies, a line each."""

from collections.abc import Iterator, Mapping
from typing import Any

from stages.page.wording import MISSING

# Lines that are told, our choice; the rest is counted.
MOST_LINES = 40


def changed_params(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what differs, such as `solvers.fast.steps 12 -> 60`.

    Keys are joined by dots; what only one of them has is a dash in the other.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    lines = [
        f"{key} {old.get(key, MISSING)} \N{RIGHTWARDS ARROW} {new.get(key, MISSING)}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key, MISSING) != new.get(key, MISSING)
    ]
    n_more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"and {n_more:,} more"] if n_more > 0 else lines


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each value that holds no others."""
    if isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        parts = [(f"{i + 1}", one) for i, one in enumerate(value)]
    else:
        yield path, f"{value}"
        return
    for key, one in parts:
        yield from _leaves(one, f"{path}.{key}" if path else f"{key}")
