"""Params of the fetch stage: pictures, LPIPS, the weights of networks."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field
from pydantic_core import InitErrorDetails, PydanticCustomError

from stages.params.checks import Part, listed, pairs
from stages.params.numbers import Count, Sha256, Side


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


class _Renamed(Part):
    """A section some of whose keys and words once had other names, which are told."""

    once: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def _with_hint(cls, line: Any) -> InitErrorDetails:
        key = ".".join(map(str, line["loc"]))
        if line["type"] == "extra_forbidden" and key in cls.once:
            return InitErrorDetails(
                type=_now_called(cls.once[key]), loc=line["loc"], input=line["input"]
            )
        return super()._with_hint(line)


def _now_called(name: str) -> PydanticCustomError:
    return PydanticCustomError("renamed", "is now called {name}", {"name": name})


def _not_judge(value: Any) -> Any:
    """Refuse what `skip` was once called."""
    if value == "judge":
        raise _now_called("skip")
    return value


IfUnreachable = Annotated[Literal["skip", "error"], BeforeValidator(_not_judge)]
Mirrors = Annotated[
    list[Annotated[str, Field(pattern="^https?://")]], BeforeValidator(listed)
]

Backbone = Literal["squeeze", "alex", "vgg"]
# The smallest sides of images of `stages.metrics.perceptual` (tested); not imported
# either, so that no stage before the scores depends on LPIPS.
BACKBONE_SIDES: dict[Backbone, int] = {"squeeze": 17, "alex": 31, "vgg": 16}


def _each_once(names: list[Backbone]) -> list[Backbone]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("repeated", "must name each backbone once")
    return names


class LpipsSettings(_Renamed):
    """The backbones of LPIPS, and what to do where the weights of one are unreachable.

    `skip` goes on without it: the judge's distance stands in. `mirrors` are addresses
    of folders with the files, tried after their own.
    """

    once = {"trunks": "backbones", "on_unreachable": "if_unreachable"}

    backbones: Annotated[
        list[Backbone], BeforeValidator(listed), AfterValidator(_each_once)
    ] = ["alex", "vgg"]
    if_unreachable: IfUnreachable = "skip"
    mirrors: Mirrors = []


class NetworkWeightsSettings(_Renamed):
    """What to do where a network's weights are unreachable, and other places for them.

    `skip` leaves out the representations whose weights cannot be had. `mirrors` are
    addresses of folders with the files, tried after their own.
    """

    once = {"on_unreachable": "if_unreachable"}

    if_unreachable: IfUnreachable = "error"
    mirrors: Mirrors = []


class FetchSettings(Part):
    """What the fetch stage gets; the networks' weights are named where they are."""

    images: PictureSettings
    lpips: LpipsSettings = LpipsSettings(backbones=[])
    networks: NetworkWeightsSettings = NetworkWeightsSettings()
