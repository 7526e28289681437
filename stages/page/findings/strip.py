"""The dots of a finding as a drawing: a place a picture, its null, a line between.

Pictures stand side by side in the order of the study, values upwards. Lengths are in
CSS pixels; the template draws what is here and computes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.page.wording import number

HEIGHT, EDGE, LABELS = 96, 10, 56
_WIDEST, _NARROWEST, _WIDTH = 22.0, 2.0, 560.0


@dataclass(frozen=True)
class Place:
    """Where a picture's dot is, and its null, if it has one."""

    x: float
    value: float
    null: float | None


@dataclass(frozen=True)
class Strip:
    """The drawing: its size, the dots, and the values at its top and bottom."""

    width: float
    height: float
    radius: float
    places: list[Place]
    top: str
    bottom: str


def strip(dots: Sequence[tuple[float, float | None]]) -> Strip:
    """Return where the dots are, of pairs of value and null; they share one scale."""
    every = [v for pair in dots for v in pair if v is not None]
    low, high = min(every, default=0.0), max(every, default=0.0)
    step = min(_WIDEST, max(_NARROWEST, _WIDTH / max(1, len(dots))))

    def y(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)

    places = [
        Place(
            x=round(LABELS + (i + 0.5) * step, 1),
            value=y(value),
            null=None if null is None else y(null),
        )
        for i, (value, null) in enumerate(dots)
    ]
    decimals = 1 if high - low > 5 else 2
    return Strip(
        width=round(LABELS + len(dots) * step + EDGE, 1),
        height=HEIGHT,
        radius=round(min(4.5, 0.4 * step), 1),
        places=places,
        top=number(high, decimals),
        bottom=number(low, decimals),
    )
