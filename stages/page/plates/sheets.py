"""Paper-style figures from the study's pictures, for papers, README and slides.

- `depth`: rows are pictures, columns layers: figure 1 shows one picture at up to eight
  layers, figure 2 all pictures at all layers;
- `seeds`: rows are layers, columns seeds;
- `streams`: rows are layers, columns both halves of the channels and random ones;
- `regions`: the original with the receptive field outlined, and its pre-images.

`tiles` draws them. Of several jobs in one place the first is shown, never the best.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from stages.page.pictures.picture import Picture
from stages.page.pictures.thumbnails import evenly_spaced
from stages.page.plates.tiles import Sheet, Tile, Window
from stages.page.summary import is_full

# Figure 1 shows so many layers at most; figures 3 to 5 so many rows: our choices.
MOST_LAYERS, MOST_ROWS = 8, 6

PictureOf = Callable[[str], Picture | None]


def _first(
    jobs: pd.DataFrame, labels: Sequence[str], picture: PictureOf
) -> dict[tuple[Any, ...], Tile]:
    """Return the first done job's picture of each combination of these labels."""
    done = jobs[jobs["status"] == "done"].drop_duplicates(list(labels))
    keys = zip(*(done[name] for name in labels), strict=True)
    return {key: Tile(picture(job)) for key, job in zip(keys, done["key"], strict=True)}


def _grid(
    rows: Mapping[str, Any], columns: Mapping[str, Any], tiles: Mapping[Any, Tile]
) -> Sheet:
    """Return the tiles at the pairs of row and column, by their names."""
    lines = [
        (name, [tiles.get((row, column), Tile(None)) for column in columns.values()])
        for name, row in rows.items()
    ]
    return Sheet(list(columns), lines)


def depth(
    jobs: pd.DataFrame,
    layers: Sequence[str],
    originals: Mapping[str, Picture],
    picture: PictureOf,
    *,
    most: int | None = None,
) -> Sheet:
    """Return originals (image_id -> picture), and their pre-images by layer, in order.

    `jobs` are those of one representation; whole codes count, of each picture and layer
    the first. With `most`, so many evenly spaced layers.
    """
    whole = jobs[is_full(jobs) & jobs["image_id"].isin(list(originals))]
    there = [name for name in layers if name in set(whole["layer"])]
    shown = evenly_spaced(there, most) if most else there
    whole = whole[whole["layer"].isin(shown)]
    tiles = _first(whole, ["image_id", "layer"], picture)
    tiles |= {(i, None): Tile(original) for i, original in originals.items()}
    names = dict(zip(whole["image_id"], whole["image_name"], strict=True))
    rows = {f"{names[i]}": i for i in originals if i in names}
    return _grid(rows, {"original": None, **{name: name for name in shown}}, tiles)


def seeds(jobs: pd.DataFrame, layers: Sequence[str], picture: PictureOf) -> Sheet:
    """Return one picture's pre-images: rows are its layers of several seeds."""
    whole = jobs[is_full(jobs)].dropna(subset=["diversity"])
    there = [name for name in layers if name in set(whole["layer"])]
    rows = evenly_spaced(there, MOST_ROWS)
    columns = {f"seed {seed:.0f}": seed for seed in sorted(set(whole["seed"]))}
    tiles = _first(whole, ["layer", "seed"], picture)
    return _grid({name: name for name in rows}, columns, tiles)


def streams(jobs: pd.DataFrame, layers: Sequence[str], picture: PictureOf) -> Sheet:
    """Return one picture's pre-images from halves of the channels: rows are layers."""
    named = jobs[jobs["region"] == "all"]
    there = dict.fromkeys(named["channels"])
    halves = [name for name in ("all", "first-half", "second-half") if name in there]
    halves += [name for name in there if name.startswith("random ")]
    split = set(named.loc[named["channels"] == "first-half", "layer"])
    rows = {name: name for name in layers if name in split}
    tiles = _first(named, ["layer", "channels"], picture)
    return _grid(rows, {name: name for name in halves}, tiles)


def regions(
    jobs: pd.DataFrame,
    original: Picture,
    fields: Mapping[tuple[str, str], Window],
    picture: PictureOf,
) -> Sheet:
    """Return one picture's pre-images of parts: a row a layer and region, by prior.

    `fields` gives the receptive field of each layer and region that is to be shown. It
    is outlined in the original and in each pre-image.
    """
    priors = list(dict.fromkeys(jobs.loc[jobs["region"] != "all", "prior"]))
    shown = _first(jobs, ["layer", "region", "prior"], picture)
    rows = []
    for (layer, region), window in list(fields.items())[:MOST_ROWS]:
        tiles = (shown.get((layer, region, prior), Tile(None)) for prior in priors)
        outlined = [Tile(one.picture, window) for one in (Tile(original), *tiles)]
        rows.append((f"{layer}, {region}", outlined))
    return Sheet(["original", *(f"prior {name}" for name in priors)], rows)
