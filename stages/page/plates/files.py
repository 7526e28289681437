"""Figures for papers, README and slides: sheets of pictures, and the charts.

Everything is written as PNG and as SVG. Which pictures a figure shows is decided
first; then the store is read once, and these alone are kept.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from stages.page.charts import rendering
from stages.page.conclusions import Conclusions
from stages.page.pictures.picture import Picture, decoded, encoded
from stages.page.plates import sheets
from stages.page.plates.tiles import Sheet, Window, as_picture, as_svg
from stages.page.summary import is_full
from stages.store import files, paths, tables

# Pictures that a figure shows at most, our choice: a row each.
MOST_PICTURES = 6


# Representation -> layer and region -> the window of the image that they see.
Fields = dict[str, dict[tuple[str, str], Window]]


def shares(
    fields: Iterable[tuple[str, str, str, Sequence[int]]], sides: Mapping[str, int]
) -> Fields:
    """Return windows of pixels as shares of each representation's image."""
    shares_of: Fields = {name: {} for name in sides}
    for name, layer, region, window in fields:
        top, end, left, right = (edge / sides[name] for edge in window)
        shares_of[name][layer, region] = top, end, left, right
    return shares_of


def write_figures(scores: pd.DataFrame, known: Conclusions, fields: Fields) -> None:
    """Write the figures of the study's pre-images, and its charts."""
    jobs = scores[(scores["kind"] == "preimage") & (scores["status"] == "done")]
    originals = _originals(list(dict.fromkeys(jobs["image_id"]))[:MOST_PICTURES])
    jobs = jobs[jobs["image_id"].isin(list(originals))]
    asked: list[str] = []
    dict(_sheets(jobs, known.layers, fields, originals, asked.append))
    pictures = _preimages(set(asked))
    for name, sheet in _sheets(jobs, known.layers, fields, originals, pictures.get):
        _write(name, encoded(as_picture(sheet)), as_svg(sheet))
    for chart in (drawing.chart for drawing in known.drawings):
        _write(chart.name, rendering.png(chart), rendering.file_svg(chart))


def _write(name: str, png: bytes, svg: str) -> None:
    files.write_bytes(paths.FIGURES / f"{name}.png", png)
    files.write_text(paths.FIGURES / f"{name}.svg", svg)


def _originals(wanted: list[str]) -> dict[str, Picture]:
    originals = {
        row["image_id"]: decoded(row["image"]["bytes"])
        for row in tables.rows(paths.IMAGES)
        if row["image_id"] in wanted
    }
    return {name: originals[name] for name in wanted if name in originals}


def _preimages(keys: Collection[str]) -> dict[str, Picture]:
    return {
        row["key"]: decoded(row["image"]["bytes"])
        for row in tables.rows(paths.PREIMAGES, ["key", "image"])
        if row["key"] in keys and row["image"] is not None
    }


def _sheets(
    jobs: pd.DataFrame,
    layers: dict[str, list[str]],
    fields: Fields,
    originals: dict[str, Picture],
    picture: sheets.PictureOf,
) -> Iterator[tuple[str, Sheet]]:
    """Yield the name of each figure that shows some pre-image, and the figure."""
    for name, mine in jobs.groupby("representation", sort=False):
        if mine["layer"].nunique() > 1:
            seen, order = fields[f"{name}"], layers[f"{name}"]
            yield from _of_layers(f"{name}", mine, order, seen, originals, picture)
    yield from _beside(jobs, originals, picture)


def _of_layers(
    name: str,
    jobs: pd.DataFrame,
    layers: list[str],
    fields: dict[tuple[str, str], Window],
    originals: dict[str, Picture],
    picture: sheets.PictureOf,
) -> Iterator[tuple[str, Sheet]]:
    one = jobs["image_id"].iloc[0]
    first = {one: originals[one]}
    mine = jobs[jobs["image_id"] == one]
    parts = {(f"{layer}", f"{region}") for layer, region in _parts(mine)}
    windows = {part: field for part, field in fields.items() if part in parts}
    every = {
        "depth": sheets.depth(jobs, layers, first, picture, most=sheets.MOST_LAYERS),
        "layers": sheets.depth(jobs, layers, originals, picture),
        "seeds": sheets.seeds(mine, layers, picture),
        "streams": sheets.streams(mine, layers, picture),
        "regions": sheets.regions(mine, originals[one], windows, picture),
    }
    for kind, sheet in every.items():
        if sheet.rows:
            yield f"{kind}-{name.replace(' ', '-')}", sheet


def _parts(jobs: pd.DataFrame) -> Iterator[tuple[Any, Any]]:
    there = jobs[(jobs["region"] != "all") & (jobs["channels"] == "all")]
    return zip(there["layer"], there["region"], strict=True)


def _beside(
    jobs: pd.DataFrame, originals: dict[str, Picture], picture: sheets.PictureOf
) -> Iterator[tuple[str, Sheet]]:
    """Yield representations of a single layer, side by side."""
    counts = jobs.groupby("representation", sort=False)["layer"].nunique()
    names = [f"{name}" for name in counts[counts == 1].index]
    there = jobs[jobs["representation"].isin(names) & is_full(jobs)]
    if len(there):
        named = there.assign(layer=there["representation"])
        yield "representations", sheets.depth(named, names, originals, picture)
