"""How large the pictures of a sheet are on paper."""

import re
from pathlib import Path

import stages.page
from stages.page.plates.plate import Plate, Spot


def sheet(n_rows, n_columns):
    rows = [(f"{i}", [Spot()] * n_columns) for i in range(n_rows)]
    return Plate("plate-1", "", "", [f"{i}" for i in range(n_columns)], rows)


def test_pictures_are_as_large_as_the_page_allows():
    # 225 mm for six rows, each with 9 mm of words: 28.5; for seven columns of the 156
    # mm beside the names, 3 mm apart: 19.3.
    assert sheet(6, 4).printed == 28
    assert sheet(4, 7).printed == 16
    assert sheet(3, 3).printed == 40


def test_a_sheet_of_one_row_finds_room_on_another_s_page():
    assert sheet(1, 3).printed == sheet(2, 3).printed == 28


def test_each_size_has_its_rule_on_paper():
    css = (Path(stages.page.__file__).parent / "styles/print.css").read_text()
    for side in {sheet(n, m).printed for n in range(1, 20) for m in range(1, 20)}:
        assert re.search(rf"\.print-{side} {{ --side: {side}mm; }}", css), side
