"""Where names stand at the ends of lines: in order, and never one over another.

A label's place is in pixels from the top of its panel, so that its panel's axis must
end where `domain` says: an axis that Vega rounds by itself has no known place.
"""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from stages.page.charts.plotting import rows

# Pixels from one label's middle to the next, and those of a character, our choice for
# text of 11 pixels.
GAP, CHARACTER = 12.0, 6.2
# What lies between a line's end and its label, where the leader is drawn.
LEADER = (7, 16)
# By how much an axis reaches beyond its values: as a share, and as a factor.
_BEYOND, _FACTOR = 0.05, 1.08


def domain(table: pd.DataFrame, scale: str) -> list[float]:
    """Return the ends of the axis that holds all values of a panel and their bands.

    `table` has value, low and high; `scale` is one of `Series`: log, zero or free.
    """
    found = table[["value", "low", "high"]].to_numpy(dtype="float64")
    low, high = float(np.nanmin(found)), float(np.nanmax(found))
    if scale == "log":
        return [low / _FACTOR, high * _FACTOR]
    beyond = _BEYOND * (high - low if scale == "free" else high) or 1.0
    return [0.0 if scale == "zero" and low >= 0 else low - beyond, high + beyond]


def place(value: float, ends: Sequence[float], scale: str, height: float) -> float:
    """Return how many pixels below the top of its panel a value stands."""
    low, high = (math.log(end) if scale == "log" else end for end in ends)
    at = math.log(value) if scale == "log" else value
    return height * (high - at) / (high - low)


def spread(places: Sequence[float], most: float, gap: float = GAP) -> list[float]:
    """Return places at least `gap` apart and within 0 to `most`, as near as can be.

    In the order of the given ones, and with the least sum of squared moves (pooled
    adjacent violators); if they do not fit they go beyond `most`.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    pools: list[tuple[float, int]] = []
    for n, i in enumerate(order):
        mean, size = places[i] - n * gap, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, size = (other * more + mean * size) / (more + size), more + size
        pools.append((mean, size))
    room = max(0.0, most - (len(places) - 1) * gap)
    flat = [min(max(mean, 0.0), room) for mean, size in pools for _ in range(size)]
    apart = {i: flat[n] + n * gap for n, i in enumerate(order)}
    return [apart[i] for i in range(len(places))]


def line_ends(
    table: pd.DataFrame,
    order: Sequence[str] | Sequence[int],
    stations: Sequence[str] | Sequence[int],
    at: Sequence[float],
    height: float,
    column: str = "layer",
) -> pd.DataFrame:
    """Return the last row of each line, with the places of its end and its label.

    `order` are the places along the axis, `at` how many pixels below the top each row
    stands. A label stands at the first of `stations` that is not before its line's end
    (`station`): labels there do not overlap (`label`, pixels from the top).
    """
    along = {name: i for i, name in enumerate(order)}
    there = table.assign(_along=table[column].map(along), end=list(at))
    last = there.sort_values("_along", kind="stable")
    last = last.drop_duplicates("line", keep="last").reset_index(drop=True)
    reached = (
        next(one for one in stations if along[one] >= here) for here in last["_along"]
    )
    last = last.assign(station=list(reached), label=last["end"])
    for _, group in last.groupby("station", sort=False):
        last.loc[group.index, "label"] = spread(list(group["end"]), height)
    return last.drop(columns="_along")


def names(
    ends: pd.DataFrame, x: Any, field: str, colour: Any, **more: Any
) -> list[Any]:
    """Return leaders and names at the ends of lines.

    `ends` is that of `line_ends`, `x` the horizontal axis, whose place is in `field`;
    `more` are further encodings.
    """
    own = field.split(":")[0]
    kept = ends[list(dict.fromkeys([own, "line", "layer", "station", "end", "label"]))]
    base = alt.Chart(alt.InlineData(values=rows(kept))).encode(x=x)
    leaders = base.mark_rule(
        strokeWidth=1, strokeDash=[1, 2], xOffset=LEADER[0], x2Offset=LEADER[1]
    ).encode(
        x2="station",
        y=alt.Y("end:Q", scale=None, axis=None),
        y2="label:Q",
        color=colour,
        **more,
    )
    there = x.copy()
    there.shorthand = field.replace(own, "station")
    texts = base.mark_text(align="left", baseline="middle", dx=LEADER[1] + 3).encode(
        x=there,
        y=alt.Y("label:Q", scale=None, axis=None),
        text="line:N",
        **more,
    )
    return [leaders, texts]


def width_of(names: Sequence[str]) -> float:
    """Return the pixels that leaders and labels of these names take."""
    return LEADER[1] + 4 + CHARACTER * max((len(name) for name in names), default=0)
