"""What the report's page says of the study in the working directory."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.page import alerts, provenance, tables
from stages.page.charts import rendering
from stages.page.comparison.changes import Change
from stages.page.conclusions import Conclusions
from stages.page.inputs import ReportInputs
from stages.page.notices import notices
from stages.page.one_by_one import OneByOne
from stages.page.page import Page
from stages.page.pictures import opening as openings
from stages.page.pictures.picture import View
from stages.page.pictures.survey import (
    Survey,
    described,
    originals,
    shown_originals,
    survey,
)
from stages.page.pictures.thumbnails import Spool
from stages.page.plates.plate import Plate
from stages.page.plates.plates import plates
from stages.page.plates.tiles import Window
from stages.page.revision import revision
from stages.page.sample import sampled
from stages.page.summary import SELECTION
from stages.page.wording import counted, listed, number, shared, sides
from stages.process.progress import duration
from stages.process.secrets import masked
from stages.store import files, paths
from stages.store.file_hash import sha256
from stages.weights import kept

CITATION = Path("CITATION.cff")

# What is looked at of all jobs: each column of a million takes megabytes.
_COLUMNS = [*SELECTION, "prior", "solver", "seed", "image_id", "image_name", "key"]
_COLUMNS += ["status", "reason", "seconds", "denoiser_term", "diversity"]
_COLUMNS += ["relative_error_8bit", "psnr"]

Views = dict[str, View]


def page(
    scores: pd.DataFrame, known: Conclusions, spool: Spool, inputs: ReportInputs
) -> tuple[Page, OneByOne]:
    """Return the page about the study, and what it is to tell one by one.

    The thumbnails of that go into the spool.
    """
    there = [name for name in _COLUMNS if name in scores]
    jobs = scores.loc[scores["kind"] == "preimage", there]
    layers = [(name, layer) for name, of in known.layers.items() for layer in of]
    opening = openings.opening(openings.depths(jobs, layers))
    sheets = plates(inputs.grid, scores, known.layers, _shares(scores, inputs.sides))
    wanted = _wanted(opening, known, sheets)
    rows = sampled(scores, wanted)
    seen = survey(spool, wanted, None if rows is scores else set(rows["key"]))
    views = {name: (side, name in seen.grey) for name, side in inputs.sides.items()}
    ids = set(rows.loc[rows["kind"] == "preimage", "image_id"])
    shown = _wanted_originals(opening, known, sheets)
    pictures = _originals(spool, ids, views, seen, shown)
    forms = described(views)
    source = _provenance(jobs, seen.devices)
    forms |= {"fields": fields(scores), "plates": _views_of(sheets)}
    forms |= {"about": _about(inputs.title, source)}
    told = OneByOne(scores, rows, wanted, pictures, layers, forms)
    page = Page(
        title=inputs.title,
        notices=notices(
            kept.manifest(), _left_out(), known.statistics, list(seen.versions)
        ),
        facts=_facts(jobs, inputs),
        opening=opening,
        sample="",
        shown="",
        folder=True,
        shared=shared(jobs),
        columns=tables.columns(scores),
        blocks=tables.error_blocks(scores),
        codes=tables.code_lines(known.statistics),
        alerts=alerts.alerts(jobs, seen.saturation, seen.falls),
        skipped=files.read_json(paths.SKIPPED),
        provenance=source,
        study="",
        views=views,
        pictures=seen.shown,
        findings=known.findings,
        plates=sheets,
        charts=known.drawings,
        comparison=known.comparison,
        libraries=[rendering.bundle()] if known.drawings else [],
    )
    return page, told


def _wanted(
    opening: openings.Opening | None, known: Conclusions, sheets: list[Plate]
) -> set[str]:
    """Return the keys of the pre-images that stand on the page itself."""
    examples = [one for finding in known.findings for one in finding.examples]
    return {
        *(figure.key for figure in (opening.preimages if opening else [])),
        *(frame.key for example in examples for frame in example.frames),
        *(spot.key for sheet in sheets for spot in sheet.spots),
        *(change.key_after for change in _changes(known)),
    }


def _wanted_originals(
    opening: openings.Opening | None, known: Conclusions, sheets: list[Plate]
) -> set[str]:
    """Return the ids of the originals that stand on the page itself."""
    examples = [one for finding in known.findings for one in finding.examples]
    return {
        *([opening.image_id] if opening else []),
        *(example.image_id for example in examples),
        *(spot.original for sheet in sheets for spot in sheet.spots),
        *(change.image_id for change in _changes(known)),
    }


def _changes(known: Conclusions) -> Sequence[Change]:
    return known.comparison.changes if known.comparison else ()


def _originals(
    spool: Spool, ids: set[str], views: Views, seen: Survey, wanted: set[str]
) -> list[dict[str, str]]:
    """Return what the page says of each original; keep those that it shows itself."""
    told = []
    for row, picture in originals(spool, ids, views):
        size = sides(row["width"], row["height"])
        about = f"{size} pixels, {row['source']}, licence: {row['licence']}"
        told.append({"id": row["image_id"], "name": row["name"], "about": about})
        if row["image_id"] in wanted:
            seen.shown |= shown_originals(row, picture, views)
    return told


def _about(title: str, source: provenance.Provenance) -> dict[str, str]:
    """Return what a pre-image is cited by beside its own key."""
    digest = hashlib.sha256(source.params.encode()).hexdigest()
    return {"title": title, "params": digest}


def _views_of(sheets: list[Plate]) -> list[dict[str, Any]]:
    """Return the plates' titles with the filters that show them in the gallery."""
    return [{"title": sheet.title, "view": dict(sheet.view)} for sheet in sheets]


