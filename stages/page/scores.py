"""The scores as the report reads them: what it uses, a column at a time."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from stages.metrics.schema import scores_schema
from stages.metrics.table import METRICS
from stages.store import tables

# Lists, an object a row: the report needs none, and of the fields one a selection.
_LISTS = ("channel_indices", "window", "tokens", "field")
_PLACE = ["representation", "layer", "region"]
_TRUTHS = {metric.name for metric in METRICS if metric.is_truth}
# Rows whose fields are looked at together, our choice.
_AT_ONCE = 2**16


def read_scores(path: Path) -> pd.DataFrame:
    """Return the scores, yes and no as 1 and 0, so that there is a mean.

    Without lists of numbers, but the `field` of the first row of each representation,
    layer and region. A million rows take half a gigabyte, and no more as they are read:
    columns are let go of one by one. Raises Refusal if the file is absent or damaged.
    """
    names = [name for name in scores_schema().names if name not in _LISTS]
    with pq.ParquetFile(tables.intact(path)) as file:
        columns = {name: _column(file, name) for name in names}
        # Laid together they would be copied.
        scores = pd.DataFrame(columns, copy=False)
        return scores.assign(field=_fields(file, len(scores)))


def _column(file: pq.ParquetFile, name: str) -> "pd.Series[Any]":
    column: pd.Series[Any] = file.read([name]).column(0).to_pandas()
    return column.astype("float64") if name in _TRUTHS else column


def _fields(
    file: pq.ParquetFile, n_rows: int
) -> "np.ndarray[Any, np.dtype[np.object_]]":
    """Return the first field of each representation, layer and region; else None."""
    fields, known, begun = np.full(n_rows, None, object), set(), 0
    for batch in file.iter_batches(_AT_ONCE, columns=[*_PLACE, "field"]):
        there = batch["field"].is_valid().to_numpy(zero_copy_only=False)
        labels = batch.select(_PLACE).to_pandas()[there].drop_duplicates()
        for i, *place in labels.itertuples(name=None):
            if tuple(place) not in known:
                known.add(tuple(place))
                fields[begun + i] = batch["field"][i].as_py()
        begun += batch.num_rows
    return fields
