"""A contact sheet: pictures below each other, what each code keeps of them beside."""

from collections.abc import Mapping, Sequence

from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from stages.images import Picture, square

SIDE, GAP, HEAD = 160, 8, 26
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


def sheet(
    rows: Sequence[tuple[Picture, Mapping[str, Picture]]], columns: Sequence[str]
) -> Picture:
    """Return a sheet with one row a picture: the original, then a column a code.

    Each row holds the original and its pre-images by column; a missing one stays blank.
    """
    width = (len(columns) + 1) * (SIDE + GAP) + GAP
    height = HEAD + len(rows) * (SIDE + GAP) + GAP
    paper = PillowImage.new("RGB", (width, height), _PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(15)
    for i, label in enumerate(["original", *columns]):
        draw.text((_edge(i), GAP), label, fill=_INK, font=font)
    for i, (original, preimages) in enumerate(rows):
        paper.paste(square(original, SIDE), (_edge(0), HEAD + _edge(i)))
        for j, column in enumerate(columns, start=1):
            if column in preimages:
                paper.paste(
                    square(preimages[column], SIDE), (_edge(j), HEAD + _edge(i))
                )
    return paper


def _edge(i: int) -> int:
    return GAP + i * (SIDE + GAP)
