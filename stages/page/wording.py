"""How the page writes numbers and names."""

import math
from collections.abc import Sequence

import pandas as pd

MISSING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_INFINITY = "\N{INFINITY}"


def number(value: float | None, decimals: int, *, times: float = 1.0) -> str:
    """Return the number times `times` with so many decimals; a dash for a null."""
    if value is None or math.isnan(value):
        return MISSING
    text = _INFINITY if math.isinf(value) else f"{abs(value * times):,.{decimals}f}"
    return f"{_MINUS}{text}" if value < 0 and text.strip("0.") else text


def mean_and_deviation(
    mean: float | None, deviation: float | None, decimals: int, *, times: float = 1.0
) -> str:
    """Return `mean ± deviation`; the mean alone where there is no deviation."""
    spread = number(deviation, decimals, times=times)
    text = number(mean, decimals, times=times)
    return text if spread == MISSING else f"{text} \N{PLUS-MINUS SIGN} {spread}"


def sides(*lengths: int) -> str:
    """Return the lengths as a size, such as `27 x 16 x 16`."""
    return " \N{MULTIPLICATION SIGN} ".join(f"{length:,}" for length in lengths)


def counted(n: int, noun: str) -> str:
    """Return the number with its noun, such as `1 picture` or `1,200 pictures`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Return the names in one phrase, such as `hog, hogb and dsift`."""
    *most, last = names or [MISSING]
    return f"{', '.join(most)} and {last}" if most else last


def shortened(names: Sequence[str], most: int) -> str:
    """Return the first names in one line, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shared(jobs: pd.DataFrame) -> str:
    """Return the labels that all pre-images have in common, in one phrase.

    That all channels or the whole region are inverted goes without saying.
    """
    names = ("channels", "region", "prior", "solver", "seed")
    labels = {name: jobs[name].iloc[0] for name in names if jobs[name].nunique() == 1}
    told = [
        f"{name} {value:.0f}" if name == "seed" else f"{name} {value}"
        for name, value in labels.items()
        if value != "all"
    ]
    return listed(told) if told else ""
