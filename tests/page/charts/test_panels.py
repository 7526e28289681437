"""The columns of a chart by depth: room for the names of descriptors."""

import pandas as pd

from stages.page.charts.panels import columns

PAIRS = [("hog", "hog"), ("net", "conv1"), ("net", "fc6")]


def table(pairs):
    rows = [(name, layer, name, "pre-images") for name, layer in pairs]
    rows += [("net", layer, "mean-grey", "null") for _, layer in pairs]
    return pd.DataFrame(rows, columns=["representation", "layer", "line", "kind"])


def test_behind_the_descriptors_is_room_for_their_names():
    along = columns(table(PAIRS), ["hog", "conv1", "fc6"])
    assert along.stations == ["hog", "fc6"]
    assert [name for name in along.domain if name.strip()] == ["hog", "conv1", "fc6"]
    blank = [name for name in along.domain if not name.strip()]
    assert along.domain[1 : 1 + len(blank)] == blank
    assert len(set(along.domain)) == len(along.domain)
    assert along.width > 3 * 44


def test_descriptors_alone_and_networks_alone_need_no_room_between():
    for pairs in (PAIRS[:1], PAIRS[1:]):
        layers = [layer for _, layer in pairs]
        along = columns(table(pairs), layers)
        assert along.domain == layers
        assert along.stations == layers[-1:]
