"""What the report's page says of the study in the working directory."""

from pathlib import Path

import pandas as pd

from stages.page import alerts, data, provenance, tables, weights
from stages.page.charts import rendering
from stages.page.conclusions import Conclusions
from stages.page.inputs import ReportInputs
from stages.page.page import Page
from stages.page.pictures import opening as openings
from stages.page.pictures.picture import square
from stages.page.pictures.survey import Survey, described, originals, survey
from stages.page.pictures.thumbnails import Spool
from stages.page.wording import counted, listed, number, shared, sides
from stages.process.progress import duration
from stages.store import files, paths
from stages.store.file_hash import sha256
from stages.weights import kept

CITATION = Path("CITATION.cff")

_Views = dict[str, tuple[int, bool]]


def page(
    scores: pd.DataFrame, known: Conclusions, spool: Spool, inputs: ReportInputs
) -> Page:
    """Return the page about the study; its thumbnails go into the spool."""
    jobs = scores[scores["kind"] == "preimage"]
    layers = [(name, layer) for name, of in known.layers.items() for layer in of]
    opening = openings.depths(jobs, layers)
    seen = survey(spool, opening)
    views = {name: (side, name in seen.grey) for name, side in inputs.sides.items()}
    told, photograph = _originals(spool, jobs, views, opening)
    forms = described(views)
    forms["fields"] = fields(scores)
    return Page(
        title=inputs.title,
        notices=weights.notices(kept.manifest()),
        facts=_facts(jobs),
        opening=_opening(photograph, opening, seen),
        shown="",
        folder=True,
        shared=shared(jobs),
        columns=tables.columns(scores),
        blocks=tables.error_blocks(scores),
        codes=tables.code_lines(known.statistics),
        alerts=alerts.alerts(jobs, seen.saturation, seen.falls),
        skipped=files.read_json(paths.SKIPPED),
        provenance=_provenance(jobs, list(seen.devices)),
        study=data.study_json(scores, told, layers, forms),
        findings=known.findings,
        charts=known.drawings,
        comparison=known.comparison,
        thumbs={entry.name: entry.name for entry in spool.entries},
        libraries=[rendering.bundle()] if known.drawings else [],
    )


def _originals(
    spool: Spool,
    jobs: pd.DataFrame,
    views: _Views,
    opening: pd.DataFrame,
) -> tuple[list[dict[str, str]], openings.Figure | None]:
    """Return what the page says of each original, and the photograph to open with."""
    told, photograph = [], None
    first = opening["image_id"].iloc[0] if len(opening) else None
    for row, picture in originals(spool, set(jobs["image_id"]), views):
        size = sides(row["width"], row["height"])
        about = f"{size} pixels, {row['source']}, licence: {row['licence']}"
        told.append({"id": row["image_id"], "name": row["name"], "about": about})
        if row["image_id"] == first:
            side = min(openings.PHOTOGRAPH_SIDE, *picture.size)
            large = square(picture, side)
            photograph = openings.original_figure(row["name"], large)
    return told, photograph


def _opening(
    photograph: openings.Figure | None, jobs: pd.DataFrame, seen: Survey
) -> openings.Opening | None:
    if photograph is None or not seen.figures:
        return None
    names = jobs["representation"].unique()
    figures = [seen.figures[key] for key in jobs["key"] if key in seen.figures]
    return openings.Opening(photograph, figures, names[0] if len(names) == 1 else "")


def fields(scores: pd.DataFrame) -> list[tuple[str, str, str, list[int]]]:
    """Return representation, layer, region and the window of pixels that it sees."""
    columns = ["representation", "layer", "region"]
    known = scores[scores["field"].notna()].drop_duplicates(columns)
    ones = known[[*columns, "field"]].itertuples(index=False)
    return [(*names, list(map(int, field))) for *names, field in ones]


def _facts(jobs: pd.DataFrame) -> list[str]:
    names = list(jobs["representation"].unique())
    return [
        counted(jobs["image_id"].nunique(), "picture"),
        f"{counted(len(names), 'representation')}: {listed(names)}",
        counted(len(jobs), "pre-image"),
        f"{duration(jobs['seconds'].sum())} of computing",
    ]


def _provenance(jobs: pd.DataFrame, devices: list[str]) -> provenance.Provenance:
    manifest = kept.manifest()
    hashes = {f"{path}": sha256(path) for path in (paths.IMAGES, paths.SCORES)}
    times = jobs.groupby("representation", sort=False)["seconds"]
    return provenance.Provenance(
        params=paths.PARAMS.read_text(),
        hashes=hashes | provenance.weight_hashes(manifest),
        devices=devices,
        computing=f"{duration(jobs['seconds'].sum())} for {counted(len(jobs), 'job')}",
        durations=[(f"{name}", number(mean, 2)) for name, mean in times.mean().items()],
        unreachable=provenance.unreachable(manifest),
        versions=provenance.versions(),
        citation=CITATION.read_text() if CITATION.is_file() else "",
    )
