"""Tables as CSV that a spreadsheet can open without running what names say."""

from typing import Any

import pandas as pd

# How a cell begins that spreadsheets take for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv(table: pd.DataFrame) -> str:
    """Return the table as CSV: texts that begin like a formula get a quote before.

    Numbers stay numbers, negative ones too. Lines end with a line feed.
    """
    texts = table.select_dtypes(exclude=["number", "bool"]).columns
    inert = table.assign(**{f"{name}": table[name].map(neutral) for name in texts})
    inert.columns = pd.Index([neutral(f"{name}") for name in table.columns])
    return inert.to_csv(index=False, lineterminator="\n")


def neutral(value: Any) -> Any:
    """Return the value, a text that begins like a formula with a quote before it."""
    is_formula = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if is_formula else value
