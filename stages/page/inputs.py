"""What the report must know of the params, and no more."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """An entry of the grid, in the words that its cells have in the scores.

    `layers` are names or patterns such as `relu*`; `images` the names of pictures, how
    many of the first ones, or None for all. `title` may be empty.
    """

    title: str
    representations: tuple[str, ...]
    layers: tuple[str, ...]
    channels: tuple[str, ...]
    regions: tuple[str, ...]
    priors: tuple[str, ...]
    solvers: tuple[str, ...]
    seeds: tuple[int, ...]
    images: tuple[str, ...] | int | None = None


@dataclass(frozen=True)
class ReportInputs:
    """The page's title and size, what the representations' names mean, the grid.

    `pictures` is how many pictures' thumbnails are inside the page at most. `sides`
    gives the side of each representation's images in pixels, `untrained` the random
    twin of each trained network that has one, `descriptors` the first names that the
    words hog, hogb and dsift have in this study.
    """

    title: str
    pictures: int
    sides: Mapping[str, int]
    untrained: Mapping[str, str]
    descriptors: Mapping[str, str]
    grid: tuple[Entry, ...] = ()
