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
    listed,
    listed_channels,
    listed_unless_all,
    must_be,
)

Positive = Annotated[float, Field(gt=0, le=1e9)]
Weight = Annotated[float, Field(ge=0, le=1e30)]
Count = Annotated[int, Field(ge=1, le=10**6)]
Side = Annotated[int, Field(ge=16, le=4096)]
Index = Annotated[int, Field(ge=0, lt=2**63)]
# Representations name files and folders; none may lead out of its own.
Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,63}$"),
    must_be("a name of up to 64 letters, digits, blanks, - and _"),
]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


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


def _from_pairs(value: Any) -> Any:
    """Return a mapping from pairs: a mapping in the file might have a key `size`."""
    pairs = isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 for pair in value
    )
    if not pairs:
        raise PydanticCustomError(
            "not_pairs", "must be pairs, such as [[split, val], [size, 160px]]"
        )
    return {pair[0]: pair[1] for pair in value}


class TorchvisionPictures(_Pictures):
    """A data set that torchvision knows by name, such as Imagenette."""

    source: Literal["torchvision"]
    dataset: str
    arguments: Annotated[
        dict[str, str | int | float | bool], BeforeValidator(_from_pairs)
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


class FetchSettings(Part):
    """What the fetch stage gets."""

    images: PictureSettings
    lpips: LpipsSettings = LpipsSettings(trunks=[])


# representations --------------------------------------------------------------------


class _Representation(Part):
    side: Side

    def options(self) -> dict[str, Any]:
        """Return the arguments of `stages.representations.build` beside the kind."""
        return self.model_dump(exclude={"kind", "side"})


class HogSettings(_Representation):
    """HOG (`assignment: hard`) or HOGb (`bilinear`)."""

    kind: Literal["hog"]
    side: Side = 128
    cell: Annotated[int, Field(ge=2, le=1024)] = 8
    orientations: Annotated[int, Field(ge=2, le=180)] = 9
    assignment: Literal["hard", "bilinear"] = "hard"


class DsiftSettings(_Representation):
    """Dense SIFT descriptors."""

    kind: Literal["dsift"]
    side: Side = 128
    bin: Annotated[int, Field(ge=1, le=1024)] = 5
    orientations: Annotated[int, Field(ge=3, le=180)] = 8


# Sides of CaffeNet's images: the embedded network's and the paper's.
EMBEDDED_SIDE, PAPER_SIDE = 64, 227


class CaffenetSettings(_Representation):
    """CaffeNet, the paper's CNN-A: trained at 64 pixels, or with random weights.

    `seed` is that of the random weights. Of 227 pixels it has the paper's widths.
    """

    kind: Literal["caffenet"]
    side: Side = EMBEDDED_SIDE
    weights: Literal["embedded", "random"] = "embedded"
    seed: Index = 0

    @property
    def full_size(self) -> bool:
        """Whether it is the network of the paper's size."""
        return self.side == PAPER_SIDE

    @model_validator(mode="after")
    def _sides_that_exist(self) -> "CaffenetSettings":
        if self.side not in (EMBEDDED_SIDE, PAPER_SIDE):
            raise ValueError(
                f"`side` must be {EMBEDDED_SIDE} (the embedded network) or "
                f"{PAPER_SIDE} (the paper's, with `weights: random`)"
            )
        if self.weights == "embedded" and self.full_size:
            raise ValueError(f"`weights: embedded` are for `side: {EMBEDDED_SIDE}`")
        if self.weights == "embedded" and self.seed:
            raise ValueError("`seed` is for `weights: random`")
        return self


RepresentationSettings = Annotated[
    HogSettings | DsiftSettings | CaffenetSettings, Discriminator("kind")
]


# priors and solvers -----------------------------------------------------------------


class ByDepth(Part):
    """The paper's weights of TV by depth, times a factor."""

    by_depth: Annotated[Positive, Field(alias="by-depth")]


Thirds = Annotated[
    tuple[Weight, Weight, Weight],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
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
    Literal["all"] | Centre | Window | Share,
    must_be(
        "all, {centre: cells}, {share: part of the image} or "
        "{rows: [first, end], columns: [first, end]} in cells"
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
        must_be("all or a list of layer names"),
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

    `processes: auto` is one a core of a CPU, and one for a GPU.
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
