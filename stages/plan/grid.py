"""The grid: its products spelled out, and checked against what representations have.

Nothing of the method is needed for it: priors and solvers are names here, which
`stages.plan.cells` gives their numbers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

from stages.params.checks import Part
from stages.params.grid import GridEntry
from stages.params.mistakes import Mistakes
from stages.params.selections import channels_name, region_name
from stages.plan.representations import outline
from stages.plan.selections import channels, region
from stages.representations.definition import Definition
from stages.representations.selection import Selection


@dataclass(frozen=True)
class Setting:
    """One combination that the grid asks for, by the names that the user gave."""

    representation: str
    definition: Definition
    layer: str
    channels: str
    region: str
    selection: Selection
    prior: str
    solver: str


Choice = TypeVar("Choice")

# A selection with the names of its channels and region.
_NamedSelection = tuple[str, str, Selection]


def settings(
    entry: GridEntry, definitions: Mapping[str, Definition], path: str, to: Mistakes
) -> Iterator[Setting]:
    """Yield the settings of the grid entry at this path of the params.

    What cannot be is noted; representations without a definition are passed over.
    """
    for name in entry.representation:
        if name not in definitions:
            continue
        defined = definitions[name]
        for layer in layers(entry, name, defined, path, to):
            selections = _selections(entry, defined, layer, path, to)
            for choice, prior, solver in product(selections, entry.prior, entry.solver):
                channels, region, selection = choice
                yield Setting(
                    name, defined, layer, channels, region, selection, prior, solver
                )


def layers(
    entry: GridEntry, name: str, defined: Definition, path: str, mistakes: Mistakes
) -> list[str]:
    """Return the layers that the entry asks for by their own names, each once.

    In the order in which they are asked for; a pattern stands for its layers from
    shallow to deep. What is no layer is a mistake.
    """
    wanted: dict[str, None] = {}
    for pattern in ["*"] if entry.layers == "all" else entry.layers:
        try:
            wanted |= dict.fromkeys(outline(defined).named(pattern))
        except ValueError as error:
            mistakes.note(f"{path}.layers", pattern, f"{name}: {error}")
    return list(wanted)


def _selections(
    entry: GridEntry, defined: Definition, layer: str, path: str, mistakes: Mistakes
) -> list[_NamedSelection]:
    """Return the named selections of the entry at this layer."""

    def chosen(
        key: str,
        choices: Sequence[Choice],
        name: Callable[[Choice], str],
        part: Callable[[Choice, Definition, str], Selection],
    ) -> Iterator[tuple[str, Selection]]:
        for i, choice in enumerate(choices):
            try:
                yield name(choice), part(choice, defined, layer)
            except ValueError as error:
                mistakes.note(f"{path}.{key}[{i}]", _as_written(choice), error)

    parts = list(chosen("channels", entry.channels, channels_name, channels))
    regions = list(chosen("region", entry.region, region_name, region))
    return [
        (one, other, replace(part, window=where.window, tokens=where.tokens))
        for (one, part), (other, where) in product(parts, regions)
    ]


def _as_written(choice: object) -> object:
    return choice.model_dump() if isinstance(choice, Part) else choice
