"""The grid: its products spelled out into cells, and checked against what exists.

A cell is one setting of the study: representation x layer x channels x region x prior x
solver. Cells hold resolved numbers (channel indices, window, lambdas, schedule) beside
the names that the user gave them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import torch

from stages.execution.device import on_device
from stages.networks import caffenet
from stages.params import (
    CaffenetSettings,
    Centre,
    ChannelChoice,
    GridEntry,
    Orientations,
    PriorSettings,
    RandomChannels,
    RegionChoice,
    RepresentationSettings,
    Share,
    SolverSettings,
    TopChannels,
    Window,
)
from stages.preimage import Prior
from stages.representations import build
from stages.representations.representation import Representation
from stages.representations.selection import (
    Selection,
    random_channels,
    resolve_channels,
    resolve_region,
    shared_window,
)
from stages.representations.stem import with_stem
from stages.resolved import SolverChoice, solver_choice, weights


@dataclass(frozen=True)
class Cell:
    """One setting of the study; names as the user gave them, numbers resolved."""

    representation: str
    layer: str
    channels: str
    region: str
    selection: Selection
    prior: str
    weights: Prior
    solver: str
    choice: SolverChoice

    @property
    def label(self) -> str:
        """The cell in one line, for messages."""
        names = [self.representation, self.layer, self.channels, self.region]
        return " / ".join([*names, self.prior, self.solver])


@dataclass(frozen=True)
class Mistake:
    """What cannot be in the params: where, what was found, what is allowed."""

    path: str
    found: str
    text: str


@dataclass(frozen=True)
class Parts:
    """The named parts that grid entries may combine.

    `names` also holds parts that exist but have mistakes of their own: naming them is
    no further mistake.
    """

    representations: Mapping[str, RepresentationSettings]
    priors: Mapping[str, PriorSettings]
    solvers: Mapping[str, SolverSettings]
    names: Mapping[str, list[str]]


@cache
def representation(settings: RepresentationSettings) -> Representation:
    """Return the representation that the settings describe, made once."""
    if isinstance(settings, CaffenetSettings):
        return caffenet(settings)
    return build(settings.kind, **settings.options())


@cache
def cut(
    settings: RepresentationSettings, layer: str, device: torch.device
) -> Representation:
    """Return the representation cut at the layer, on the device, made once."""
    whole = _laid_out(settings) if device.type == "cpu" else representation(settings)
    return on_device(whole.cut(layer), device)


@cache
def _laid_out(settings: RepresentationSettings) -> Representation:
    """Return the representation as a CPU descends on it fastest, made once."""
    return with_stem(representation(settings))


@cache
def code_shape(settings: RepresentationSettings, layer: str) -> tuple[int, int, int]:
    """Return the shape `k r s` of the layer's code of one image."""
    phi = representation(settings)
    image = torch.zeros(1, phi.image_channels, settings.side, settings.side)
    with torch.no_grad():
        k, r, s = phi.cut(layer)(image).shape[1:]
    return k, r, s


def buildable(parts: Parts) -> tuple[Parts, list[Mistake]]:
    """Return the parts without representations that give no code, and why not."""
    good, mistakes = {}, []
    for name, settings in parts.representations.items():
        try:
            for layer in representation(settings).layers:
                code_shape(settings, layer)
            good[name] = settings
        except (ValueError, RuntimeError) as error:
            found = repr(settings.model_dump())
            mistakes.append(Mistake(f"representations.{name}", found, str(error)))
    return replace(parts, representations=good), mistakes


def cells(entry: GridEntry, parts: Parts, path: str) -> list[Cell | Mistake]:
    """Return the cells of a grid entry and the mistakes found on the way."""
    found: list[Cell | Mistake] = [*_unknown_names(entry, parts, path)]
    for name in entry.representation:
        if name in parts.representations:
            found += _cells_of(entry, name, parts, path)
    return found


def _unknown_names(entry: GridEntry, parts: Parts, path: str) -> Iterator[Mistake]:
    for key, kind in (
        ("representation", "representations"),
        ("prior", "priors"),
        ("solver", "solvers"),
    ):
        allowed = parts.names[kind]
        for name in getattr(entry, key):
            if name not in allowed:
                text = f"must be one of {', '.join(allowed)}"
                yield Mistake(f"{path}.{key}", repr(name), text)


