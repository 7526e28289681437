"""A chart as the page holds it: words, a specification, its table, its drawing."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

Spec = dict[str, Any]

# Rows of a table that the page shows, our choice; the CSV has all of them.
MOST_ROWS = 200


@dataclass(frozen=True)
class Chart:
    """A chart: words, a Vega-Lite specification with its numbers, and those numbers."""

    name: str
    title: str
    caption: str
    spec: Spec
    table: pd.DataFrame

    @property
    def headings(self) -> list[str]:
        """The table's columns, in words."""
        return [f"{name}".replace("_", " ") for name in self.table.columns]

    @property
    def rows(self) -> list[list[str]]:
        """The table's first rows as they are written."""
        first = self.table.head(MOST_ROWS).itertuples(index=False)
        return [[_written(value) for value in row] for row in first]


def _written(value: Any) -> str:
    if pd.isna(value):
        return "\N{EN DASH}"
    return f"{value:.4g}" if isinstance(value, float) else f"{value}"


@dataclass(frozen=True)
class Drawing:
    """A chart as the template shows it: drawn, and as files to save."""

    chart: Chart
    svg: Markup
    svg_uri: str
    csv_uri: str
