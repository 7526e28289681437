"""Sheets of pictures in rows and columns, as PNG and as SVG (as PDF: `pdf`).

The same layout is drawn twice: as PNG by Pillow, and as SVG with the pictures inside.
Lengths are pixels. Labels of the PNG are in Pillow's own font, so that the same
pictures give the same bytes on every machine.
"""

import base64
from dataclasses import dataclass
from xml.sax.saxutils import escape

from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from stages.page.pictures.picture import Picture, encoded, square

SIDE, GAP, HEAD, LEFT = 128, 6, 22, 190
LABEL, _INK, _PAPER, OUTLINE = 14, "#333333", "#ffffff", "#D55E00"

# First row, end row, first column, end column of a picture, as shares of its side.
Window = tuple[float, float, float, float]


@dataclass(frozen=True)
class Tile:
    """A picture in its place, or a blank; perhaps with a window outlined."""

    picture: Picture | None
    outline: Window | None = None


@dataclass(frozen=True)
class Sheet:
    """Rows of tiles under the names of the columns, beside the names of the rows."""

    columns: list[str]
    rows: list[tuple[str, list[Tile]]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        across, down = len(self.columns), len(self.rows)
        return LEFT + across * (SIDE + GAP) + GAP, HEAD + down * (SIDE + GAP) + GAP


def place(row: int, column: int) -> tuple[int, int]:
    """Return the upper left corner of a tile."""
    return LEFT + GAP + column * (SIDE + GAP), HEAD + GAP + row * (SIDE + GAP)


def text_base(column: int) -> tuple[int, int]:
    """Return where the name of a column begins, on its base line."""
    left, top = place(0, column)
    return left, top - GAP - 3


def row_label(row: int) -> tuple[int, int]:
    """Return where the name of a row begins, on its base line."""
    return 4, place(row, 0)[1] + SIDE // 2 + 4


def corners(at: tuple[int, int], window: Window) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the outline, inside the tile."""
    top, bottom, left, right = (round(min(1, max(0, v)) * (SIDE - 1)) for v in window)
    return at[0] + left, at[1] + top, at[0] + right, at[1] + bottom


def as_picture(sheet: Sheet) -> Picture:
    """Return the sheet drawn by Pillow."""
    paper = PillowImage.new("RGB", sheet.size, _PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(LABEL)
    for j, name in enumerate(sheet.columns):
        left, top = place(0, j)
        draw.text((left, top - GAP - 17), fitting(name, SIDE), fill=_INK, font=font)
    for i, (name, tiles) in enumerate(sheet.rows):
        left, top = 4, place(i, 0)[1] + SIDE // 2 - 9
        draw.text((left, top), fitting(name), fill=_INK, font=font)
        for j, tile in enumerate(tiles):
            _paste(paper, draw, tile, place(i, j))
    return paper


def _paste(
    paper: Picture, draw: ImageDraw.ImageDraw, tile: Tile, at: tuple[int, int]
) -> None:
    if tile.picture is not None:
        paper.paste(square(tile.picture, SIDE).convert("RGB"), at)
    if tile.outline is not None:
        draw.rectangle(corners(at, tile.outline), outline=OUTLINE, width=2)


def fitting(name: str, width: int = LEFT - 8) -> str:
    """Return the name, shortened to fit: by default, before a row."""
    font = ImageFont.load_default(LABEL)
    if font.getlength(name) <= width:
        return name
    while name and font.getlength(f"{name}...") > width:
        name = name[:-1]
    return f"{name}..."


def as_svg(sheet: Sheet) -> str:
    """Return the sheet as SVG, the pictures inside it as PNG in their own size."""
    width, height = sheet.size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif" '
        f'font-size="{LABEL}" fill="{_INK}">',
        f'<rect width="{width}" height="{height}" fill="{_PAPER}"/>',
    ]
    for j, name in enumerate(sheet.columns):
        parts.append(_text(*text_base(j), fitting(name, SIDE)))
    for i, (name, tiles) in enumerate(sheet.rows):
        parts.append(_text(*row_label(i), fitting(name)))
        parts += [_tile(tile, place(i, j)) for j, tile in enumerate(tiles)]
    return "\n".join([*filter(None, parts), "</svg>\n"])


def _text(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}">{escape(text)}</text>'


def _tile(tile: Tile, at: tuple[int, int]) -> str:
    x, y = at
    drawn = ""
    if tile.picture is not None:
        uri = (
            f"data:image/png;base64,{base64.b64encode(encoded(tile.picture)).decode()}"
        )
        box = f'x="{x}" y="{y}" width="{SIDE}" height="{SIDE}"'
        drawn = f'<image {box} preserveAspectRatio="xMidYMid slice" href="{uri}"/>'
    if tile.outline is not None:
        left, top, right, bottom = corners(at, tile.outline)
        box = f'x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"'
        drawn += f'<rect {box} fill="none" stroke="{OUTLINE}" stroke-width="2"/>'
    return drawn
