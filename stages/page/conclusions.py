"""What the report concludes from the scores: findings, charts, a comparison."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from stages.page import summary
from stages.page.charts.chart import Drawing
from stages.page.comparison.changed_params import changed_params
from stages.page.comparison.changes import keys_before, largest_changes
from stages.page.comparison.comparison import ComparisonPart, comparison_part
from stages.page.comparison.differences import compared
from stages.page.comparison.other_study import other_study
from stages.page.depth import error_by_depth
from stages.page.findings import Finding, findings
from stages.page.inputs import ReportInputs
from stages.page.pictures.picture import decoded
from stages.page.pictures.thumbnails import shown_uri
from stages.store import files, paths, tables

Statistics = dict[str, Any]


@dataclass(frozen=True)
class Conclusions:
    """What is known of a study before its pictures are looked at.

    `layers` are each representation's from shallow to deep, `by_depth` and `traces` the
    tables of `error_by_depth` and `summary.traces`; `comparison` is there if another
    study was named.
    """

    statistics: Statistics
    layers: dict[str, list[str]]
    by_depth: pd.DataFrame
    traces: pd.DataFrame
    findings: list[Finding]
    drawings: list[Drawing]
    comparison: ComparisonPart | None


def conclusions(
    scores: pd.DataFrame, inputs: ReportInputs, against: str = ""
) -> Conclusions:
    """Return what the scores say; `against` names another study's scores.

    Raises Refusal if there are none of that name.
    """
    # Altair takes a while to load, and is needed from here on.
    from stages.page.charts.charts import charts
    from stages.page.charts.rendering import drawings

    statistics = files.read_json(paths.TARGETS / "statistics.json")
    layers = {name: list(of["layers"]) for name, of in statistics.items()}
    columns = ["representation", "layer", "solver", "status", "trace"]
    by_depth = error_by_depth(scores, layers)
    spread = error_by_depth(scores, layers, deviations=True)
    traces = summary.traces(tables.rows(paths.PREIMAGES, columns))
    claims = findings(
        scores,
        layers,
        untrained=inputs.untrained,
        descriptors=inputs.descriptors,
    )
    return Conclusions(
        statistics=statistics,
        layers=layers,
        by_depth=by_depth,
        traces=traces,
        findings=claims,
        drawings=drawings(charts(scores, spread, traces, layers)),
        comparison=_comparison(against, scores) if against else None,
    )


def _comparison(against: str, scores: pd.DataFrame) -> ComparisonPart:
    other = other_study(against)
    changes = largest_changes(other.scores, scores)
    pictures = {
        key: shown_uri(decoded(data))
        for key, data in other.pictures(keys_before(changes)).items()
    }
    own = YAML(typ="safe", pure=True).load(paths.PARAMS.read_text())
    params = changed_params(other.params, own) if other.params else []
    differences = compared(other.scores, scores)
    return comparison_part(other.name, differences, params, changes, pictures)
