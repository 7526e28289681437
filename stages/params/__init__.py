"""The params of a study: every key that params.yaml may hold, its type and range.

`stages.settings` loads and checks them, `stages.grid` expands them. Settings are
frozen; a key that is not named here, a wrong type, a NaN or an infinity is a mistake,
never ignored.

No key may be called `size` or `nfiles` (tested): DVC's run cache leaves such keys out
when it compares params, and would hand back the outputs of another size.
"""

from typing import Annotated, Literal

from pydantic import Field

from stages.checks import Part, must_be
from stages.kinds import RepresentationSettings
from stages.params.fetching import (
    BACKBONE_SIDES,
    Backbone,
    BuiltinPictures,
    FetchSettings,
    FolderPictures,
    LpipsSettings,
    NetworkWeightsSettings,
    PictureSettings,
    RemoteFile,
    TorchvisionPictures,
    UrlPictures,
)
from stages.params.grid import GridEntry
from stages.params.methods import (
    ByDepth,
    FastSettings,
    PaperSettings,
    PriorSettings,
    SolverSettings,
)
from stages.params.numbers import Count, Name
from stages.params.selections import (
    Centre,
    ChannelChoice,
    Orientations,
    RandomChannels,
    RegionChoice,
    Share,
    Tokens,
    TopChannels,
    Window,
)

__all__ = [
    "BACKBONE_SIDES",
    "Backbone",
    "BuiltinPictures",
    "ByDepth",
    "Centre",
    "ChannelChoice",
    "ExecutionSettings",
    "FastSettings",
    "FetchSettings",
    "FolderPictures",
    "GridEntry",
    "LpipsSettings",
    "NetworkWeightsSettings",
    "Orientations",
    "PaperSettings",
    "PictureSettings",
    "PriorSettings",
    "RandomChannels",
    "RegionChoice",
    "RemoteFile",
    "ReportSettings",
    "Share",
    "SolverSettings",
    "Study",
    "Tokens",
    "TopChannels",
    "TorchvisionPictures",
    "UrlPictures",
    "Window",
]


class ExecutionSettings(Part):
    """Where jobs run, how many share a batch, and how many processes the batches.

    `processes: auto` is one a core of a CPU, and one for a GPU. With `targets:
    recompute` no codes are stored; they are computed whenever they are needed.
    `precision: bfloat16` lets `fast` compute networks in it until the last tenth of its
    steps, which are in float32, as all else is.
    """

    device: Annotated[
        str,
        Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$"),
        must_be("auto, cpu, cuda or cuda:1"),
    ] = "auto"
    width: Annotated[
        Count | Literal["auto"], must_be("auto or a number of at least 1")
    ] = "auto"
    processes: Annotated[
        Count | Literal["auto"], must_be("auto or a number of at least 1")
    ] = "auto"
    targets: Literal["store", "recompute"] = "store"
    precision: Literal["float32", "bfloat16"] = "float32"


class ReportSettings(Part):
    """What the report is called and how many pictures its gallery shows."""

    title: str = "What image representations keep"
    pictures: Count = 12


class Study(Part):
    """All of params.yaml."""

    fetch: FetchSettings
    representations: Annotated[dict[Name, RepresentationSettings], Field(min_length=1)]
    priors: Annotated[dict[Name, PriorSettings], Field(min_length=1)]
    solvers: Annotated[dict[Name, SolverSettings], Field(min_length=1)]
    grid: Annotated[list[GridEntry], Field(min_length=1)]
    # Required, though all of their keys have defaults: DVC looks for the sections.
    execution: ExecutionSettings
    report: ReportSettings
