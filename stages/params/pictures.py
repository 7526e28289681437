"""Where the study's pictures may come from: the sources, a row each.

Nothing is opened here: a row names the function that gives a source's pictures.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from stages.params.checks import Part, pairs, tagged
from stages.params.numbers import Count, Sha256, Side

if TYPE_CHECKING:
    from stages.sources.candidate import Source


class Pictures(Part):
    """What the settings of every source have.

    `limit` is how many good pictures to take, None for all; `side` that of the square
    which is cut out of each, in pixels, None for pictures as they are.
    """

    source: str
    limit: Count | None = None
    side: Side | None = 256


# The keys of `stages.sources.builtin.PHOTOGRAPHS` (tested): importing them here would
# make every stage depend on every source.
Photograph = Literal[
    "astronaut",
    "chelsea",
    "coffee",
    "rocket",
    "hubble_deep_field",
    "camera",
    "brick",
    "clock",
    "coins",
    "grass",
    "gravel",
    "retina",
]


class BuiltinPictures(Pictures):
    """Photographs that ship inside scikit-image; no network."""

    source: Literal["builtin"]
    names: Annotated[list[Photograph], Field(min_length=1)]


class FolderPictures(Pictures):
    """The user's own pictures in a folder, searched recursively."""

    source: Literal["folder"]
    path: str = "data/pictures"


class RemoteFile(Part):
    """A picture or an archive of pictures on the web, known by its sha256."""

    url: Annotated[str, Field(pattern="^https?://")]
    sha256: Sha256
    mirrors: list[Annotated[str, Field(pattern="^https?://")]] = []


class UrlPictures(Pictures):
    """Pictures and archives of pictures, downloaded and verified."""

    source: Literal["url"]
    files: Annotated[list[RemoteFile], Field(min_length=1)]


class TorchvisionPictures(Pictures):
    """A data set that torchvision knows by name, such as Imagenette."""

    source: Literal["torchvision"]
    dataset: str
    arguments: Annotated[
        dict[str, str | int | float | bool],
        BeforeValidator(lambda value: dict(pairs(value))),
    ] = {}
    sha256: dict[str, Sha256] = {}
    mirrors: dict[str, str] = {}


@dataclass(frozen=True)
class PictureSource:
    """A source: the settings that params give, and what gives its pictures.

    `pictures` is the function to import, `module:function`: a context manager that
    gives a sequence of `stages.sources.candidate.Candidate`. Its arguments are fields
    of the settings, by name, and `downloads`, the folder for what is downloaded.
    """

    settings: type[Pictures]
    pictures: str

    def load(self) -> "Source":
        """Return the function; imports its module."""
        module, _, name = self.pictures.partition(":")
        function: Source = getattr(import_module(module), name)
        return function


SOURCES: dict[str, PictureSource] = {
    "builtin": PictureSource(BuiltinPictures, "stages.sources.builtin:pictures"),
    "folder": PictureSource(FolderPictures, "stages.sources.folder:pictures"),
    "url": PictureSource(UrlPictures, "stages.sources.url:pictures"),
    "torchvision": PictureSource(
        TorchvisionPictures, "stages.sources.torchvision_dataset:pictures"
    ),
}

PictureSettings = Annotated[
    Pictures, tagged("source", lambda source: SOURCES[source].settings, SOURCES)
]
