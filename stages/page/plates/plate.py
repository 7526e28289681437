"""What a plate is: a sheet of pre-images with its words, for the page and as files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.page.plates.tiles import Window

# On paper, in millimetres: sides that pictures may have (each has its rule in
# `styles/print.css`), what A4 leaves of a page below title and above caption, the names
# of the rows, and what stands between the pictures.
_PRINTED = (16, 20, 24, 28, 32, 36, 40)
_SHORT = 28
_PAGE, _NAME, _BETWEEN = (182, 225), 26, (3, 9)


@dataclass(frozen=True)
class Spot:
    """A picture in its place: a job's (`key`), an original's, or none.

    `original` and `representation` tell an original and who saw it; `outline` is the
    window that a selection sees; `numbers` and `alt` are words about the picture.
    """

    key: str = ""
    original: str = ""
    representation: str = ""
    alt: str = ""
    numbers: str = ""
    outline: Window | None = None


@dataclass(frozen=True)
class Plate:
    """A sheet: names of the columns, rows of spots, a title and a caption.

    `view` are the filters of the gallery that show all that the sheet is drawn from.
    """

    name: str
    title: str
    caption: str
    columns: list[str]
    rows: list[tuple[str, list[Spot]]]
    view: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def printed(self) -> int:
        """The side of a picture in millimetres, so that the sheet fills a page.

        A sheet of a row or two has smaller ones, so that it finds room on another's.
        """
        across = (_PAGE[0] - _NAME) / max(1, len(self.columns)) - _BETWEEN[0]
        down = _PAGE[1] / max(1, len(self.rows)) - _BETWEEN[1]
        most = min(across, down, _SHORT if len(self.rows) <= 2 else down)
        return max((s for s in _PRINTED if s <= most), default=_PRINTED[0])

    @property
    def spots(self) -> list[Spot]:
        """All places, row by row."""
        return [spot for _, spots in self.rows for spot in spots]
