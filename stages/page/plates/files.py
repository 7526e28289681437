"""Plates and charts as files, for papers: PNG and SVG of each, PDF of plates."""

from collections.abc import Collection, Mapping, Sequence

from stages.page.charts import rendering
from stages.page.charts.chart import Drawing
from stages.page.pictures.picture import Picture, View, decoded, encoded, seen_by
from stages.page.plates.pdf import as_pdf
from stages.page.plates.plate import Plate, Spot
from stages.page.plates.tiles import Sheet, Tile, as_picture, as_svg
from stages.store import files, paths, tables


def write_figures(
    plates: Sequence[Plate], drawings: Sequence[Drawing], views: Mapping[str, View]
) -> None:
    """Write the plates and the charts; `views` tell how representations see.

    The store is read once, and only what a plate shows is kept.
    """
    spots = [spot for plate in plates for spot in plate.spots]
    preimages = _preimages({spot.key for spot in spots if spot.key})
    originals = _originals({spot.original for spot in spots if spot.original})

    def tile(spot: Spot) -> Tile:
        if spot.original:
            view = views[spot.representation]
            return Tile(seen_by(originals[spot.original], view), spot.outline)
        return Tile(preimages.get(spot.key), spot.outline)

    for plate in plates:
        rows = [(name, [tile(spot) for spot in row]) for name, row in plate.rows]
        sheet = Sheet(plate.columns, rows)
        _write(plate.name, encoded(as_picture(sheet)), as_svg(sheet))
        files.write_bytes(paths.FIGURES / f"{plate.name}.pdf", as_pdf(sheet))
    for chart in (drawing.chart for drawing in drawings):
        _write(chart.name, rendering.png(chart), rendering.file_svg(chart))


def _write(name: str, png: bytes, svg: str) -> None:
    files.write_bytes(paths.FIGURES / f"{name}.png", png)
    files.write_text(paths.FIGURES / f"{name}.svg", svg)


def _originals(wanted: Collection[str]) -> dict[str, Picture]:
    return {
        row["image_id"]: decoded(row["image"]["bytes"])
        for row in tables.rows(paths.IMAGES)
        if row["image_id"] in wanted
    }


def _preimages(keys: Collection[str]) -> dict[str, Picture]:
    return {
        row["key"]: decoded(row["image"]["bytes"])
        for row in tables.rows(paths.PREIMAGES, ["key", "image"])
        if row["key"] in keys and row["image"] is not None
    }
