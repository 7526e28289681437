"""What each stage reads of params.yaml, and the views of those that need no grid.

Scores and report take the file as it is checked by itself: nothing is built for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.params.execution import ExecutionSettings
from stages.params.fetching import FetchSettings
from stages.params.grid import GridEntry
from stages.params.reading import read_study
from stages.params.representations import Representation
from stages.params.study import ReportSettings, Study
from stages.plan.missing import missing as reasons
from stages.store import paths

# The sections of params.yaml that each stage reads; dvc.yaml lists the same (tested).
SECTIONS: dict[str, tuple[str, ...]] = {
    "fetch": ("fetch", "representations"),
    "extract": ("representations", "grid", "execution"),
    "invert": ("representations", "priors", "solvers", "grid", "execution"),
    "score": ("representations", "execution"),
    "report": ("fetch", "representations", "grid", "report"),
}


@dataclass(frozen=True)
class ScoreStage:
    """What the score stage reads."""

    representations: Mapping[str, Representation]
    execution: ExecutionSettings


@dataclass(frozen=True)
class ReportStage:
    """What the report stage reads."""

    fetch: FetchSettings
    representations: Mapping[str, Representation]
    grid: tuple[GridEntry, ...]
    report: ReportSettings


def score_stage(path: Path = paths.PARAMS) -> ScoreStage:
    """Return what the score stage reads; raises ParamsError."""
    study = read_study(path)
    return ScoreStage(_with_weights(study), study.execution)


def report_stage(path: Path = paths.PARAMS) -> ReportStage:
    """Return what the report stage reads; raises ParamsError."""
    study = read_study(path)
    known = _with_weights(study)
    return ReportStage(study.fetch, known, tuple(study.grid), study.report)


def _with_weights(study: Study) -> dict[str, Representation]:
    """Return the representations that have weights and a code."""
    missing = reasons()
    named = study.representations.items()
    return {name: settings for name, settings in named if name not in missing}
