"""The params of a study: every key that params.yaml may hold, its type and range.

`stages.settings` loads and checks them, `stages.grid` expands them. Settings are
frozen; a key that is not named here, a wrong type, a NaN or an infinity is a mistake,
never ignored.

No key may be called `size` or `nfiles` (tested): DVC's run cache leaves such keys out
when it compares params, and would hand back the outputs of another size.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from stages.checks import (
    Part,
    frozen_list,
    listed,
    listed_channels,
    listed_unless_all,
    must_be,
    pairs,
)
from stages.kinds import Index, RepresentationSettings, Sha256, Side

Positive = Annotated[float, Field(gt=0, le=1e9)]
Weight = Annotated[float, Field(ge=0, le=1e30)]
Count = Annotated[int, Field(ge=1, le=10**6)]
# Representations name files and folders; none may lead out of its own.
Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,63}$"),
    must_be("a name of up to 64 letters, digits, blanks, - and _"),
]


# fetch ------------------------------------------------------------------------------


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
    """The user's own JPEG, PNG and WebP files, searched recursively."""

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


# priors and solvers -----------------------------------------------------------------


class ByDepth(Part):
    """The paper's weights of TV by depth, times a factor."""

    by_depth: Annotated[Positive, Field(alias="by-depth")]


Thirds = Annotated[
    tuple[Weight, Weight, Weight],
    BeforeValidator(frozen_list),
]


class PriorSettings(Part):
    """Weights of the natural-image priors; left out: weight 0.

    `jitter` shifts what the representation sees, by so many pixels at most (auto: a
    quarter of the layer's stride). `ijcv` is the weight of the code in the priors of
    the journal extension, which come as a whole.
    """

    alpha: Annotated[float, Field(ge=1)] = 6.0
    lambda_alpha: Annotated[
        Weight | Literal["auto"], must_be("auto or a number of at least 0")
    ] = 0.0
    beta: Positive = 2.0
    lambda_tv: Annotated[
        Weight | Literal["by-depth"] | ByDepth | Thirds,
        must_be(
            "a number of at least 0, three of them (for thirds of the depth), "
            "by-depth or {by-depth: factor}"
        ),
    ] = 0.0
    jitter: Annotated[
        Annotated[int, Field(ge=0, le=64)] | Literal["auto"],
        must_be("auto or a number of pixels from 0 to 64"),
    ] = 0
    ijcv: Positive | None = None

    @model_validator(mode="after")
    def _ijcv_alone(self) -> "PriorSettings":
        others = self.model_fields_set - {"ijcv", "jitter"}
        if self.ijcv is not None and others:
            raise ValueError(
                "`ijcv` brings weights and exponents of its own; "
                f"take {', '.join(sorted(others))} away"
            )
        return self

    @model_validator(mode="after")
    def _auto_needs_six(self) -> "PriorSettings":
        if self.lambda_alpha == "auto" and self.alpha != 6:
            raise ValueError(
                "`lambda_alpha: auto` is the paper's weight for `alpha: 6`; "
                f"with `alpha: {self.alpha:g}` give a number"
            )
        return self


class FastSettings(Part):
    """Adam inside the pixel range, the default solver.

    `rate` is in grey levels a step; left out, it follows the parameterisation and the
    depth of the layer. `smoothing` is the weight of TV to begin with, from which it
    falls to the prior's own (0: it stays as it is).
    """

    kind: Literal["fast"]
    steps: Annotated[int, Field(ge=1)] = 400
    rate: Positive | None = None
    smoothing: Weight = 5.0
    parameterisation: Literal["pixels", "fourier", "deep-image-prior"] = "pixels"


Leg = tuple[Count, Positive]


def _legs(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [tuple(leg) if isinstance(leg, list) else leg for leg in value]


class PaperSettings(Part):
    """Momentum descent as published."""

    kind: Literal["paper"]
    schedule: Annotated[
        Literal["auto", "cnn", "region", "descriptors"]
        | Annotated[list[Leg], BeforeValidator(_legs), Field(min_length=1)],
        must_be("auto, cnn, region, descriptors or [[steps, factor of 0.004], ...]"),
    ] = "auto"


SolverSettings = Annotated[FastSettings | PaperSettings, Discriminator("kind")]


# grid -------------------------------------------------------------------------------


class Orientations(Part):
    """All channels of these orientations (HOG and DSIFT only)."""

    orientations: Annotated[list[Index], Field(min_length=1)]


class RandomChannels(Part):
    """So many channels, or half of them, drawn at random: the control."""

    random: Count | Literal["half"]
    seed: Index = 0


class TopChannels(Part):
    """The channels with the most energy in each picture's own code."""

    top: Count


class Centre(Part):
    """The k x k window of cells at the centre, by the paper's offset rule."""

    centre: Count


class Window(Part):
    """Rows and columns of cells, half open: `rows: [2, 4]` is rows 2 and 3."""

    rows: Annotated[list[Index], Field(min_length=2, max_length=2)]
    columns: Annotated[list[Index], Field(min_length=2, max_length=2)]


class Share(Part):
    """The largest centred window that sees at most this share of the image."""

    share: Annotated[float, Field(gt=0, le=1)]


class Tokens(Part):
    """Tokens by number, the class token (the first), or those of the patches."""

    tokens: Annotated[
        Literal["class", "patches"] | Annotated[list[Index], Field(min_length=1)],
        must_be("class, patches or a list of token numbers"),
    ]


ChannelChoice = Annotated[
    Literal["all", "first-half", "second-half"]
    | Annotated[list[Index], Field(min_length=1)]
    | Orientations
    | RandomChannels
    | TopChannels,
    must_be(
        "all, first-half, second-half, a list of channel numbers, {random: half}, "
        "{random: number, seed: number}, {top: number} or {orientations: [numbers]}"
    ),
]
RegionChoice = Annotated[
    Literal["all"] | Centre | Window | Share | Tokens,
    must_be(
        "all, {centre: cells}, {share: part of the image}, "
        "{rows: [first, end], columns: [first, end]} in cells, or, of tokens, "
        "{tokens: class}, {tokens: patches} or {tokens: [numbers]}"
    ),
]
Names = Annotated[
    list[str],
    Field(min_length=1),
    BeforeValidator(listed),
    must_be("a name or a list of names"),
]


class GridEntry(Part):
    """A product: every combination of what its keys list.

    A single value stands for a list of one.
    """

    representation: Names
    layers: Annotated[
        Literal["all"] | Annotated[list[str], Field(min_length=1)],
        BeforeValidator(listed_unless_all),
        must_be("all or a list of layer names or patterns, such as relu*"),
    ] = "all"
    channels: Annotated[
        list[ChannelChoice], Field(min_length=1), BeforeValidator(listed_channels)
    ] = ["all"]
    region: Annotated[
        list[RegionChoice], Field(min_length=1), BeforeValidator(listed)
    ] = ["all"]
    prior: Names = ["default"]
    solver: Names = ["fast"]
    seeds: Annotated[
        Count | Annotated[list[Index], Field(min_length=1)],
        must_be("a number of seeds or a list of seeds"),
    ] = 1
    images: Annotated[
        Literal["all"] | Count | Annotated[list[str], Field(min_length=1)],
        BeforeValidator(listed_unless_all),
        must_be("all, a number of images or a list of their names"),
    ] = "all"

    def seed_list(self) -> list[int]:
        """Return the seeds; a number n stands for 0 to n - 1."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds


# the whole --------------------------------------------------------------------------


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
