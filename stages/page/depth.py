"""Scores -> means by depth: the table under the charts and `dvc plots`.

Of whole codes and done jobs alone, a row a representation x layer x prior x solver, and
a row a baseline. Layers are numbered from 1, shallow to deep.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stages.page.summary import is_full, metric_names, summaries

Layers = Mapping[str, Sequence[str]]
_LABELS = ["setting", "representation", "layer", "depth", "prior", "solver", "baseline"]


def error_by_depth(
    scores: pd.DataFrame, layers: Layers, *, deviations: bool = False
) -> pd.DataFrame:
    """Return the means by depth, each row with a name that sorts by depth.

    With `deviations` also each metric's standard deviation, `_std` behind its name.

    `layers` gives each representation's layers, shallow to deep; one that is not in it
    comes last, in the order of the scores.
    """
    table = summaries(scores)
    table = table[is_full(table)].reset_index(drop=True)
    places = _places(table, layers)
    pairs = list(zip(table["representation"], table["layer"], strict=True))
    table["depth"] = [places[pair][1] for pair in pairs]
    order = sorted(range(len(table)), key=lambda i: places[pairs[i]])
    table = table.iloc[order].reset_index(drop=True)
    table["setting"] = [_setting(row) for row in table.to_dict("records")]
    names = {f"{name}_mean": name for name in metric_names()}
    spread = [f"{name}_std" for name in metric_names()] if deviations else []
    return table[[*_LABELS, "n", *names, *spread]].rename(columns=names)


def _places(
    table: pd.DataFrame, layers: Layers
) -> dict[tuple[str, str], tuple[int, int]]:
    """Return where each layer stands: its representation's place, and its depth."""
    orders = {name: list(order) for name, order in layers.items()}
    pairs = table[["representation", "layer"]].drop_duplicates().itertuples(index=False)
    known = []
    for name, layer in pairs:
        order = orders.setdefault(name, [])
        if layer not in order:
            order.append(layer)
        known.append((name, layer))
    first = list(orders)
    return {
        (n, layer): (first.index(n), orders[n].index(layer) + 1) for n, layer in known
    }


def _setting(row: Mapping[Any, Any]) -> str:
    """Return the row's name; the depth has two digits, so that names sort by it."""
    what = row["baseline"] or f"{row['solver']} / {row['prior']}"
    return f"{row['representation']} / {row['depth']:02} {row['layer']} / {what}"
