"""What the report concludes from the scores: findings, charts, a comparison."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.against import other_scores
from stages.page import summary
from stages.page.charts import charts
from stages.page.comparison import ComparisonPart, comparison_part
from stages.page.depth import error_by_depth
from stages.page.differences import compared
from stages.page.findings import Finding, findings
from stages.page.rendering import Drawing, drawings
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
    scores: pd.DataFrame, representations: Mapping[str, Any], against: str = ""
) -> Conclusions:
    """Return what the scores say; `against` names another study's scores.

    Raises Refusal if there are none of that name.
    """
    statistics = files.read_json(paths.TARGETS / "statistics.json")
    layers = {name: list(of["layers"]) for name, of in statistics.items()}
    columns = ["representation", "layer", "solver", "status", "trace"]
    by_depth = error_by_depth(scores, layers)
    traces = summary.traces(tables.rows(paths.PREIMAGES, columns))
    claims = findings(
        scores,
        layers,
        untrained=untrained(representations),
        descriptors=descriptors(representations),
    )
    return Conclusions(
        statistics=statistics,
        layers=layers,
        by_depth=by_depth,
        traces=traces,
        findings=claims,
        drawings=drawings(charts(scores, by_depth, traces, layers)),
        comparison=_comparison(against, scores) if against else None,
    )


def _comparison(against: str, scores: pd.DataFrame) -> ComparisonPart:
    return comparison_part(against, compared(other_scores(against), scores))


def untrained(representations: Mapping[str, Any]) -> dict[str, str]:
    """Return the trained networks, each with the same of random weights, by name."""
    networks = {n: r for n, r in representations.items() if hasattr(r, "weights")}
    return {
        name: twin
        for name, chosen in networks.items()
        for twin, other in networks.items()
        if chosen.weights not in UNTRAINED
        and other.weights in UNTRAINED
        and _architecture(chosen) == _architecture(other)
    }


# How settings say that a network has random weights: the user's own name no file.
UNTRAINED = ("random", None)


def _architecture(network: Any) -> dict[str, Any]:
    found: dict[str, Any] = network.model_dump(exclude={"weights", "sha256", "seed"})
    return found


def descriptors(representations: Mapping[str, Any]) -> dict[str, str]:
    """Return the first names that hog, hogb and dsift have in the study."""
    found: dict[str, str] = {}
    for name, chosen in representations.items():
        kind = chosen.kind
        if kind == "hog" and chosen.assignment == "bilinear":
            kind = "hogb"
        if kind in ("hog", "hogb", "dsift"):
            found.setdefault(kind, name)
    return found
