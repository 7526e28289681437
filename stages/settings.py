"""The settings of a study: params.yaml loaded and checked whole, a view for each stage.

Every stage that starts checks the whole file first, so that a mistake in the grid is
told before the first picture is fetched.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages import store
from stages.checks import plain
from stages.execution.process import Refusal
from stages.grid import Cell, Mistake, Parts, buildable, cells
from stages.kinds import RepresentationSettings
from stages.params import (
    BACKBONE_SIDES,
    BuiltinPictures,
    GridEntry,
    PriorSettings,
    SolverSettings,
    Study,
)
from stages.weights import kept as weights

# The sections of params.yaml that each stage reads; dvc.yaml lists the same (tested).
SECTIONS: dict[str, tuple[str, ...]] = {
    "fetch": ("fetch", "representations"),
    "extract": ("representations", "grid", "execution"),
    "invert": ("representations", "priors", "solvers", "grid", "execution"),
    "score": ("representations", "execution"),
    "report": (
        "fetch",
        "representations",
        "priors",
        "solvers",
        "grid",
        "execution",
        "report",
    ),
}


class ParamsError(Refusal):
    """The params have mistakes; the message lists them all."""

    exit_code = 2

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        n = len(mistakes)
        lines = [f"{path} has {n} mistake{'s' if n > 1 else ''}:"]
        lines += [f"  {m.path}: {_short(m.found)}: {m.text}" for m in mistakes]
        lines.append(
            "Nothing was computed. Correct them and run `dvc repro` again. DVC took\n"
            "away the previous outputs of this stage before it began: with the\n"
            "previous params.yaml in place, `dvc checkout` brings them back."
        )
        super().__init__("\n".join(lines))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def load(stage: str, path: Path = store.PARAMS) -> SimpleNamespace:
    """Return the sections of the params that the stage reads, the whole file checked.

    Raises ParamsError (exit code 2) that lists every mistake with its path, its value
    and what is allowed.
    """
    study = load_study(path)
    if stage != "fetch":
        study = available(study)
        for chosen in study.representations.values():
            if chosen.weights_file is not None:
                weights.check(chosen.weights_file)
    return SimpleNamespace(**{name: getattr(study, name) for name in SECTIONS[stage]})


def available(study: Study) -> Study:
    """Return the study without the representations whose weights could not be had.

    The fetch stage noted them; it stops unless the params let it go on without them.
    Raises Refusal if nothing is left.
    """
    missing = set(weights.unreachable()) & set(study.representations)
    grid = [_without(entry, missing) for entry in study.grid]
    left = [entry for entry in grid if entry.representation]
    if not left:
        raise Refusal(
            "nothing is left to invert: the weights of all representations in the "
            f"grid ({', '.join(sorted(missing))}) could not be fetched; "
            "`dvc repro -f fetch` tries again"
        )
    named = study.representations.items()
    kept = {name: chosen for name, chosen in named if name not in missing}
    return study.model_copy(update={"representations": kept, "grid": left})


def _without(entry: GridEntry, missing: set[str]) -> GridEntry:
    kept = [name for name in entry.representation if name not in missing]
    return entry.model_copy(update={"representation": kept})


def load_study(path: Path = store.PARAMS) -> Study:
    """Return the whole study, checked; raises ParamsError."""
    raw = _read(path)
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        mistakes = [_mistake(line, raw) for line in error.errors()]
        raise ParamsError(path, mistakes + _grid_mistakes(*_salvaged(raw))) from None
    mistakes = _grid_mistakes(_parts(study), list(enumerate(study.grid)))
    mistakes += _unknown_pictures(study) + _too_small_for_lpips(study)
    if mistakes:
        raise ParamsError(path, mistakes)
    return study


def _read(path: Path) -> Any:
    """Return the file's plain data; YAML 1.2, so that 8e-10 is a number."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text())
    except FileNotFoundError:
        text = "no such file; stages/presets/ holds ready-made ones to copy"
    # ValueError: text that is not UTF-8, or a date that is none.
    except (YAMLError, ValueError) as error:
        text = f"not YAML: {' '.join(str(error).split())}"
    raise ParamsError(path, [Mistake("(file)", repr(path.name), text)])


