"""Lines that are told apart by more than colour; numbers as JSON has them."""

import math

import pandas as pd

from stages.page.charts.plotting import COLOURS, line_encodings, rows
from stages.page.charts.style import GREY


def lines(n, m):
    kinds = [("pre-images", f"line {i}") for i in range(n)]
    kinds += [("null", f"null {i}") for i in range(m)]
    return pd.DataFrame(kinds, columns=["kind", "line"])


def scale(channel, n, m):
    return line_encodings(lines(n, m))[channel].to_dict()["scale"]


def test_nulls_are_grey_and_each_line_has_its_colour():
    assert scale("color", 2, 2)["range"] == [*COLOURS[:2], GREY, GREY]
    assert scale("color", 2, 1)["domain"] == ["line 0", "line 1", "null 0"]


def test_a_seventh_line_differs_from_the_first_by_its_dashes():
    colours, dashes = (scale(c, 7, 1)["range"] for c in ("color", "strokeDash"))
    assert colours[6] == colours[0]
    assert dashes[6] != dashes[0]


def test_shapes_and_dashes_tell_apart_what_colour_does_not():
    for n, m in ((6, 4), (12, 3)):
        channels = [scale(c, n, m)["range"] for c in ("color", "shape", "strokeDash")]
        told = [f"{one}" for one in zip(*channels, strict=True)]
        assert len(set(told)) == n + m


def test_numbers_that_are_not_finite_are_null():
    table = pd.DataFrame({"a": [1.5, math.nan, math.inf], "b": ["x", "y", "z"]})
    assert [row["a"] for row in rows(table)] == [1.5, None, None]
