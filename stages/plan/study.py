"""A params file as each stage takes it: checked whole, the grid expanded once.

Every stage that starts checks the whole file first, so that a mistake in the grid is
told before the first picture is fetched. No picture is opened and no weights are read
for it: layers, channels and windows follow from shapes alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stages.params.fetching import FetchSettings
from stages.params.grid import GridEntry
from stages.params.mistakes import Mistakes, ParamsError
from stages.params.reading import Parts, examine
from stages.params.representations import Representation
from stages.params.study import ExecutionSettings, Study
from stages.plan.grid import Setting, settings
from stages.plan.representations import definition, outline
from stages.process.stage import Refusal
from stages.representations.definition import Definition
from stages.store import paths
from stages.weights import kept


@dataclass(frozen=True)
class Entry:
    """A grid entry with the settings that it asks for, in order."""

    entry: GridEntry
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Expanded:
    """A whole study, valid: its params, and its grid spelled out.

    `missing` are the representations without weights, which the grid does without.
    """

    params: Study
    definitions: Mapping[str, Definition]
    entries: tuple[Entry, ...]
    missing: tuple[str, ...] = ()

    @property
    def execution(self) -> ExecutionSettings:
        """Where and how the jobs are computed."""
        return self.params.execution


@dataclass(frozen=True)
class FetchStage:
    """What the fetch stage reads: what to get, and for which representations."""

    fetch: FetchSettings
    representations: Mapping[str, Representation]


@dataclass(frozen=True)
class ExtractStage:
    """What the extract stage reads: the layers to extract of each representation."""

    definitions: Mapping[str, Definition]
    layers: Mapping[str, list[str]]
    execution: ExecutionSettings


def expand(path: Path = paths.PARAMS) -> Expanded:
    """Return the study in the file; raises ParamsError that lists every mistake."""
    mistakes = Mistakes()
    study, parts = examine(path, mistakes)
    definitions = _definitions(parts, mistakes)
    entries = [
        Entry(entry, tuple(settings(entry, definitions, f"grid[{place}]", mistakes)))
        for place, entry in parts.grid.items()
    ]
    if study is None or mistakes.noted:
        raise ParamsError(path, mistakes)
    return Expanded(study, definitions, tuple(entries))


def _definitions(parts: Parts, mistakes: Mistakes) -> dict[str, Definition]:
    """Return the definitions of the representations that give a code."""
    good = {}
    for name, wanted in parts.representations.items():
        try:
            defined = definition(wanted)
            phi = outline(defined)
            for layer in phi.layers:
                phi.code_shape(layer, defined.side)
            good[name] = defined
        # Refusals say it all; anything else may come out of a network's own code.
        except Refusal:
            raise
        except Exception as error:
            text = f"{error}" or type(error).__name__
            mistakes.note(f"representations.{name}", wanted.model_dump(), text)
    return good


def available(study: Expanded) -> Expanded:
    """Return the study without the representations whose weights could not be had.

    The fetch stage noted them; it stops unless the params let it go on without them.
    Raises Refusal if nothing is left.
    """
    missing = set(kept.unreachable()) & set(study.definitions)
    entries = [_without(one, missing) for one in study.entries]
    left = tuple(one for one in entries if one.entry.representation)
    if not left:
        raise Refusal(
            "nothing is left to invert: the weights of all representations in the "
            f"grid ({', '.join(sorted(missing))}) could not be fetched; "
            "`dvc repro -f fetch` tries again"
        )
    known = study.definitions.items()
    there = {name: one for name, one in known if name not in missing}
    return replace(
        study, definitions=there, entries=left, missing=tuple(sorted(missing))
    )


def ready(study: Expanded) -> Expanded:
    """Return the study that can be computed now: of representations with weights.

    Raises Refusal if none is left, or if fetched weights are not there.
    """
    there = available(study)
    for name in there.definitions:
        if file := study.params.representations[name].weights_file:
            kept.check(file)
    return there


def _without(one: Entry, missing: set[str]) -> Entry:
    names = [name for name in one.entry.representation if name not in missing]
    entry = one.entry.model_copy(update={"representation": names})
    kept = (two for two in one.settings if two.representation not in missing)
    return Entry(entry, tuple(kept))


def fetch_stage(path: Path = paths.PARAMS) -> FetchStage:
    """Return what the fetch stage reads, the whole file checked."""
    study = expand(path).params
    return FetchStage(study.fetch, study.representations)


def extract_stage(path: Path = paths.PARAMS) -> ExtractStage:
    """Return what the extract stage reads, the whole file checked."""
    study = ready(expand(path))
    layers = {name: _layers(study, name) for name in study.definitions}
    return ExtractStage(study.definitions, layers, study.execution)


def _layers(study: Expanded, name: str) -> list[str]:
    """Return the layers that the grid inverts of a representation, shallow to deep."""
    asked = (setting for one in study.entries for setting in one.settings)
    wanted = {setting.layer for setting in asked if setting.representation == name}
    return sorted(wanted, key=outline(study.definitions[name]).depth)
