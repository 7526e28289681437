"""A small table of scores that tests change."""

import pandas as pd
import pytest

from stages.page.summary import metric_names


@pytest.fixture
def score():
    """Return a function that makes a row of the scores."""

    def row(error=0.5, **changes):
        labels = {"representation": "hog", "layer": "hog", "prior": "default"}
        labels |= {"channels": "all", "region": "all", "solver": "fast"}
        job = {"image_id": "a", "image_name": "cat", "seed": 0, "key": "k"}
        outcome = {"status": "done", "reason": "", "seconds": 1.0}
        kind = {"kind": "preimage", "baseline": None}
        metrics = dict.fromkeys(metric_names(), error)
        return {**kind, **labels, **job, **outcome, **metrics, **changes}

    return row


@pytest.fixture
def table():
    """Return a function that makes a table of rows, typed as the stored one is."""

    def make(*rows):
        return pd.DataFrame(rows).astype(dict.fromkeys(metric_names(), "float64"))

    return make