def _shares(
    scores: pd.DataFrame, side_of: Mapping[str, int]
) -> dict[tuple[str, str, str], Window]:
    """Return the windows that selections see, as shares of the image's side."""
    shares: dict[tuple[str, str, str], Window] = {}
    for name, layer, region, window in fields(scores):
        top, end, left, right = (edge / side_of[name] for edge in window)
        shares[name, layer, region] = top, end, left, right
    return shares


def _left_out() -> dict[str, str]:
    """Return the representations that gave no code to invert, with the reason."""
    if not paths.LEFT_OUT.is_file():
        return {}
    reasons: dict[str, str] = files.read_json(paths.LEFT_OUT)
    return reasons


def fields(scores: pd.DataFrame) -> list[tuple[str, str, str, list[int]]]:
    """Return representation, layer, region and the window of pixels that it sees."""
    columns = ["representation", "layer", "region"]
    seen = scores.loc[scores["field"].notna(), [*columns, "field"]]
    ones = seen.drop_duplicates(columns).itertuples(index=False)
    return [(*names, list(map(int, field))) for *names, field in ones]


def _facts(jobs: pd.DataFrame, inputs: ReportInputs) -> list[str]:
    trained = {twin: name for name, twin in inputs.untrained.items()}
    names = [
        f"{name} ({trained[name]} with random weights)"
        if name in trained
        else f"{name} ({inputs.sides[name]} px)"
        for name in jobs["representation"].unique()
    ]
    return [
        counted(jobs["image_id"].nunique(), "picture"),
        f"{counted(len(names), 'representation')}: {listed(names)}",
        counted(len(jobs), "pre-image"),
        f"{duration(jobs['seconds'].sum())} of computing",
    ]


def _provenance(
    jobs: pd.DataFrame, devices: Mapping[str, float]
) -> provenance.Provenance:
    manifest = kept.manifest()
    hashes = {f"{path}": sha256(path) for path in (paths.IMAGES, paths.SCORES)}
    times = jobs.groupby("representation", sort=False)["seconds"]
    citation = CITATION.read_text() if CITATION.is_file() else ""
    return provenance.Provenance(
        params=masked(paths.PARAMS.read_text()),
        hashes=hashes | provenance.weight_hashes(manifest),
        devices=[f"{name}: {duration(spent)}" for name, spent in devices.items()],
        stages=provenance.stage_times(),
        computing=f"{duration(jobs['seconds'].sum())} for {counted(len(jobs), 'job')}",
        durations=[(f"{name}", number(mean, 2)) for name, mean in times.mean().items()],
        unreachable=provenance.unreachable(manifest),
        versions=provenance.versions(),
        citation=citation,
        bibtex=provenance.bibtex(citation),
        commit=revision(),
    )
