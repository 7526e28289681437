"""The Parquet table of scores: what was inverted, what came of it, and every metric.

The columns of the metrics follow from the table of metrics, unit and meaning included.
"""

import pyarrow as pa

from stages.metrics.metric import Metric
from stages.metrics.table import METRICS
from stages.store import schemas


def scores_schema() -> pa.Schema:
    """Return the schema: one row a pre-image or baseline, no pictures."""
    return pa.schema([*schemas.SCORED, *map(_column, METRICS)])


def _column(metric: Metric) -> pa.Field:
    metadata = {"meaning": metric.meaning, "unit": metric.unit}
    if metric.is_truth:
        del metadata["unit"]
    kind = pa.bool_() if metric.is_truth else pa.float64()
    return pa.field(metric.name, kind, metadata=metadata)
