"""Every classification model of torchvision, at once listed and wholly understood."""

from pathlib import Path
from time import process_time

import pytest
import torchvision

from stages.plan.costs import costs_of_calls
from stages.plan.representations import definition, outline
from stages.representations import __main__ as listing

EVERY = torchvision.models.list_models(module=torchvision.models)
# Processor seconds: fifteen at most alone on two cores, more beside other tests.
MOST_SECONDS = 40


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("name", EVERY)
def test_a_model_is_listed_in_time_and_every_layer_followed(name):
    start = process_time()
    defined = definition(listing.chosen(name, Path("none.yaml"), None))
    rows = list(listing.table(defined, "*"))
    assert process_time() - start < MOST_SECONDS
    network = outline(defined)
    assert len(rows) == len(network.layers) > 15
    assert network._sketch.network is not None
    assert set(network._fields._followed) == set(network.layers)
    costs = costs_of_calls(*network.whole_run())
    assert all(costs[network.call(layer)].bytes > 0 for layer in network.layers)
