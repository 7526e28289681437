"""The contact sheet: every picture in its place, a missing one left blank."""

from PIL import Image

from stages.page.sheet import GAP, HEAD, SIDE, sheet

RED, GREY, WHITE = (255, 0, 0), (90, 90, 90), (255, 255, 255)


def centre(picture, row, column):
    step = SIDE + GAP
    x = GAP + column * step + SIDE // 2
    return picture.getpixel((x, HEAD + GAP + row * step + SIDE // 2))


def test_pictures_stand_in_their_rows_and_columns():
    red, grey = Image.new("RGB", (50, 40), RED), Image.new("L", (20, 20), 90)
    found = sheet([(red, {"hog": grey}), (red, {"dsift": grey})], ["hog", "dsift"])
    assert found.size == (3 * (SIDE + GAP) + GAP, HEAD + 2 * (SIDE + GAP) + GAP)
    assert [centre(found, 0, column) for column in range(3)] == [RED, GREY, WHITE]
    assert [centre(found, 1, column) for column in range(3)] == [RED, WHITE, GREY]


def test_columns_have_their_names():
    red = Image.new("RGB", (50, 40), RED)
    named, other = (sheet([(red, {})], [name]) for name in ("hog", "dsift"))
    head = (0, 0, named.width, HEAD)
    assert named.crop(head).tobytes() != other.crop(head).tobytes()
