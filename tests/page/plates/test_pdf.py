"""Sheets as PDF: one page, every object where the table says, pictures and words."""

import re
import zlib

from PIL import Image

from stages.page.plates.pdf import as_pdf
from stages.page.plates.tiles import GAP, HEAD, LEFT, SIDE, Sheet, Tile

RED, GREY = Image.new("RGB", (50, 40), (255, 0, 0)), Image.new("L", (30, 30), 77)


def sheet(name="row"):
    tiles = [Tile(RED, (0.25, 0.5, 0.0, 1.0)), Tile(None), Tile(GREY)]
    return Sheet(["a", "b", "c"], [(name, tiles)])


def objects(data):
    """Return what lies where the table of the file says that objects begin."""
    begin = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])
    rows = re.findall(rb"(\d{10}) 00000 n \n", data[begin:])
    found = [data[int(row) :] for row in rows]
    for number, one in enumerate(found, 1):
        assert one.startswith(b"%d 0 obj\n" % number)
    return [one[: one.index(b"endobj")] for one in found]


def content(one):
    """Return the bytes of a stream; its length must be the one it states."""
    data = one.partition(b"stream\n")[2].removesuffix(b"\nendstream\n")
    assert int(re.search(rb"/Length (\d+)", one)[1]) == len(data)
    return zlib.decompress(data)


def test_the_page_has_the_size_of_the_sheet():
    page = objects(as_pdf(sheet()))[2]
    width, height = LEFT + 3 * (SIDE + GAP) + GAP, HEAD + SIDE + 2 * GAP
    assert b"/MediaBox [0 0 %d %d]" % (width, height) in page
    assert b"/P0 6 0 R /P1 7 0 R" in page


def test_pictures_are_inside_in_their_own_pixels_cut_to_squares():
    *_, red, grey = objects(as_pdf(sheet()))
    assert b"/Width 40 /Height 40 /ColorSpace /DeviceRGB" in red
    assert content(red) == bytes((255, 0, 0)) * 40 * 40
    assert b"/ColorSpace /DeviceGray" in grey
    assert content(grey) == bytes([77]) * 30 * 30


def test_each_stands_in_its_column_and_the_window_is_outlined():
    drawn = content(objects(as_pdf(sheet()))[3]).decode("cp1252")
    places = re.findall(r"q 128 0 0 128 (\d+) (\d+) cm /P(\d) Do Q", drawn)
    # From below: the gap under the only row.
    columns = [LEFT + GAP + column * (SIDE + GAP) for column in (0, 2)]
    assert places == [(str(columns[0]), "6", "0"), (str(columns[1]), "6", "1")]
    # Rows 0.25 to 0.5 of 127 pixels are 32 to 64 from the top of 128.
    assert f"2 w {columns[0]} {6 + 128 - 64} 127 32 re S" in drawn


def test_words_are_text_escaped_and_in_letters_that_the_font_has():
    drawn = content(objects(as_pdf(sheet(r"a (b) \ é 字")))[3]).decode("cp1252")
    assert r"(a \(b\) \\ é ?) Tj" in drawn


def test_the_same_sheet_is_the_same_bytes():
    assert as_pdf(sheet()) == as_pdf(sheet())
