"""What the report's page says of the study in the working directory."""

from pathlib import Path
from typing import Any

import pandas as pd

from stages import gleaning, images, store
from stages.conclusions import Conclusions
from stages.execution.progress import duration
from stages.file_hash import file_hash
from stages.page import (
    alerts,
    data,
    gallery,
    pictures,
    provenance,
    rendering,
    tables,
)
from stages.page.page import Page
from stages.page.wording import counted, listed, number, shared, sides
from stages.weights import kept

CITATION = Path("CITATION.cff")

_Views = dict[str, tuple[int, bool]]


def page(
    scores: pd.DataFrame, known: Conclusions, spool: pictures.Spool, params: Any
) -> Page:
    """Return the page about the study; its thumbnails go into the spool."""
    jobs = scores[scores["kind"] == "preimage"]
    layers = [(name, layer) for name, of in known.layers.items() for layer in of]
    opening = gallery.depths(jobs, layers)
    seen = gleaning.glean(spool, opening)
    views = {
        name: (chosen.side, name in seen.grey)
        for name, chosen in params.representations.items()
    }
    originals, photograph = _originals(spool, jobs, views, opening)
    forms = gleaning.described(views)
    forms["fields"] = fields(scores)
    return Page(
        title=params.report.title,
        notices=_notices(),
        facts=_facts(jobs),
        opening=_opening(photograph, opening, seen),
        shown="",
        folder=True,
        shared=shared(jobs),
        columns=tables.columns(scores),
        blocks=tables.error_blocks(scores),
        codes=tables.code_lines(known.statistics),
        alerts=alerts.alerts(jobs, seen.saturation, seen.falls),
        skipped=store.read_json(store.SKIPPED),
        provenance=_provenance(jobs, list(seen.devices)),
        study=data.study_json(scores, originals, layers, forms),
        findings=known.findings,
        charts=known.drawings,
        comparison=known.comparison,
        thumbs={entry.name: entry.name for entry in spool.entries},
        libraries=[rendering.bundle()] if known.drawings else [],
    )


def _originals(
    spool: pictures.Spool,
    jobs: pd.DataFrame,
    views: _Views,
    opening: pd.DataFrame,
) -> tuple[list[dict[str, str]], gallery.Figure | None]:
    """Return what the page says of each original, and the photograph to open with."""
    told, photograph = [], None
    first = opening["image_id"].iloc[0] if len(opening) else None
    for row, picture in gleaning.originals(spool, set(jobs["image_id"]), views):
        size = sides(row["width"], row["height"])
        about = f"{size} pixels, {row['source']}, licence: {row['licence']}"
        told.append({"id": row["image_id"], "name": row["name"], "about": about})
        if row["image_id"] == first:
            side = min(gallery.PHOTOGRAPH_SIDE, *picture.size)
            large = images.square(picture, side)
            photograph = gallery.original_figure(row["name"], large)
    return told, photograph


def _opening(
    photograph: gallery.Figure | None, jobs: pd.DataFrame, seen: gleaning.Gleaned
) -> gallery.Opening | None:
    if photograph is None or not seen.figures:
        return None
    names = jobs["representation"].unique()
    figures = [seen.figures[key] for key in jobs["key"] if key in seen.figures]
    return gallery.Opening(photograph, figures, names[0] if len(names) == 1 else "")


def fields(scores: pd.DataFrame) -> list[tuple[str, str, str, list[int]]]:
    """Return representation, layer, region and the window of pixels that it sees."""
    columns = ["representation", "layer", "region"]
    known = scores[scores["field"].notna()].drop_duplicates(columns)
    ones = known[[*columns, "field"]].itertuples(index=False)
    return [(*names, list(map(int, field))) for *names, field in ones]


def _notices() -> list[str]:
    """Return what weights are missing, what stands in, and what gets them."""
    manifest = kept.manifest()
    without = [
        f"{name} is missing from this study: its weights could not be fetched "
        f"({entry['reason']}). {_accepted(entry)}. When the network is on: {kept.LATER}"
        for name, entry in kept.missing(manifest["networks"]).items()
    ]
    missing = kept.missing(manifest["lpips"])
    if not missing:
        return without
    return [
        *without,
        f"LPIPS ({listed(list(missing))}) is not in these scores: its weights could "
        "not be fetched. The judge's distance stands in for it, in a column of its "
        f"own. When the network is on: {kept.LATER}",
    ]


def _accepted(entry: kept.Entry) -> str:
    """Return which copies of files, brought by other means, are taken, and where."""
    copies = [
        f"{one['copy']} (sha256 {one['known_hash']}), in {one['folder']}"
        for one in entry["sources"]
    ]
    return f"A copy is accepted of {' or of '.join(copies)}"


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
    hashes = {f"{path}": file_hash(path) for path in (store.IMAGES, store.SCORES)}
    times = jobs.groupby("representation", sort=False)["seconds"]
    return provenance.Provenance(
        params=store.PARAMS.read_text(),
        hashes=hashes | provenance.weight_hashes(manifest),
        devices=devices,
        computing=f"{duration(jobs['seconds'].sum())} for {counted(len(jobs), 'job')}",
        durations=[(f"{name}", number(mean, 2)) for name, mean in times.mean().items()],
        unreachable=provenance.unreachable(manifest),
        versions=provenance.versions(),
        citation=CITATION.read_text() if CITATION.is_file() else "",
    )
