"""Sheets: every picture in its place, in both forms; outlines by hand."""

import base64
import io
import re
from xml.etree import ElementTree

from PIL import Image

from stages.page.plates.tiles import (
    GAP,
    HEAD,
    LEFT,
    SIDE,
    Sheet,
    Tile,
    as_picture,
    as_svg,
)

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
SVG = "{http://www.w3.org/2000/svg}"


def plain(colour):
    return Image.new("RGB", (50, 40), colour)


def sheet(outline=None, name="row"):
    tiles = [Tile(plain(RED), outline), Tile(None), Tile(plain(BLUE))]
    return Sheet(["a", "b", "c"], [(name, tiles)])


def corner(column):
    return LEFT + GAP + column * (SIDE + GAP), HEAD + GAP


def test_pictures_stand_in_their_columns_and_blanks_stay_blank():
    found = as_picture(sheet())
    middles = [(x + SIDE // 2, y + SIDE // 2) for x, y in map(corner, range(3))]
    assert [found.getpixel(place) for place in middles] == [RED, WHITE, BLUE]
    assert found.size == (LEFT + 3 * (SIDE + GAP) + GAP, HEAD + SIDE + 2 * GAP)


def test_the_svg_has_the_same_places_and_the_pictures_own_pixels():
    root = ElementTree.fromstring(as_svg(sheet()))
    found = root.findall(f"{SVG}image")
    places = [(int(one.get("x")), int(one.get("y"))) for one in found]
    assert places == [corner(0), corner(2)]
    data = found[0].get("href").removeprefix("data:image/png;base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert picture.size == (50, 40)
    assert picture.getpixel((0, 0)) == RED


def test_the_receptive_field_is_outlined_where_it_is():
    found = as_picture(sheet((0.25, 0.5, 0.0, 1.0)))
    x, y = corner(0)
    # Rows 0.25 to 0.5 of 127 pixels are 32 to 64.
    orange = (0xD5, 0x5E, 0x00)
    assert found.getpixel((x + 60, y + 32)) == orange
    assert found.getpixel((x + 60, y + 64)) == orange
    assert found.getpixel((x + 60, y + 48)) == RED
    (box,) = re.findall(
        r'<rect x="(\d+)" y="(\d+)" [^>]*height="(\d+)" fill="none"',
        as_svg(sheet((0.25, 0.5, 0.0, 1.0))),
    )
    assert [int(v) for v in box] == [x, y + 32, 32]


def test_names_are_escaped_and_shortened():
    svg = as_svg(sheet(name="<b>&" + "w" * 80))
    assert "&lt;b&gt;&amp;" in svg
    assert "..." in svg
    ElementTree.fromstring(svg)
    named, other = (as_picture(sheet(name=name)).tobytes() for name in ("x", "y"))
    assert named != other


def test_a_sheet_without_rows_is_no_trouble():
    assert as_picture(Sheet([], [])).size == (LEFT + GAP, HEAD + GAP)
    ElementTree.fromstring(as_svg(Sheet([], [])))
