"""Dots in their places, by hand."""

from stages.page.findings.strip import EDGE, HEIGHT, LABELS, strip


def test_the_largest_is_on_top_and_the_smallest_below():
    drawn = strip([(30.0, 10.0), (20.0, None)])
    first, second = drawn.places
    assert (first.value, first.null) == (EDGE, HEIGHT - EDGE)
    # Half way between 10 and 30; no null.
    assert (second.value, second.null) == (HEIGHT / 2, None)
    assert (drawn.top, drawn.bottom) == ("30.0", "10.0")
    # The widest step is 22 pixels.
    assert [first.x, second.x] == [LABELS + 11, LABELS + 33]


def test_equal_values_and_none_have_a_place():
    assert strip([(1.0, 1.0)]).places[0].value == HEIGHT / 2
    assert strip([]).places == []


def test_many_pictures_are_drawn_closer():
    few, many = strip([(1.0, 0.0)] * 10), strip([(1.0, 0.0)] * 200)
    assert many.radius < few.radius
    assert many.width < 700
