"""What a plate is: a sheet of pre-images with its words, for the page and as files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.page.plates.tiles import Window


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
    def spots(self) -> list[Spot]:
        """All places, row by row."""
        return [spot for _, spots in self.rows for spot in spots]
