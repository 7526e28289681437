"""A params file as each stage takes it: checked whole, the grid expanded once.

Every stage that starts checks the whole file first, so that a mistake in the grid is
told before the first picture is fetched. No picture is opened and no weights are read
for it: layers, channels and windows follow from shapes alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from stages.params.execution import ExecutionSettings
from stages.params.fetching import FetchSettings
from stages.params.grid import GridEntry
from stages.params.mistakes import Mistakes, ParamsError
from stages.params.reading import Parts, examine
from stages.params.representations import Representation
from stages.params.study import Study
from stages.plan.denoisers import fault
from stages.plan.grid import Setting, settings
from stages.plan.missing import without_weights
from stages.plan.representations import code_shapes, definition, outline
from stages.process.stage import Refusal
from stages.process.trial import ending
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

    `missing` are the representations that the grid does without, and why.
    """

    params: Study
    definitions: Mapping[str, Definition]
    entries: tuple[Entry, ...]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def execution(self) -> ExecutionSettings:
        """Where and how the jobs are computed."""
        return self.params.execution


@dataclass(frozen=True)
class FetchStage:
    """What the fetch stage reads: what to get, and for which representations."""

    fetch: FetchSettings
    representations: Mapping[str, Representation]
    definitions: Mapping[str, Definition] = field(default_factory=dict)


@dataclass(frozen=True)
class ExtractStage:
    """What the extract stage reads: the layers to extract of each representation.

    Of those in `ranked` the grid chooses channels by their colour.
    """

    definitions: Mapping[str, Definition]
    layers: Mapping[str, list[str]]
    execution: ExecutionSettings
    ranked: Mapping[str, list[str]] = field(default_factory=dict)


def expand(path: Path = paths.PARAMS) -> Expanded:
    """Return the study in the file; raises ParamsError that lists every mistake."""
    mistakes = Mistakes()
    study, parts = examine(path, mistakes)
    definitions = _definitions(parts, mistakes)
    entries = [
        Entry(entry, tuple(settings(entry, definitions, f"grid[{place}]", mistakes)))
        for place, entry in parts.grid.items()
    ]
    _look_at_denoisers(study, mistakes)
    if study is None or mistakes.noted:
        raise ParamsError(path, mistakes)
    return Expanded(study, definitions, tuple(entries))


def _look_at_denoisers(study: Study | None, mistakes: Mistakes) -> None:
    """Note the priors whose denoiser is not there, or is none."""
    for name, prior in study.priors.items() if study else ():
        if prior.denoiser is not None and (why := fault(prior.denoiser)):
            mistakes.note(f"priors.{name}.denoiser", prior.denoiser, why)


def _definitions(parts: Parts, mistakes: Mistakes) -> dict[str, Definition]:
    """Return the definitions of the representations that give a code."""
    good = {}
    for name, wanted in parts.representations.items():
        try:
            defined = definition(wanted)
            if defined.own_code() is not None:
                _try_out(defined)
            _look_at(defined)
            good[name] = defined
        # Refusals say it all; anything else may come out of a network's own code.
        except Refusal:
            raise
        except Exception as error:
            text = f"{error}" or type(error).__name__
            mistakes.note(f"representations.{name}", wanted.model_dump(), text)
    return good


def _look_at(defined: Definition) -> None:
    """Build the representation without its weights; ask every layer for its shape."""
    code_shapes(defined)


def _try_out(defined: Definition) -> None:
    """Raise ValueError if the user's own code ends the process that looks at it."""
    if how := ending(partial(_look_at, defined)):
        raise ValueError(f"its network cannot be looked at: {how}")


def available(study: Expanded, missing: Mapping[str, str]) -> Expanded:
    """Return the study without these representations, each with the reason.

    Raises Refusal if nothing is left.
    """
    gone = {name: why for name, why in missing.items() if name in study.definitions}
    entries = [_without(one, set(gone)) for one in study.entries]
    left = tuple(one for one in entries if one.entry.representation)
    if not left:
        told = "; ".join(f"{name}: {why}" for name, why in sorted(gone.items()))
        raise Refusal(
            f"nothing is left to invert of the representations in the grid ({told}); "
            "`dvc repro -f fetch` tries again"
        )
    known = study.definitions.items()
    there = {name: one for name, one in known if name not in gone}
    return replace(study, definitions=there, entries=left, missing=gone)


def ready(study: Expanded, missing: Mapping[str, str]) -> Expanded:
    """Return the study that can be computed now: without what is missing.

    Raises Refusal if nothing is left, or if fetched weights are not there.
    """
    there = available(study, missing)
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
    study = expand(path)
    params = study.params
    return FetchStage(params.fetch, params.representations, study.definitions)


def extract_stage(path: Path = paths.PARAMS) -> ExtractStage:
    """Return what the extract stage reads, the whole file checked."""
    return extract_part(ready(expand(path), without_weights()))


def extract_part(study: Expanded) -> ExtractStage:
    """Return what the extract stage reads of a study."""
    layers = {name: _layers(study, name) for name in study.definitions}
    ranked = {name: _ranked_layers(study, name) for name in study.definitions}
    return ExtractStage(study.definitions, layers, study.execution, ranked)


def _ranked_layers(study: Expanded, name: str) -> list[str]:
    """Return the layers of a representation of which channels are ranked by colour."""
    asked = (setting for one in study.entries for setting in one.settings)
    mine = (one for one in asked if one.representation == name)
    return list(dict.fromkeys(one.layer for one in mine if one.selection.ranked))


def _layers(study: Expanded, name: str) -> list[str]:
    """Return the layers that the grid inverts of a representation, shallow to deep."""
    asked = (setting for one in study.entries for setting in one.settings)
    wanted = {setting.layer for setting in asked if setting.representation == name}
    return sorted(wanted, key=outline(study.definitions[name]).depth)
