"""The grid: products, their numbers, and every kind of entry that cannot be."""

from collections.abc import Mapping
from typing import Any

import pytest

from stages.params.grid import GridEntry
from stages.params.mistakes import Mistake, Mistakes
from stages.params.representations import CaffenetSettings
from stages.plan.grid import Setting, settings
from stages.plan.representations import code_shape, definition
from stages.representations.caffenet import LAYERS
from stages.representations.definition import Definition
from stages.representations.dsift import DsiftDefinition
from stages.representations.hog import HogDefinition
from stages.representations.selection import Selection, random_channels

HOG = HogDefinition(side=40, cell=8, orientations=3)
DSIFT = DsiftDefinition(side=40, bin=3)
BOTH = {"hog": HOG, "dsift": DSIFT}
NETWORK = definition(CaffenetSettings(kind="caffenet", weights="random"))
K, R, S = 9, 5, 5  # 3 * 3 channels over 40 / 8 cells a side


def expanded(
    known: Mapping[str, Definition] = BOTH, **keys: Any
) -> tuple[list[Setting], list[Mistake]]:
    """Return the settings of a grid entry, and its mistakes."""
    entry = GridEntry.model_validate({"representation": "hog", **keys})
    mistakes = Mistakes()
    return list(settings(entry, known, "grid[3]", mistakes)), list(mistakes.noted)


def good(known: Mapping[str, Definition] = BOTH, **keys: Any) -> list[Setting]:
    """Return the settings of a grid entry without mistakes."""
    wanted, mistakes = expanded(known, **keys)
    assert mistakes == []
    return wanted


def setting(**keys: Any) -> Setting:
    (one,) = good(**keys)
    return one


def test_the_code_shape_is_that_of_one_image():
    assert code_shape(HOG, "hog") == (K, R, S)
    assert code_shape(DSIFT, "dsift")[0] == 16 * 8


def test_an_entry_is_the_product_of_all_that_it_lists():
    keys = {
        "representation": ["hog", "dsift"],
        "channels": ["all", "first-half", [1]],
        "region": ["all", {"centre": 1}],
        "prior": ["default", "none"],
        "solver": ["fast", "paper"],
    }
    wanted = good(**keys)
    assert len(wanted) == len(set(wanted)) == 2 * 3 * 2 * 2 * 2
    told = [
        " / ".join(
            [
                one.representation,
                one.layer,
                one.channels,
                one.region,
                one.prior,
                one.solver,
            ]
        )
        for one in wanted
    ]
    assert told[0] == "hog / hog / all / all / default / fast"
    assert told[1] == "hog / hog / all / all / default / paper"
    assert told[-1] == "dsift / dsift / 1 / centre 1 / none / paper"


def test_layers_may_be_named_or_all():
    assert good(layers=["hog"]) == good(layers="all") == good()


@pytest.mark.parametrize(
    ("channels", "name", "indices"),
    [
        ("all", "all", None),
        ("first-half", "first-half", (0, 1, 2, 3, 4)),
        ("second-half", "second-half", (5, 6, 7, 8)),
        ([7, 2], "7 2", (2, 7)),
        (list(range(K)), "0 1 2 3 4 5 6 7 8", None),
        # Orientation o of 3: directed channels o and o + 3, the undirected o + 6.
        ({"orientations": [1]}, "orientations 1", (1, 4, 7)),
        ({"orientations": [2, 0]}, "orientations 2 0", (0, 2, 3, 5, 6, 8)),
    ],
)
def test_channels_are_named_as_written_and_resolved_to_numbers(channels, name, indices):
    one = setting(channels=channels)
    assert (one.channels, one.region) == (name, "all")
    assert one.selection == Selection(indices, None)


