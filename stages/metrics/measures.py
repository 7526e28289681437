"""The metrics of the table, computed: a batch's, and those that seeds share."""

import math

import torch

from stages.images import Images
from stages.metrics.measured import Measured
from stages.metrics.metric import Metric
from stages.metrics.table import of_images, of_seeds

Measures = dict[str, float | bool | None]


@torch.no_grad()
def measures(measured: Measured) -> list[Measures]:
    """Return the metrics of each pre-image of the batch, by column.

    What is not defined is null; the PSNR of equal images is infinite.
    """
    columns = {metric.name: _values(metric, measured) for metric in of_images()}
    return [
        {name: values[index] for name, values in columns.items()}
        for index in range(len(measured.originals))
    ]


def _values(metric: Metric, measured: Measured) -> list[float | None]:
    """Return one value an image; nothing is imported for what has no inputs."""
    inputs = [getattr(measured, name) for name in metric.inputs]
    if any(one is None for one in inputs):
        return [None] * len(measured.originals)
    values = metric.load()(*inputs, **metric.options)
    return [None if math.isnan(value) else value for value in values.tolist()]


def seed_measures(preimages: Images) -> Measures:
    """Return what the pre-images of one cell and picture have in common, by column."""
    return {metric.name: metric.load()(preimages) for metric in of_seeds()}