def _cells_of(
    entry: GridEntry, name: str, parts: Parts, path: str
) -> Iterator[Cell | Mistake]:
    settings = parts.representations[name]
    known = representation(settings).layers
    layers = list(known) if entry.layers == "all" else entry.layers
    for layer in layers:
        if layer not in known:
            text = f"{name} has the layers {', '.join(known)}"
            yield Mistake(f"{path}.layers", repr(layer), text)
            continue
        selections, mistakes = _selections(entry, settings, layer, path)
        yield from mistakes
        for choice in product(selections, entry.prior, entry.solver):
            yield from _cell(name, layer, choice, parts)


def _selections(
    entry: GridEntry, settings: RepresentationSettings, layer: str, path: str
) -> tuple[list[tuple[str, str, Selection]], list[Mistake]]:
    """Return the named selections of the entry at this layer, and the mistakes."""
    channels, wrong_channels = _resolved(
        entry.channels,
        f"{path}.channels",
        lambda choice: (_channels_name(choice), _channels(choice, settings, layer)),
    )
    regions, wrong_regions = _resolved(
        entry.region,
        f"{path}.region",
        lambda choice: (_region_name(choice), _window(choice, settings, layer)),
    )
    found = [
        (channels_name, region_name, replace(chosen, window=window))
        for (channels_name, chosen), (region_name, window) in product(channels, regions)
    ]
    return found, wrong_channels + wrong_regions


def _resolved(
    choices: Sequence[Any], path: str, resolve: Callable[[Any], tuple[str, Any]]
) -> tuple[list[tuple[str, Any]], list[Mistake]]:
    """Return what the choices resolve to, and the mistakes of those that do not."""
    good, mistakes = [], []
    for i, choice in enumerate(choices):
        try:
            good.append(resolve(choice))
        except ValueError as error:
            found = choice.model_dump() if hasattr(choice, "model_dump") else choice
            mistakes.append(Mistake(f"{path}[{i}]", repr(found), str(error)))
    return good, mistakes


def _channels(
    choice: ChannelChoice, settings: RepresentationSettings, layer: str
) -> Selection:
    """Return the selection of these channels, of all cells."""
    k = code_shape(settings, layer)[0]
    if isinstance(choice, TopChannels):
        if choice.top > k:
            raise ValueError(f"`top` must be in 1..{k}, the channels of {layer}")
        return Selection(top=choice.top if choice.top < k else None)
    if isinstance(choice, RandomChannels):
        return Selection(random_channels(choice.random, choice.seed, k))
    if isinstance(choice, Orientations):
        phi = representation(settings)
        choice = list(phi.channels_of_orientations(choice.orientations))
    return Selection(resolve_channels(choice, k))


def _window(
    choice: RegionChoice, settings: RepresentationSettings, layer: str
) -> tuple[int, int, int, int] | None:
    _, r, s = code_shape(settings, layer)
    if isinstance(choice, Share):
        geometry = representation(settings).geometry(layer)
        return shared_window(choice.share, geometry, r, settings.side)
    try:
        if isinstance(choice, Centre):
            return resolve_region({"centre": choice.centre}, r, s)
        if isinstance(choice, Window):
            return resolve_region([*choice.rows, *choice.columns], r, s)
    except ValueError:
        text = f"must lie inside the code's {r} rows and {s} columns, first before end"
        raise ValueError(text) from None
    return None


def _channels_name(choice: ChannelChoice) -> str:
    match choice:
        case Orientations():
            return "orientations " + " ".join(map(str, choice.orientations))
        case RandomChannels():
            seed = f" (seed {choice.seed})" if choice.seed else ""
            return f"random {choice.random}{seed}"
        case TopChannels():
            return f"top {choice.top}"
    return choice if isinstance(choice, str) else " ".join(map(str, choice))


def _region_name(choice: RegionChoice) -> str:
    match choice:
        case Centre():
            return f"centre {choice.centre}"
        case Share():
            return f"share {choice.share:g}"
        case Window(rows=[top, bottom], columns=[left, right]):
            return f"rows {top}:{bottom} columns {left}:{right}"
    return "all"


def _cell(
    name: str,
    layer: str,
    choice: tuple[tuple[str, str, Selection], str, str],
    parts: Parts,
) -> Iterator[Cell]:
    (channels, region, selection), prior, solver = choice
    if prior not in parts.priors or solver not in parts.solvers:
        return
    settings = parts.representations[name]
    phi = representation(settings)
    yield Cell(
        representation=name,
        layer=layer,
        channels=channels,
        region=region,
        selection=selection,
        prior=prior,
        weights=weights(parts.priors[prior], phi, settings.side, layer),
        solver=solver,
        choice=solver_choice(parts.solvers[solver], phi, layer, selection),
    )
