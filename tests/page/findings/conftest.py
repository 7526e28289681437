"""A study of a few pictures, of which each test makes one claim true or false."""

import math

import pandas as pd
import pytest

from stages.page.findings import findings
from stages.page.summary import metric_names

LAYERS = {"net": ["conv1", "conv2", "pool5", "fc6"], "random": ["conv1", "pool5"]}
NAMES = {"untrained": {"net": "random"}}
DESCRIPTORS = {"hog": "my hog", "hogb": "my hogb", "dsift": "my dsift"}


@pytest.fixture
def job():
    """Return a function that makes a row of the scores; its metrics are null."""
    made = []

    def row(picture="cat", layer="conv1", **changes):
        made.append(picture)
        labels = {"representation": "net", "layer": layer, "prior": "default"}
        labels |= {"channels": "all", "region": "all", "solver": "fast", "seed": 0}
        kind = {"kind": "preimage", "baseline": None, "key": f"k{len(made)}"}
        about = {"image_id": f"id-{picture}", "image_name": picture, "status": "done"}
        return {
            **kind,
            **labels,
            **about,
            **dict.fromkeys(metric_names(), math.nan),
            **changes,
        }

    return row


@pytest.fixture
def floor(job):
    """Return a function that makes the row of a baseline."""

    def row(picture="cat", layer="conv1", **changes):
        labels = {"kind": "baseline", "key": None, "seed": None, "prior": "none"}
        labels |= {"baseline": "thumbnail-4x4", "solver": "none"}
        return job(picture, layer, **{**labels, **changes})

    return row


@pytest.fixture
def found():
    """Return a function that gives the finding of this name about these rows."""

    def of(name, rows):
        every = findings(pd.DataFrame(rows), LAYERS, **NAMES, descriptors=DESCRIPTORS)
        finding = next(one for one in every if one.name == name)
        assert "nan" not in finding.sentence.lower()
        return finding

    return of