def _mistake(line: Any, raw: Any) -> Mistake:
    """Return a pydantic error as a mistake: tags of unions taken out of its path."""
    path, value = "", raw
    for key in line["loc"]:
        if isinstance(value, list) and isinstance(key, int) and key < len(value):
            path, value = f"{path}[{key}]", value[key]
        elif isinstance(value, dict) and key in value:
            path, value = f"{path}.{key}", value[key]
        elif line["type"] == "missing" and key == line["loc"][-1]:
            return Mistake(f"{path}.{key}".lstrip("."), "missing", "is required")
    return Mistake(path.lstrip(".") or "(file)", repr(value), plain(line["msg"]))


# The cells of a grid entry, in order, with the entry they come from.
EntryCells = list[tuple[GridEntry, list[Cell]]]


def study_cells(study: Any) -> EntryCells:
    """Return the cells of every grid entry of a study without mistakes."""
    found = _grid(_parts(study), enumerate(study.grid))
    return [(e, [c for c in items if isinstance(c, Cell)]) for e, items in found]


def _parts(study: Any) -> Parts:
    named = {
        name: getattr(study, name) for name in ("representations", "priors", "solvers")
    }
    return Parts(**named, names={kind: list(parts) for kind, parts in named.items()})


def _grid(
    parts: Parts, entries: Iterable[tuple[int, GridEntry]]
) -> list[tuple[GridEntry, list[Cell | Mistake]]]:
    return [(entry, cells(entry, parts, f"grid[{i}]")) for i, entry in entries]


def _grid_mistakes(parts: Parts, entries: list[tuple[int, GridEntry]]) -> list[Mistake]:
    """Return what is wrong with representations as built and with the grid."""
    good, mistakes = buildable(parts)
    everything = (item for _, items in _grid(good, entries) for item in items)
    mistakes += [item for item in everything if isinstance(item, Mistake)]
    return list(dict.fromkeys(mistakes))


def _unknown_pictures(study: Study) -> list[Mistake]:
    """Return the names in the grid that no built-in picture of the study has."""
    pictures = study.fetch.images
    if not isinstance(pictures, BuiltinPictures):
        return []
    names = pictures.names[: pictures.limit]
    text = f"must be one of {', '.join(names)}"
    return [
        Mistake(f"grid[{i}].images", repr(name), text)
        for i, entry in enumerate(study.grid)
        for name in (entry.images if isinstance(entry.images, list) else [])
        if name not in names
    ]


def _too_small_for_lpips(study: Study) -> list[Mistake]:
    """Return the images that a backbone of LPIPS would pool to nothing."""
    backbones = study.fetch.lpips.backbones
    widest = max(backbones, key=BACKBONE_SIDES.__getitem__, default=None)
    if widest is None:
        return []
    smallest = BACKBONE_SIDES[widest]
    text = f"must be at least {smallest} for LPIPS with the backbone {widest}"
    return [
        Mistake(f"representations.{name}.side", repr(chosen.side), text)
        for name, chosen in study.representations.items()
        if chosen.side < smallest
    ]


def _salvaged(raw: Any) -> tuple[Parts, list[tuple[int, GridEntry]]]:
    """Return the parts and entries without mistakes, so that the rest is checked."""
    kinds: dict[str, Any] = {
        "representations": TypeAdapter(RepresentationSettings),
        "priors": TypeAdapter(PriorSettings),
        "solvers": TypeAdapter(SolverSettings),
    }
    sections = {kind: _section(raw, kind, dict) for kind in kinds}
    good = {kind: dict(_valid(sections[kind].items(), kinds[kind])) for kind in kinds}
    names = {kind: [str(name) for name in sections[kind]] for kind in kinds}
    entries = [_without_mistakes(entry) for entry in _section(raw, "grid", list)]
    whole = _valid(enumerate(entries), TypeAdapter(GridEntry))
    return Parts(**good, names=names), list(whole)


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


def _valid(items: Iterable[tuple[Any, Any]], form: Any) -> Iterator[Any]:
    for key, value in items:
        try:
            yield key, form.validate_python(value)
        except ValidationError:
            continue
