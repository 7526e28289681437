"""The grid: products, their numbers, and every kind of entry that cannot be."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from stages.params import FastSettings, GridEntry, PaperSettings, PriorSettings
from stages.params.representations import CaffenetSettings, DsiftSettings, HogSettings
from stages.plan.cells import Cell, Mistake, Parts, buildable, cells
from stages.plan.representations import code_shape
from stages.preimage import Prior
from stages.preimage.momentum import SCHEDULES
from stages.representations.caffenet import LAYERS
from stages.representations.selection import Selection, random_channels

HOG = HogSettings(kind="hog", side=40, cell=8, orientations=3)
DSIFT = DsiftSettings(kind="dsift", side=40, bin=3)
K, R, S = 9, 5, 5  # 3 * 3 channels over 40 / 8 cells a side


def parts(**changes: Any) -> Parts:
    named: dict[str, dict[str, Any]] = {
        "representations": {"hog": HOG, "dsift": DSIFT},
        "priors": {"default": PriorSettings(lambda_tv=0.05), "none": PriorSettings()},
        "solvers": {
            "fast": FastSettings(kind="fast", steps=12),
            "paper": PaperSettings(kind="paper"),
        },
    }
    named = {kind: {**named[kind], **changes.get(kind, {})} for kind in named}
    return Parts(**named, names={kind: [*found] for kind, found in named.items()})


def expanded(chosen: Parts | None = None, **keys: Any) -> list[Cell | Mistake]:
    entry = TypeAdapter(GridEntry).validate_python({"representation": "hog", **keys})
    return cells(entry, chosen or parts(), "grid[3]")


def cell(**keys: Any) -> Cell:
    (found,) = expanded(**keys)
    assert isinstance(found, Cell)
    return found


def resolved_prior(prior: PriorSettings, settings: Any = HOG) -> Prior:
    chosen = parts(priors={"p": prior}, representations={"r": settings})
    return cell(chosen=chosen, representation="r", prior="p").weights


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
    found = expanded(**keys)
    assert len(found) == len(set(found)) == 2 * 3 * 2 * 2 * 2
    labels = [item.label for item in found]
    assert labels[0] == "hog / hog / all / all / default / fast"
    assert labels[1] == "hog / hog / all / all / default / paper"
    assert labels[-1] == "dsift / dsift / 1 / centre 1 / none / paper"


def test_layers_may_be_named_or_all():
    assert expanded(layers=["hog"]) == expanded(layers="all") == expanded()


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
    found = cell(channels=channels)
    assert (found.channels, found.region) == (name, "all")
    assert found.selection == Selection(indices, None)


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
    found = cell(region=region)
    assert (found.channels, found.region) == ("all", name)
    assert found.selection == Selection(None, window)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("representation", "hogg", "must be one of hog, dsift"),
        ("prior", "n", "must be one of default, none"),
        ("solver", "f", "must be one of fast, paper"),
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
    good = {"representation": "hog", "prior": "none", "solver": "fast", "layers": "hog"}
    found = expanded(**{key: [good.get(key, "all"), value]})
    (mistake,) = [item for item in found if isinstance(item, Mistake)]
    place = "[1]" if key in ("channels", "region") else ""
    assert (mistake.path, mistake.found) == (f"grid[3].{key}{place}", repr(value))
    assert text in mistake.text
    assert sum(isinstance(item, Cell) for item in found) == 1


def test_an_impossible_selection_is_told_once_and_the_others_are_kept():
    found = expanded(channels=[[9], [0]], region=["all", {"centre": 1}])
    kept = [(item.channels, item.region) for item in found if isinstance(item, Cell)]
    assert kept == [("0", "all"), ("0", "centre 1")]
    assert sum(isinstance(item, Mistake) for item in found) == 1


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (HogSettings(kind="hog", side=16, cell=16), "two cells of 16 pixels"),
        (DsiftSettings(kind="dsift", side=32, bin=8), "a descriptor of 4x4 cells of 8"),
        (DsiftSettings(kind="dsift", bin=1), "`bin` must be at least 2 pixels, got 1"),
    ],
)
def test_a_representation_that_gives_no_code_is_told_and_left_out(settings, text):
    good, (mistake,) = buildable(parts(representations={"poor": settings}))
    assert list(good.representations) == ["hog", "dsift"]
    assert mistake.path == "representations.poor"
    assert text in mistake.text
    # Its name is known: a grid entry that uses it has no mistake of its own.
    assert expanded(good, representation="poor") == []


# CaffeNet ---------------------------------------------------------------------------

NETWORK = CaffenetSettings(kind="caffenet", weights="random")


def network_cells(**keys: Any) -> list[Cell | Mistake]:
    chosen = parts(representations={"network": NETWORK})
    return expanded(chosen, representation="network", **keys)


def test_all_layers_of_a_network_are_twenty_cells():
    found = network_cells()
    assert [cell.layer for cell in found if isinstance(cell, Cell)] == list(LAYERS)


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
    (found,) = network_cells(layers="conv1", channels=channels)
    assert isinstance(found, Cell)
    assert (found.channels, found.selection) == (name, selection)


def test_a_share_of_the_image_becomes_a_window():
    (found,) = network_cells(layers="norm1", region={"share": 0.2})
    assert isinstance(found, Cell)
    # Cells of norm1 see 9 pixels, 4 apart: 5 of them see 25, 6 see 29 of 64.
    assert (found.region, found.selection.window) == ("share 0.2", (5, 10, 5, 10))


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
    (found,) = network_cells(**{"layers": "conv1", **keys})
    assert isinstance(found, Mistake)
    assert text in found.text


def test_the_paper_s_schedules_for_networks():
    whole, region = (
        network_cells(layers="norm1", solver="paper", region=region)[0]
        for region in ("all", {"centre": 5})
    )
    assert isinstance(whole, Cell)
    assert isinstance(region, Cell)
    assert whole.choice.schedule == SCHEDULES["cnn"]
    assert region.choice.schedule == SCHEDULES["region"]
