"""A sheet as PDF, for papers: pictures in their own pixels, words as text.

Written by hand, as no date or chance may enter it: the same sheet gives the same bytes.
Structure and operators are those of ISO 32000-1 (PDF 1.4); the words are in Helvetica,
which every reader has, in Latin letters (Windows-1252), others as question marks.
Lengths are points, 72 an inch: a pixel of the sheet is one.
"""

import zlib
from collections.abc import Iterator

from stages.page.pictures.picture import Picture
from stages.page.plates.tiles import (
    LABEL,
    OUTLINE,
    SIDE,
    Sheet,
    Tile,
    corners,
    fitting,
    place,
    row_label,
    text_base,
)

# The first objects of a file: catalogue, pages, page, words of the page, font.
_FIRST_PICTURE = 6


def as_pdf(sheet: Sheet) -> bytes:
    """Return the sheet as a PDF file of one page."""
    width, height = sheet.size
    tiles = [tile for _, tiles in sheet.rows for tile in tiles if tile.picture]
    names = " ".join(f"/P{i} {_FIRST_PICTURE + i} 0 R" for i in range(len(tiles)))
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] "
        "/Contents 4 0 R /Resources << /Font << /F 5 0 R >> "
        f"/XObject << {names} >> >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page.encode("ascii"),
        _stream("", "\n".join(_drawn(sheet)).encode("cp1252", "replace")),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
        b"/Encoding /WinAnsiEncoding >>",
        *(_image(tile.picture) for tile in tiles if tile.picture),
    ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    """Return numbered objects with the table that says where each begins."""
    whole, starts = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        starts.append(len(whole))
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    rows = b"".join(b"%010d 00000 n \n" % start for start in starts)
    n = len(objects) + 1
    return whole + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (n, rows, n, len(whole))
    )


def _stream(entries: str, data: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    head = f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n"
    return head.encode("ascii") + packed + b"\nendstream"


def _image(picture: Picture) -> bytes:
    # A picture that is no square is cut, as on the other sheets.
    grey = picture.mode == "L"
    pixels = picture if grey else picture.convert("RGB")
    left, top = ((length - min(pixels.size)) // 2 for length in pixels.size)
    side = min(pixels.size)
    cut = pixels.crop((left, top, left + side, top + side))
    entries = (
        f"/Type /XObject /Subtype /Image /Width {side} /Height {side} "
        f"/ColorSpace /Device{'Gray' if grey else 'RGB'} /BitsPerComponent 8"
    )
    return _stream(entries, cut.tobytes())


def _drawn(sheet: Sheet) -> Iterator[str]:
    """Yield the operators that draw the sheet; rows of a page count from below."""
    height, n = sheet.size[1], 0
    for j, name in enumerate(sheet.columns):
        x, y = text_base(j)
        yield _text(x, height - y, fitting(name, SIDE))
    for i, (name, tiles) in enumerate(sheet.rows):
        x, y = row_label(i)
        yield _text(x, height - y, fitting(name))
        for j, tile in enumerate(tiles):
            x, y = place(i, j)
            if tile.picture is not None:
                yield f"q {SIDE} 0 0 {SIDE} {x} {height - y - SIDE} cm /P{n} Do Q"
                n += 1
            yield from _outline(tile, (x, y), height)


def _text(x: int, y: int, text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F {LABEL} Tf 0.2 g {x} {y} Td ({escaped}) Tj ET"


def _outline(tile: Tile, at: tuple[int, int], height: int) -> Iterator[str]:
    if tile.outline is not None:
        left, top, right, bottom = corners(at, tile.outline)
        red, green, blue = (int(OUTLINE[i : i + 2], 16) / 255 for i in (1, 3, 5))
        box = f"{left} {height - bottom} {right - left} {bottom - top}"
        yield f"{red:.3f} {green:.3f} {blue:.3f} RG 2 w {box} re S"
