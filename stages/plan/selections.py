"""Channels and regions that the grid asks for: their names, and what they select.

Windows are of cells, or, where a code is tokens, of the patches among them.
"""

from stages.params.selections import (
    AchromaticChannels,
    Centre,
    ChannelChoice,
    ChromaticChannels,
    Orientations,
    RandomChannels,
    Rectangle,
    RegionChoice,
    Share,
    Tokens,
    TopChannels,
)
from stages.plan.representations import code_shape, outline
from stages.representations.definition import Definition
from stages.representations.points import Grid
from stages.representations.selection import (
    Selection,
    patch_tokens,
    random_channels,
    resolve_channels,
    resolve_region,
    shared_window,
)


def channels(choice: ChannelChoice, defined: Definition, layer: str) -> Selection:
    """Return the selection of these channels, of all cells."""
    k = code_shape(defined, layer)[0]
    if isinstance(choice, TopChannels):
        if choice.top > k:
            raise ValueError(f"`top` must be in 1..{k}, the channels of {layer}")
        return Selection(top=choice.top if choice.top < k else None)
    if isinstance(choice, RandomChannels):
        return Selection(random_channels(choice.random, choice.seed, k))
    if isinstance(choice, ChromaticChannels | AchromaticChannels):
        return _by_colour(choice, defined, k, layer)
    if isinstance(choice, Orientations):
        phi = outline(defined)
        choice = list(phi.channels_of_orientations(choice.orientations))
    return Selection(resolve_channels(choice, k))


def _by_colour(
    choice: ChromaticChannels | AchromaticChannels,
    defined: Definition,
    k: int,
    layer: str,
) -> Selection:
    """Return the selection of channels that `extract` ranks by their colour."""
    ((name, wanted),) = choice.model_dump().items()
    if outline(defined).image_channels != 3:
        raise ValueError(f"`{name}` is for representations of colour pictures")
    if wanted != "half" and wanted > k:
        raise ValueError(f"`{name}` must be half or in 1..{k}, the channels of {layer}")
    return Selection(ranked=(name, wanted))


def region(choice: RegionChoice, defined: Definition, layer: str) -> Selection:
    """Return the selection of these cells or tokens, of all channels."""
    if choice == "all":
        return Selection()
    patches = outline(defined).patches(layer)
    _, r, s = code_shape(defined, layer)
    if isinstance(choice, Tokens):
        return Selection(tokens=_tokens(choice, patches, r, s, layer))
    if patches is None:
        return Selection(window=_window(choice, defined, layer, r, s))
    if isinstance(choice, Share):
        raise ValueError(f"`share` is for cells; {layer} has tokens, each sees its own")
    window = _window(choice, defined, layer, patches.rows, patches.columns)
    return Selection(tokens=patch_tokens(window, patches, r))


def _tokens(
    choice: Tokens, patches: Grid | None, r: int, s: int, layer: str
) -> tuple[int, ...] | None:
    """Return the numbers of the tokens, None for all."""
    if patches is None and s > 1:
        raise ValueError(f"`tokens` are for codes of tokens; {layer} has cells")
    if choice.tokens == "patches" and patches is not None:
        return patch_tokens(None, patches, r)
    if choice.tokens == "patches":
        raise ValueError(f"{layer} has {r} tokens, of which none are patches")
    if choice.tokens == "class" and patches is not None and not patches.first:
        raise ValueError(f"{layer} has no class token: its {r} tokens are patches")
    numbers = [0] if isinstance(choice.tokens, str) else sorted(choice.tokens)
    if len(set(numbers)) < len(numbers) or numbers[-1] >= r:
        text = f"must be distinct numbers in 0..{r - 1}, the tokens of {layer}"
        raise ValueError(text)
    return None if len(numbers) == r else tuple(numbers)


def _window(
    choice: RegionChoice,
    defined: Definition,
    layer: str,
    rows: int,
    columns: int,
) -> tuple[int, int, int, int] | None:
    if isinstance(choice, Share):
        geometry = outline(defined).geometry(layer)
        return shared_window(choice.share, geometry, rows, defined.side)
    try:
        if isinstance(choice, Centre):
            return resolve_region({"centre": choice.centre}, rows, columns)
        if isinstance(choice, Rectangle):
            return resolve_region([*choice.rows, *choice.columns], rows, columns)
    except ValueError:
        text = f"{rows} rows and {columns} columns, first before end"
        raise ValueError(f"must lie inside the code's {text}") from None
    return None
