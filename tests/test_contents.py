"""What the page says of a study: windows of pixels, notices, facts."""

import pandas as pd
import pytest

from stages import contents, store

LAYER = {"code_shape": [3, 2, 2]}
LAYER |= {"geometry": {"stride": 8, "receptive_field": 12, "offset": -2}}
STATISTICS = {"hog": {"layers": {"hog": LAYER}}}


def table(*rows):
    names = ["representation", "layer", "region", "window"]
    return pd.DataFrame(rows, columns=names)


def test_a_region_s_field_is_what_its_cells_see_inside_the_image():
    rows = table(
        ("hog", "hog", "all", None),
        ("hog", "hog", "centre 1", [1, 2, 0, 1]),
        ("hog", "hog", "centre 1", [1, 2, 0, 1]),
    )
    # Cells of stride 8 and size 12 from -2 on, clipped to 16 pixels: the second row
    # sees 6 to 17, the first column -2 to 9.
    assert contents.fields(rows, STATISTICS, {"hog": 16}) == [
        ("hog", "hog", "all", [0, 16, 0, 16]),
        ("hog", "hog", "centre 1", [6, 16, 0, 10]),
    ]


def test_a_layer_without_statistics_has_no_field():
    rows = table(("hog", "gone", "all", None), ("gone", "hog", "all", None))
    assert contents.fields(rows, STATISTICS, {"hog": 16}) == []


@pytest.mark.parametrize(("status", "n"), [("fetched", 0), ("unreachable", 1)])
def test_a_trunk_that_is_missing_is_a_notice_with_the_line_that_gets_it(
    tmp_path, monkeypatch, status, n
):
    monkeypatch.chdir(tmp_path)
    store.write_json(
        store.WEIGHTS_MANIFEST, {"trunks": {"squeeze": {"status": status}}}
    )
    notices = contents._notices()
    assert len(notices) == n
    assert all("dvc repro -f fetch && dvc repro" in text for text in notices)
