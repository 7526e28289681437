"""Reading params.yaml: its plain data, and the study that they describe.

Only the file itself is looked at: every key, type and range, and names that must be
among others of the file. What a representation has is checked by `stages.plan.study`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.params.bounds import reason_against
from stages.params.checks import plain
from stages.params.fetching import BACKBONE_SIDES
from stages.params.grid import GridEntry
from stages.params.methods import PriorSettings, SolverSettings
from stages.params.mistakes import Mistakes, ParamsError
from stages.params.pictures import BuiltinPictures
from stages.params.representations import Representation, RepresentationSettings
from stages.params.study import Study


@dataclass(frozen=True)
class Parts:
    """What grid entries combine, and the entries, by their place in the file.

    Without what has mistakes of its own; `names` holds that, too: naming it in the grid
    is no further mistake.
    """

    representations: dict[str, Representation]
    priors: dict[str, PriorSettings]
    solvers: dict[str, SolverSettings]
    names: dict[str, list[str]]
    grid: dict[int, GridEntry]


def read_study(path: Path) -> Study:
    """Return the study in the file; raises ParamsError unless all of it is valid."""
    mistakes = Mistakes()
    study, _ = examine(path, mistakes)
    if study is None or mistakes.noted:
        raise ParamsError(path, mistakes)
    return study


def examine(path: Path, mistakes: Mistakes) -> tuple[Study | None, Parts]:
    """Return the study, None if the file has mistakes, and its valid parts.

    Raises ParamsError at once if the file is no YAML.
    """
    raw = _plain_data(path)
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        for line in error.errors():
            _note(line, raw, mistakes)
        return None, _salvaged(raw, mistakes)
    parts = _parts(study)
    _note_unknown_names(parts, mistakes)
    _note_unknown_pictures(study, mistakes)
    _note_small_images(study, mistakes)
    return study, parts


def _plain_data(path: Path) -> Any:
    """Return the file's plain data; YAML 1.2, so that 8e-10 is a number."""
    try:
        written = path.read_text()
        text = reason_against(written)
        if not text:
            return YAML(typ="safe", pure=True).load(written)
    except FileNotFoundError:
        text = "no such file; stages/presets/ holds ready-made ones to copy"
    # ValueError: text that is not UTF-8, or a date that is none. LookupError and
    # TypeError: a tag such as `!!bool` of what is none.
    except (YAMLError, ValueError, LookupError, TypeError) as error:
        text = f"not YAML: {' '.join(str(error).split())}"
    mistakes = Mistakes()
    mistakes.note("(file)", path.name, text)
    raise ParamsError(path, mistakes)


def _note(line: Any, raw: Any, mistakes: Mistakes) -> None:
    """Note a pydantic error: tags of unions taken out of its path."""
    path, value = "", raw
    for key in line["loc"]:
        if isinstance(value, list) and isinstance(key, int) and key < len(value):
            path, value = f"{path}[{key}]", value[key]
        elif isinstance(value, dict) and key in value:
            path, value = f"{path}.{key}", value[key]
        elif line["type"] == "missing" and key == line["loc"][-1]:
            mistakes.note_missing(f"{path}.{key}".lstrip("."))
            return
    mistakes.note(path.lstrip(".") or "(file)", value, plain(line["msg"]))


def _parts(study: Study) -> Parts:
    return Parts(
        representations=study.representations,
        priors=study.priors,
        solvers=study.solvers,
        names={kind: list(getattr(study, kind)) for kind in _KINDS},
        grid=dict(enumerate(study.grid)),
    )


_KINDS: dict[str, Callable[[Any], Any]] = {
    "representations": TypeAdapter(RepresentationSettings).validate_python,
    "priors": TypeAdapter(PriorSettings).validate_python,
    "solvers": TypeAdapter(SolverSettings).validate_python,
}


def _salvaged(raw: Any, mistakes: Mistakes) -> Parts:
    """Return the parts and entries without mistakes, so that the rest is checked."""
    sections = {kind: _section(raw, kind, dict) for kind in _KINDS}
    good = {kind: dict(_valid(sections[kind].items(), _KINDS[kind])) for kind in _KINDS}
    names = {kind: [str(name) for name in sections[kind]] for kind in _KINDS}
    entries = [_without_mistakes(entry) for entry in _section(raw, "grid", list)]
    grid = dict(_valid(enumerate(entries), TypeAdapter(GridEntry).validate_python))
    parts = Parts(**good, names=names, grid=grid)
    _note_unknown_names(parts, mistakes)
    return parts


def _without_mistakes(entry: Any) -> Any:
    """Return a grid entry without the keys that have mistakes: defaults step in."""
    try:
        GridEntry.model_validate(entry)
    except ValidationError as error:
        wrong = {line["loc"][0] for line in error.errors() if line["loc"]}
        if isinstance(entry, dict):
            return {key: value for key, value in entry.items() if key not in wrong}
    return entry


def _section(raw: Any, name: str, kind: type) -> Any:
    section = raw.get(name) if isinstance(raw, dict) else None
    return section if isinstance(section, kind) else kind()


def _valid(
    items: Iterable[tuple[Any, Any]], validated: Callable[[Any], Any]
) -> Iterator[tuple[Any, Any]]:
    for key, value in items:
        try:
            yield key, validated(value)
        except ValidationError:
            continue


def _note_unknown_names(parts: Parts, mistakes: Mistakes) -> None:
    """Note the names in the grid that no part of the study has."""
    for place, entry in parts.grid.items():
        for key in ("representation", "prior", "solver"):
            allowed = parts.names[f"{key}s"]
            for name in getattr(entry, key):
                if name not in allowed:
                    text = f"must be one of {', '.join(allowed)}"
                    mistakes.note(f"grid[{place}].{key}", name, text)


def _note_unknown_pictures(study: Study, mistakes: Mistakes) -> None:
    """Note the names in the grid that no built-in picture of the study has."""
    pictures = study.fetch.images
    if not isinstance(pictures, BuiltinPictures):
        return
    names = pictures.names[: pictures.limit]
    for place, entry in enumerate(study.grid):
        for name in entry.images if isinstance(entry.images, list) else []:
            if name not in names:
                text = f"must be one of {', '.join(names)}"
                mistakes.note(f"grid[{place}].images", name, text)


def _note_small_images(study: Study, mistakes: Mistakes) -> None:
    """Note the images that a backbone of LPIPS would pool to nothing."""
    asked = study.fetch.lpips.backbones
    widest = max(asked, key=BACKBONE_SIDES.__getitem__, default=None)
    if widest is None:
        return
    least = BACKBONE_SIDES[widest]
    text = f"must be at least {least} for LPIPS with the backbone {widest}"
    for name, chosen in study.representations.items():
        if chosen.side < least:
            mistakes.note(f"representations.{name}.side", chosen.side, text)
