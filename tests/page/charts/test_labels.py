"""Names at the ends of lines: in order, as near as can be, never one over another."""

import math
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.page.charts.labels import GAP, domain, line_ends, place, spread, width_of


def values(*rows):
    return pd.DataFrame(rows, columns=["value", "low", "high"])


def test_an_axis_holds_values_and_bands_and_begins_at_zero_where_that_is_the_truth():
    table = values((2.0, 1.0, 3.0), (4.0, math.nan, math.nan))
    assert domain(table, "zero") == [0.0, 4.2]
    assert domain(table, "free") == pytest.approx([1.0 - 0.15, 4.0 + 0.15])
    assert domain(table, "log") == pytest.approx([1.0 / 1.08, 4.0 * 1.08])


def test_an_axis_from_zero_reaches_below_it_where_values_do():
    assert domain(values((-2.0, -3.0, 1.0)), "zero")[0] < -3.0


def test_an_axis_of_a_single_value_has_a_length():
    for scale in ("zero", "free", "log"):
        low, high = domain(values((0.7, 0.7, 0.7)), scale)
        assert low < 0.7 < high
    low, high = domain(values((0.0, 0.0, 0.0)), "zero")
    assert low == 0.0 < high


def test_places_count_from_the_top():
    assert place(3.0, [1.0, 5.0], "zero", 100.0) == 50.0
    # Ten is half way from 1 to 100 on a logarithmic axis.
    assert place(10.0, [1.0, 100.0], "log", 100.0) == pytest.approx(50.0)
    assert place(100.0, [1.0, 100.0], "log", 100.0) == pytest.approx(0.0)


def test_labels_that_are_apart_stay_where_they_are():
    assert spread([50.0, 10.0, 90.0], 170.0) == [50.0, 10.0, 90.0]


def test_labels_at_one_place_move_apart_evenly_to_both_sides():
    assert spread([80.0, 80.0, 80.0], 170.0, gap=10.0) == [70.0, 80.0, 90.0]


def test_labels_at_the_edge_stay_within():
    assert spread([0.0, 0.0], 170.0, gap=10.0) == [0.0, 10.0]
    assert spread([170.0, 170.0], 170.0, gap=10.0) == [160.0, 170.0]


@given(st.lists(st.floats(0, 170), max_size=15))
def test_labels_never_overlap_and_keep_their_order(places):
    found = spread(places, 170.0)
    assert all(b - a >= GAP - 1e-6 for a, b in pairwise(sorted(found)))
    for i, one in enumerate(places):
        for j, other in enumerate(places):
            assert not (one < other and found[i] > found[j])
    if (len(places) - 1) * GAP <= 170:
        assert all(-1e-6 <= one <= 170 + 1e-6 for one in found)


def test_a_name_stands_at_the_first_station_from_the_end_of_its_line_on():
    rows = [("hog", "hog", 1.0), ("net", "conv1", 2.0), ("net", "fc6", 3.0)]
    rows += [("other", "conv1", 3.0)]
    table = pd.DataFrame(rows, columns=["line", "layer", "value"])
    at = [10.0, 20.0, 30.0, 30.0]
    found = line_ends(table, ["hog", "conv1", "fc6"], ["hog", "fc6"], at, 170.0)
    told = found.set_index("line")
    assert told["layer"].to_dict() == {"hog": "hog", "net": "fc6", "other": "conv1"}
    assert told["station"].to_dict() == {"hog": "hog", "net": "fc6", "other": "fc6"}
    assert told["end"].to_dict() == {"hog": 10.0, "net": 30.0, "other": 30.0}
    # Two names at one station and one place: half of the gap to either side.
    assert sorted(told["label"]) == [10.0, 30.0 - GAP / 2, 30.0 + GAP / 2]


def test_a_longer_name_takes_more_room():
    assert width_of(["a", "a longer name"]) > width_of(["a"]) > width_of([]) > 0
