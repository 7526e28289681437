"""The tables of the page."""

from stages.page import tables, wording


def test_errors_are_written_in_their_units(score, table):
    scores = table(
        score(0.5, psnr=20.0, ssim=0.5, diversity=3.25),
        score(0.7, psnr=22.0, ssim=0.7, diversity=3.25),
    )
    (block,) = tables.error_blocks(scores)
    assert (block.heading, block.details) == ("hog", "")
    (line,) = block.lines
    assert (line.name, line.n, line.is_floor) == (
        "prior default, solver fast",
        2,
        False,
    )
    values = dict(
        zip((c.metric for c in tables.table_columns()), line.values, strict=True)
    )
    # Mean of 50 and 70 % is 60; deviation sqrt(2 * 10^2 / 1) = 14.1.
    assert values["relative_error_8bit"] == "60.0 ± 14.1"
    assert values["psnr"] == "21.0 ± 1.4"
    assert values["ssim"] == "0.60 ± 0.14"
    assert values["diversity"] == "3.2 ± 0.0"


def test_floors_stand_under_the_cells_of_their_selection(score, table):
    floor = {"kind": "baseline", "prior": "none", "solver": "none"}
    scores = table(
        score(),
        score(region="centre 5", channels="first-half"),
        score(**floor, baseline="mean-grey"),
        score(**floor, baseline="mean-grey", region="centre 5", channels="first-half"),
    )
    whole, part = tables.error_blocks(scores)
    assert (whole.details, part.details) == ("", "channels first-half, region centre 5")
    for block in (whole, part):
        assert [line.is_floor for line in block.lines] == [False, True]
        assert block.lines[1].name == "mean-grey"


def test_layers_are_named_where_there_are_several(score, table):
    blocks = tables.error_blocks(table(score(layer="conv1"), score(layer="fc8")))
    assert [block.details for block in blocks] == ["layer conv1", "layer fc8"]


def test_codes_are_described_by_size_and_geometry():
    values = {
        "code_shape": [27, 16, 16],
        "n_pictures": 6,
        "mean_distance": 12.2824,
        "mean_squared_distance": 150.0,
        "geometry": {"stride": 8, "receptive_field": 34, "offset": -13},
    }
    (line,) = tables.code_lines({"hog": {"mean_norm": 1.0, "layers": {"hog": values}}})
    assert line == [
        "hog",
        "hog",
        wording.sides(27, 16, 16),
        "6,912",
        "34",
        "8",
        "12.282",
        "6",
    ]
    values |= {"n_pictures": 1, "mean_distance": None}
    (line,) = tables.code_lines({"hog": {"mean_norm": 1.0, "layers": {"hog": values}}})
    assert line[-2:] == [wording.MISSING, wording.MISSING]
