"""What the report must know of the params, and no more."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ReportInputs:
    """The page's title and size, and what the representations' names mean.

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
