"""Report the study: one page to read, and numbers for tools.

    data/images, data/targets, data/preimages, data/scores.parquet, params.yaml
        -> reports/index.html, metrics.json, plots/*.csv, figures/preimages.png

The same inputs give the same bytes: no clock is read.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from stages import images, schemas, settings, store, trunks
from stages.execution.process import run, say
from stages.execution.progress import duration
from stages.page import gallery, summary, tables
from stages.page.gallery import Figure
from stages.page.page import Page, render
from stages.page.provenance import Provenance, versions
from stages.page.sheet import sheet
from stages.page.wording import counted, listed, sides

_LABELS = [
    field.name
    for field in (*schemas.CELL, *schemas.JOB)
    if field.name not in ("channel_indices", "window")
]
PICTURES_ON_SHEET = 4
_SCORES = [
    *("kind", "key", "baseline", *_LABELS),
    *("status", "reason", "seconds", *summary.METRICS),
]


def page(scores: pd.DataFrame, *, title: str, most_pictures: int, side: int) -> Page:
    """Return the page about the study in the working directory.

    It shows at most so many pictures; originals are `side` pixels wide and high.
    """
    jobs = scores[scores["kind"] == "preimage"]
    shown = gallery.within_budget(list(_rows(jobs, most_pictures, side)))
    return Page(
        title=title,
        notices=_notices(),
        facts=_facts(jobs),
        strip=gallery.strip(shown[0]) if shown else [],
        shown=_shown(jobs, shown),
        shared=gallery.shared(jobs),
        rows=shown,
        columns=tables.columns(scores),
        blocks=tables.error_blocks(scores),
        codes=tables.code_lines(store.read_json(store.TARGETS / "statistics.json")),
        alerts=tables.alerts(scores),
        skipped=store.read_json(store.SKIPPED),
        provenance=_provenance(jobs),
    )


def _notices() -> list[str]:
    """Return what stands in for LPIPS, and how to get it, where a trunk is missing."""
    wanted = trunks.manifest()["trunks"]
    missing = [name for name, entry in wanted.items() if entry["status"] != "fetched"]
    if not missing:
        return []
    return [
        f"LPIPS ({listed(missing)}) is not in these scores: its weights could not be "
        "fetched. The judge's distance stands in for it, in a column of its own. When "
        f"the network is on: {trunks.LATER}"
    ]


def _facts(jobs: pd.DataFrame) -> list[str]:
    names = list(jobs["representation"].unique())
    return [
        counted(jobs["image_id"].nunique(), "picture"),
        f"{counted(len(names), 'representation')}: {listed(names)}",
        counted(len(jobs), "pre-image"),
        f"{duration(jobs['seconds'].sum())} of computing",
    ]


def _rows(jobs: pd.DataFrame, most_pictures: int, side: int) -> Iterator[gallery.Row]:
    """Yield the pictures to show, in the order of the study."""
    n_preimages = Counter(jobs["image_id"])
    pictures = [row["image_id"] for row in store.rows(store.IMAGES, ["image_id"])]
    counts = {name: n_preimages[name] for name in pictures if n_preimages[name]}
    chosen = set(gallery.chosen_pictures(counts, most_pictures))
    preimages = _preimages(jobs, {name: counts[name] for name in chosen})
    for row in store.rows(store.IMAGES):
        if row["image_id"] in chosen:
            picture = images.picture_from_png(row["image"]["bytes"])
            size = sides(row["width"], row["height"])
            yield gallery.Row(
                name=row["name"],
                about=f"{size} pixels, {row['source']}, licence: {row['licence']}",
                original=gallery.original_figure(
                    row["name"], images.square(picture, side)
                ),
                preimages=preimages[row["image_id"]],
            )


def _preimages(
    jobs: pd.DataFrame, n_preimages: dict[str, int]
) -> dict[str, list[Figure]]:
    """Return the figures of these pictures' pre-images, in the order of the study."""
    told = gallery.varying(jobs)
    columns = jobs[["key", "relative_error_8bit", "psnr"]].itertuples(index=False)
    numbers = {
        key: {"relative_error_8bit": error, "psnr": decibels}
        for key, error, decibels in columns
    }
    wanted = {
        name: set(gallery.evenly_spaced(range(n), gallery.MOST_THUMBNAILS))
        for name, n in n_preimages.items()
    }
    seen: Counter[str] = Counter()
    found: dict[str, list[Figure]] = defaultdict(list)
    for row in store.rows(store.PREIMAGES, ["key", *_LABELS, "status", "image"]):
        name = row["image_id"]
        if name in wanted and seen[name] in wanted[name]:
            picture = row["image"] and images.picture_from_png(row["image"]["bytes"])
            uri = gallery.thumbnail(picture) if picture else ""
            labels = row | numbers[row["key"]]
            found[name].append(gallery.preimage_figure(labels, told, uri))
        seen[name] += 1
    return found


