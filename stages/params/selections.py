"""Params of what is selected of a code: channels, cells, tokens."""

from typing import Annotated, Literal

from pydantic import Field

from stages.params.checks import Part, must_be
from stages.params.numbers import Count, Index


class Orientations(Part):
    """All channels of these orientations (HOG and DSIFT only)."""

    orientations: Annotated[list[Index], Field(min_length=1)]


class RandomChannels(Part):
    """So many channels, or half of them, drawn at random: the control."""

    random: Count | Literal["half"]
    seed: Index = 0


class ChromaticChannels(Part):
    """So many channels, or half, whose response depends most on colour."""

    chromatic: Count | Literal["half"]


class AchromaticChannels(Part):
    """So many channels, or half, whose response depends least on colour."""

    achromatic: Count | Literal["half"]


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
    | ChromaticChannels
    | AchromaticChannels
    | TopChannels,
    must_be(
        "all, first-half, second-half, a list of channel numbers, {random: half}, "
        "{random: number, seed: number}, {chromatic: half or number}, {achromatic: "
        "half or number}, {top: number} or {orientations: [numbers]}"
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


def channels_name(choice: ChannelChoice) -> str:
    """Return what the channels are called in cells, scores and the report."""
    match choice:
        case Orientations():
            return "orientations " + " ".join(map(str, choice.orientations))
        case RandomChannels():
            seed = f" (seed {choice.seed})" if choice.seed else ""
            return f"random {choice.random}{seed}"
        case TopChannels():
            return f"top {choice.top}"
        case ChromaticChannels():
            return f"chromatic {choice.chromatic}"
        case AchromaticChannels():
            return f"achromatic {choice.achromatic}"
    return choice if isinstance(choice, str) else " ".join(map(str, choice))


def region_name(choice: RegionChoice) -> str:
    """Return what the region is called in cells, scores and the report."""
    match choice:
        case Centre():
            return f"centre {choice.centre}"
        case Share():
            return f"share {choice.share:g}"
        case Window(rows=[top, bottom], columns=[left, right]):
            return f"rows {top}:{bottom} columns {left}:{right}"
        case Tokens(tokens=str(name)):
            return f"tokens {name}"
        case Tokens():
            return "tokens " + " ".join(map(str, choice.tokens))
    return "all"
