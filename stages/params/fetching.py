"""Params of the fetch stage: pictures, LPIPS, the weights of networks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field
from pydantic_core import PydanticCustomError

from stages.checks import Part, listed, pairs
from stages.kinds import Sha256, Side
from stages.params.numbers import Count


class _Pictures(Part):
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


class BuiltinPictures(_Pictures):
    """Photographs that ship inside scikit-image; no network."""

    source: Literal["builtin"]
    names: Annotated[list[Photograph], Field(min_length=1)]


class FolderPictures(_Pictures):
    """The user's own pictures in a folder, searched recursively."""

    source: Literal["folder"]
    path: str = "data/pictures"


class RemoteFile(Part):
    """A picture or an archive of pictures on the web, known by its sha256."""

    url: Annotated[str, Field(pattern="^https?://")]
    sha256: Sha256
    mirrors: list[Annotated[str, Field(pattern="^https?://")]] = []


class UrlPictures(_Pictures):
    """Pictures and archives of pictures, downloaded and verified."""

    source: Literal["url"]
    files: Annotated[list[RemoteFile], Field(min_length=1)]


class TorchvisionPictures(_Pictures):
    """A data set that torchvision knows by name, such as Imagenette."""

    source: Literal["torchvision"]
    dataset: str
    arguments: Annotated[
        dict[str, str | int | float | bool],
        BeforeValidator(lambda value: dict(pairs(value))),
    ] = {}
    sha256: dict[str, Sha256] = {}
    mirrors: dict[str, str] = {}


PictureSettings = Annotated[
    BuiltinPictures | FolderPictures | UrlPictures | TorchvisionPictures,
    Discriminator("source"),
]


Trunk = Literal["squeeze", "alex", "vgg"]
# The smallest sides of images of `stages.metrics.perceptual` (tested); not imported
# either, so that no stage before the scores depends on LPIPS.
TRUNK_SIDES: dict[Trunk, int] = {"squeeze": 17, "alex": 31, "vgg": 16}


def _each_once(names: list[Trunk]) -> list[Trunk]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("repeated", "must name each trunk once")
    return names


class LpipsSettings(Part):
    """The trunks that LPIPS is computed with, and what to do where one is unreachable.

    `mirrors` are addresses of folders with torchvision's files, tried after its own.
    """

    trunks: Annotated[list[Trunk], BeforeValidator(listed), AfterValidator(_each_once)]
    if_unreachable: Literal["judge", "error"] = "judge"
    mirrors: Annotated[
        list[Annotated[str, Field(pattern="^https?://")]], BeforeValidator(listed)
    ] = []


class NetworkWeightsSettings(Part):
    """What to do where a network's weights are unreachable, and other places for them.

    `skip` leaves out the representations whose weights cannot be had. `mirrors` are
    addresses of folders with the files, tried after their own.
    """

    on_unreachable: Literal["error", "skip"] = "error"
    mirrors: Annotated[
        list[Annotated[str, Field(pattern="^https?://")]], BeforeValidator(listed)
    ] = []


class FetchSettings(Part):
    """What the fetch stage gets; the networks' weights are named where they are."""

    images: PictureSettings
    lpips: LpipsSettings = LpipsSettings(trunks=[])
    networks: NetworkWeightsSettings = NetworkWeightsSettings()