def _shown(jobs: pd.DataFrame, rows: list[gallery.Row]) -> str:
    """Return what part of the study the gallery shows."""
    n_pictures = jobs["image_id"].nunique()
    n_figures = sum(len(row.preimages) for row in rows)
    if n_figures == len(jobs):
        return f"All {counted(n_figures, 'pre-image')} of the study."
    return (
        f"{len(rows):,} of {counted(n_pictures, 'picture')}, evenly spaced over the "
        f"study, with {n_figures:,} of {counted(len(jobs), 'pre-image')}: the page is "
        "kept small. The tables are about all of them."
    )


def _provenance(jobs: pd.DataFrame) -> Provenance:
    devices = (row["device"] for row in store.rows(store.PREIMAGES, ["device"]))
    return Provenance(
        params=store.PARAMS.read_text(),
        hashes={f"{path}": _sha256(path) for path in (store.IMAGES, store.SCORES)},
        devices=[device for device in dict.fromkeys(devices) if device],
        computing=f"{duration(jobs['seconds'].sum())} for {counted(len(jobs), 'job')}",
        versions=versions(),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def contact_sheet(codes: list[tuple[str, str]], columns: list[str]) -> images.Picture:
    """Return the first pictures with the first pre-image of each of these codes.

    Codes are pairs of representation and layer; each has a column of this name.
    """
    names = dict(zip(codes, columns, strict=True))
    originals = {
        row["image_id"]: images.picture_from_png(row["image"]["bytes"])
        for row in islice(store.rows(store.IMAGES), PICTURES_ON_SHEET)
    }
    found: dict[str, dict[str, images.Picture]] = {name: {} for name in originals}
    for row in store.rows(store.PREIMAGES, ["status", *_LABELS, "image"]):
        if row["image_id"] not in found:
            continue
        preimages = found[row["image_id"]]
        column = names.get((row["representation"], row["layer"]))
        whole = row["channels"] == row["region"] == "all"
        due = whole and row["status"] == "done" and column not in preimages
        if column is not None and due:
            preimages[column] = images.picture_from_png(row["image"]["bytes"])
    return sheet([(originals[name], found[name]) for name in originals], columns)


def _figure(scores: pd.DataFrame) -> images.Picture:
    """Return the contact sheet of codes that are evenly spaced over the study."""
    jobs = scores[scores["kind"] == "preimage"]
    pairs = jobs[["representation", "layer"]].drop_duplicates().itertuples(index=False)
    codes = gallery.evenly_spaced([tuple(p) for p in pairs], gallery.MOST_IN_STRIP)
    many = summary.has_layers(jobs)
    columns = [f"{name} {layer}" if many else name for name, layer in codes]
    return contact_sheet(codes, columns)


def write_report(scores: pd.DataFrame, shown: Page) -> None:
    """Write the page, the metrics and the plots."""
    store.write_text(store.REPORT, render(shown))
    store.write_json(store.METRICS, summary.metrics(scores))
    _write_csv("error_by_representation", summary.error_by_representation(scores))
    columns = ["representation", "layer", "solver", "status", "trace"]
    traces = summary.traces(store.rows(store.PREIMAGES, columns))
    _write_csv("traces", traces)
    figure = images.png(_figure(scores))
    store.write_bytes(store.FIGURES / "preimages.png", figure)


def _write_csv(name: str, table: pd.DataFrame) -> None:
    text = table.to_csv(index=False, lineterminator="\n")
    store.write_text(store.PLOTS / f"{name}.csv", text)


def main() -> None:
    """Report the study."""
    params = settings.load("report")
    scores = pd.read_parquet(store.SCORES, columns=_SCORES)
    # Yes and no as 1 and 0, so that there is a mean.
    scores["judge_agrees"] = scores["judge_agrees"].astype("float64")
    side = max(chosen.side for chosen in params.representations.values())
    shown = page(
        scores,
        title=params.report.title,
        most_pictures=params.report.pictures,
        side=min(side, gallery.THUMBNAIL_SIDE),
    )
    write_report(scores, shown)
    say(f"the report is in {store.REPORT}")


if __name__ == "__main__":
    run(main)
