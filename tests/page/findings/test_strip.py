"""Dots in their places, by hand."""

import pytest

from stages.page.findings.strip import EDGE, NAMES, WIDTH, strip, ticks


def test_the_smallest_is_at_the_left_and_the_largest_at_the_right():
    drawn = strip([("cat", 30.0, 10.0), ("dog", 20.0, None)], "dB")
    first, second = drawn.places
    # Ticks every 5 from 10 to 30: the scale's ends.
    assert [text for _, text in drawn.ticks] == ["10", "15", "20", "25", "30"]
    assert (first.value, first.null) == (NAMES + WIDTH, NAMES)
    # Half way between 10 and 30; no null.
    assert (second.value, second.null) == (NAMES + WIDTH / 2, None)
    # A line of 22 pixels each.
    assert [first.y, second.y] == [EDGE + 11, EDGE + 33]
    assert [place.name for place in drawn.places] == ["cat", "dog"]
    assert drawn.unit == "dB"


def test_equal_values_and_none_have_a_place():
    assert strip([("cat", 1.0, 1.0)]).places[0].value == NAMES + WIDTH / 2
    assert strip([]).places == []


def test_many_pictures_are_drawn_closer_and_without_names():
    few = strip([("cat", 1.0, 0.0)] * 10)
    many = strip([("cat", 1.0, 0.0)] * 200)
    assert many.radius < few.radius
    assert many.height < 500
    assert {place.name for place in many.places} == {""}


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0.4, 1.2, [0.4, 0.6, 0.8, 1.0, 1.2]),
        (12.5, 41.4, [10, 20, 30, 40, 50]),
        (-3.0, 2.0, [-4, -2, 0, 2]),
        (7.0, 7.0, [7.0]),
    ],
)
def test_ticks_are_round_and_span_the_values(low, high, marks):
    assert ticks(low, high) == pytest.approx(marks)
