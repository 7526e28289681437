"""The grid: its products spelled out into cells, and checked against what exists.

A cell is one setting of the study: representation x layer x channels x region x prior x
solver. Cells hold resolved numbers (channel indices, window, lambdas, schedule) beside
the names that the user gave them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from stages.built import code_shape, representation
from stages.choices import channels, channels_name, region, region_name
from stages.execution.process import Refusal
from stages.kinds import RepresentationSettings
from stages.networks import identity
from stages.params import GridEntry, PriorSettings, SolverSettings
from stages.preimage import Prior
from stages.representations.selection import Selection
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


def buildable(parts: Parts) -> tuple[Parts, list[Mistake]]:
    """Return the parts without representations that give no code, and why not."""
    good, mistakes = {}, []
    for name, settings in parts.representations.items():
        try:
            for layer in representation(settings).layers:
                code_shape(settings, layer)
            identity(settings)
            good[name] = settings
        # Refusals say it all; anything else may come out of a network's own code.
        except Refusal:
            raise
        except Exception as error:
            found = repr(settings.model_dump())
            reason = f"{error}" or type(error).__name__
            mistakes.append(Mistake(f"representations.{name}", found, reason))
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
    for layer in layers_of(entry, settings):
        if isinstance(layer, Mistake):
            text = f"{name}: {layer.text}"
            yield replace(layer, path=f"{path}.layers", text=text)
            continue
        selections, mistakes = _selections(entry, settings, layer, path)
        yield from mistakes
        for choice in product(selections, entry.prior, entry.solver):
            yield from _cell(name, layer, choice, parts)


def layers_of(
    entry: GridEntry, settings: RepresentationSettings
) -> list[str | Mistake]:
    """Return the layers that the entry asks for by their own names, each once.

    In the order in which they are asked for; a pattern stands for its layers from
    shallow to deep. What is no layer is a mistake.
    """
    phi = representation(settings)
    wanted = ["*"] if entry.layers == "all" else entry.layers
    found: dict[str | Mistake, None] = {}
    for layer in wanted:
        try:
            found |= dict.fromkeys(phi.named(layer))
        except ValueError as error:
            found[Mistake("layers", repr(layer), f"{error}")] = None
    return list(found)


def _selections(
    entry: GridEntry, settings: RepresentationSettings, layer: str, path: str
) -> tuple[list[tuple[str, str, Selection]], list[Mistake]]:
    """Return the named selections of the entry at this layer, and the mistakes."""
    parts, wrong_channels = _resolved(
        entry.channels,
        f"{path}.channels",
        lambda choice: (channels_name(choice), channels(choice, settings, layer)),
    )
    regions, wrong_regions = _resolved(
        entry.region,
        f"{path}.region",
        lambda choice: (region_name(choice), region(choice, settings, layer)),
    )
    found = [
        (one, other, replace(part, window=cells.window, tokens=cells.tokens))
        for (one, part), (other, cells) in product(parts, regions)
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