@pytest.mark.parametrize(
    ("region", "name", "window"),
    [
        ("all", "all", None),
        ({"centre": 1}, "centre 1", (2, 3, 2, 3)),
        ({"centre": 2}, "centre 2", (1, 3, 1, 3)),
        ({"centre": 5}, "centre 5", None),
        (
            {"rows": [0, 2], "columns": [3, 5]},
            "rows 0:2 columns 3:5",
            (0, 2, 3, 5),
        ),
        ({"rows": [0, 5], "columns": [0, 5]}, "rows 0:5 columns 0:5", None),
    ],
)
def test_regions_are_named_as_written_and_resolved_to_windows(region, name, window):
    one = setting(region=region)
    assert (one.channels, one.region) == ("all", name)
    assert one.selection == Selection(None, window)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("layers", "fc8", "hog: `layer` must be one of hog"),
        ("channels", [2, 9], "distinct numbers in 0..8"),
        ("channels", [2, 2], "distinct numbers in 0..8"),
        ("channels", {"orientations": [3]}, "`orientations` must be distinct numbers "),
        ("region", {"centre": 6}, "inside the code's 5 rows and 5 columns"),
        (
            "region",
            {"rows": [0, 6], "columns": [0, 1]},
            "inside the code's 5 rows and 5 columns",
        ),
        ("region", {"rows": [2, 2], "columns": [0, 1]}, "first before end"),
    ],
)
def test_an_impossible_value_is_told_once_with_its_place_and_what_is_allowed(
    key, value, text
):
    possible = "hog" if key == "layers" else "all"
    wanted, (mistake,) = expanded(**{key: [possible, value]})
    place = "" if key == "layers" else "[1]"
    assert (mistake.path, mistake.given) == (f"grid[3].{key}{place}", repr(value))
    assert text in mistake.text
    assert len(wanted) == 1


def test_an_impossible_selection_is_told_once_and_the_others_are_kept():
    wanted, mistakes = expanded(channels=[[9], [0]], region=["all", {"centre": 1}])
    kept = [(one.channels, one.region) for one in wanted]
    assert kept == [("0", "all"), ("0", "centre 1")]
    assert len(mistakes) == 1


def test_the_channels_of_each_entry_are_told_at_each_layer_once():
    network = {"net": NETWORK}
    keys = {"layers": ["conv1", "relu1"], "channels": {"top": 65}}
    wanted, mistakes = expanded(network, representation="net", **keys)
    assert wanted == []
    assert [one.text[-5:] for one in mistakes] == ["conv1", "relu1"]


def test_a_representation_without_a_definition_is_passed_over():
    assert expanded(representation=["poor", "hog"]) == (good(), [])


# CaffeNet ---------------------------------------------------------------------------


def of_network(**keys: Any) -> list[Setting]:
    return good({"network": NETWORK}, representation="network", **keys)


def test_all_layers_of_a_network_are_twenty_settings():
    assert [one.layer for one in of_network()] == list(LAYERS)


@pytest.mark.parametrize(
    ("channels", "name", "selection"),
    [
        ({"top": 10}, "top 10", Selection(top=10)),
        ({"top": 64}, "top 64", Selection()),
        ({"random": 2}, "random 2", Selection(random_channels(2, 0, 64))),
        (
            {"random": "half", "seed": 7},
            "random half (seed 7)",
            Selection(random_channels("half", 7, 64)),
        ),
    ],
)
def test_subsets_of_channels_are_named_and_resolved(channels, name, selection):
    (one,) = of_network(layers="conv1", channels=channels)
    assert (one.channels, one.selection) == (name, selection)


def test_a_share_of_the_image_becomes_a_window():
    (one,) = of_network(layers="norm1", region={"share": 0.2})
    # Cells of norm1 see 9 pixels, 4 apart: 5 of them see 25, 6 see 29 of 64.
    assert (one.region, one.selection.window) == ("share 0.2", (5, 10, 5, 10))


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"channels": {"top": 65}}, "`top` must be in 1..64"),
        ({"channels": {"random": 65}}, "must be half or 1..64 channels"),
        ({"region": {"share": 0.001}}, "`share` must be at least 0.006"),
        ({"layers": "relu9"}, "network: `layer` must be one of conv1, relu1, pool1"),
    ],
)
def test_what_a_network_does_not_have_is_told(keys, text):
    known = {"network": NETWORK}
    keys = {"representation": "network", "layers": "conv1", **keys}
    wanted, (mistake,) = expanded(known, **keys)
    assert wanted == []
    assert text in mistake.text
