"""The dots of a finding as a drawing: a line a picture, with names and an axis.

Pictures stand below each other in the order of the study, values to the right. Lengths
are in CSS pixels; the template draws what is here and computes nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Space for the names at the left, for the axis below, and of the dots between.
NAMES, AXIS, WIDTH, EDGE = 132, 36, 260, 12
_TALLEST, _MOST_HEIGHT, _LEGIBLE = 22.0, 440.0, 13.0
_LETTERS = 20


@dataclass(frozen=True)
class Place:
    """Where a picture's dot is, its null, if it has one, and its name, if legible."""

    y: float
    value: float
    null: float | None
    name: str


@dataclass(frozen=True)
class Strip:
    """The drawing: its size, the dots, and the axis: places, numbers, unit."""

    width: float
    height: float
    radius: float
    places: list[Place]
    ticks: list[tuple[float, str]]
    unit: str


def strip(dots: Sequence[tuple[str, float, float | None]], unit: str = "") -> Strip:
    """Return where the dots are, of names, values and nulls; they share one scale."""
    every = [v for _, *pair in dots for v in pair if v is not None]
    marks = ticks(min(every, default=0.0), max(every, default=0.0))
    low = min([*every, marks[0]])
    high = max([*every, marks[-1]])
    step = min(_TALLEST, _MOST_HEIGHT / max(1, len(dots)))

    def x(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(NAMES + share * WIDTH, 1)

    places = [
        Place(
            y=round(EDGE + (i + 0.5) * step, 1),
            value=x(value),
            null=None if null is None else x(null),
            name=_short(name) if step >= _LEGIBLE else "",
        )
        for i, (name, value, null) in enumerate(dots)
    ]
    return Strip(
        width=NAMES + WIDTH + 2 * EDGE,
        height=round(EDGE + len(dots) * step + AXIS, 1),
        radius=round(min(5.0, max(1.5, 0.4 * step)), 1),
        places=places,
        ticks=[(x(mark), f"{mark:,.6g}") for mark in marks],
        unit=unit,
    )


def ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers that span the values."""
    if high <= low:
        return [low]
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _short(name: str) -> str:
    return (
        name
        if len(name) <= _LETTERS
        else f"{name[: _LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
    )
