"""What all charts share: colours, dashes and shapes by line, and the choice of lines.

Colours are those of Okabe and Ito (2008, "Color Universal Design"), which colour-blind
people tell apart; each line has a shape and a dash of its own besides. Numbers are
inlined in the specification: nothing is loaded.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from stages.page.charts.style import GREY

# Without black and yellow, which a page in the dark or in the light swallows.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"]
_SOLID = [[1, 0], [8, 2], [4, 2], [10, 2, 2, 2], [2, 1], [6, 1, 1, 1]]
_DASHES = [[2, 2], [6, 3], [1, 4], [8, 3, 2, 3]]


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the table as JSON has it: numbers that are not finite become null."""
    return [
        {
            str(name): None if isinstance(v, float) and not math.isfinite(v) else v
            for name, v in record.items()
        }
        for record in table.to_dict("records")
    ]


def names_of_lines(table: pd.DataFrame, kind: str) -> list[str]:
    """Return the names of the lines of a kind, in order of appearance."""
    return list(dict.fromkeys(table.loc[table["kind"] == kind, "line"]))


def line_encodings(
    table: pd.DataFrame, representations: Sequence[str] = ()
) -> dict[str, Any]:
    """Return colour, dash and shape by line; nulls are grey and dashed.

    The colour is the representation's, by its place among `representations`, so that
    it is the same in all charts; dash and shape tell its settings apart. `table` is
    that of the whole chart: its panels share one legend.
    """
    ours, nulls = (names_of_lines(table, kind) for kind in ("pre-images", "null"))
    m = len(nulls)
    domain = [*ours, *nulls]
    places = _places(table, ours, representations)
    hues = [COLOURS[hue % len(COLOURS)] for hue, _ in places]
    colours = [*hues, *([GREY] * m)]
    # A seventh representation has the first one's colour, but its own shape.
    solid = [_SOLID[(s + hue // len(COLOURS)) % len(_SOLID)] for hue, s in places]
    dashes = [*solid, *_cycled(_DASHES, m)]
    marks = [SHAPES[(hue + s) % len(SHAPES)] for hue, s in places]
    shapes = [*marks, *_cycled(SHAPES, m)]
    legend = alt.Legend(title=None)
    return {
        "color": alt.Color("line:N", legend=legend).scale(domain=domain, range=colours),
        "strokeDash": alt.StrokeDash("line:N", legend=legend).scale(
            domain=domain, range=dashes
        ),
        "shape": alt.Shape("line:N", legend=legend).scale(domain=domain, range=shapes),
    }


def _places(
    table: pd.DataFrame, lines: Sequence[str], representations: Sequence[str]
) -> list[tuple[int, int]]:
    """Return the place of each line's representation, and the line's within it."""
    own = table[table["kind"] == "pre-images"].drop_duplicates("line")
    of = dict(zip(own["line"], own.get("representation", own["line"]), strict=True))
    order = list(dict.fromkeys([*representations, *(of[line] for line in lines)]))
    within = [[one for one in lines if of[one] == of[line]] for line in lines]
    pairs = zip(lines, within, strict=True)
    return [(order.index(of[line]), peers.index(line)) for line, peers in pairs]


def _cycled(values: Sequence[Any], n: int) -> list[Any]:
    return [values[i % len(values)] for i in range(n)]


def chosen() -> alt.Parameter:
    """Return the choice of lines that a click in the legend makes, in all panels."""
    return alt.selection_point(name="chosen", fields=["line"], bind="legend")


def dimmed() -> Any:
    """Return the opacity that follows the choice: faint for lines left out."""
    return alt.when(chosen()).then(alt.value(1.0)).otherwise(alt.value(0.12))


def faint() -> Any:
    """Return the opacity of bands, which follow the choice, too."""
    return alt.when(chosen()).then(alt.value(0.14)).otherwise(alt.value(0.02))


def linked(chart: Any) -> Any:
    """Return the panels with one choice of lines for all of them."""
    with warnings.catch_warnings():
        # Altair adds the choice to each panel, then tells that it made one of them:
        # just what is wanted.
        warnings.filterwarnings("ignore", "Automatically deduplicated", UserWarning)
        return chart.add_params(chosen())
