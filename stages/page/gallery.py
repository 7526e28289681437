"""Pre-images beside their originals: which of them are shown, and how.

A page of thousands of pictures is slow to open and nobody looks at them all. Within a
budget, an evenly spaced subset of the pictures is shown, each with all of its
pre-images; of a single picture's pre-images, if they alone exceed it, an evenly spaced
subset. What is shown is never chosen by its score.
"""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pandas as pd
from PIL import Image as PillowImage

from stages.images import Picture
from stages.page.summary import has_layers
from stages.page.wording import MISSING, listed, number

# Our choice: a browser opens some 400 pictures inside a page without a pause.
MOST_THUMBNAILS = 400
MOST_BYTES = 25_000_000
MOST_IN_STRIP = 7

# Longest side of a thumbnail in pixels, our choice: larger than it is shown.
THUMBNAIL_SIDE = 256

# What may stand in a caption beside the representation and its layer.
LABELS = ["channels", "region", "prior", "solver", "seed"]

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """A thumbnail with its caption; `uri` is empty where there is no picture.

    `code` names representation and layer where the whole code was inverted, `group` all
    that the pre-image shares with its neighbours: what is told but layer and seed.
    """

    uri: str
    alt: str
    title: str
    code: tuple[str, str] | None = None
    details: str = ""
    numbers: str = ""
    status: str = "done"
    group: str = ""


@dataclass(frozen=True)
class Row:
    """A picture of the study with its pre-images."""

    name: str
    about: str
    original: Figure
    preimages: list[Figure]

    @property
    def groups(self) -> list[tuple[str, list[Figure]]]:
        """The pre-images by group, in order of appearance, each with its heading."""
        found: dict[str, list[Figure]] = {}
        for figure in self.preimages:
            found.setdefault(figure.group, []).append(figure)
        return list(found.items())

    @property
    def n_bytes(self) -> int:
        """How much of the page the thumbnails take."""
        return sum(len(figure.uri) for figure in [self.original, *self.preimages])


def varying(jobs: pd.DataFrame) -> list[str]:
    """Return the labels that tell pre-images apart, for their captions.

    The layer only where some representation is cut at more than one.
    """
    others = [name for name in LABELS if jobs[name].nunique() > 1]
    return ["layer", *others] if has_layers(jobs) else others


def shared(jobs: pd.DataFrame) -> str:
    """Return the labels that all pre-images have in common, in one phrase.

    That all channels or the whole region are inverted goes without saying.
    """
    names = [name for name in LABELS if jobs[name].nunique() == 1]
    labels = {name: _label(jobs[name].iloc[0]) for name in names}
    told = [f"{name} {label}" for name, label in labels.items() if label != "all"]
    return listed(told) if told else ""


def _label(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) else f"{value}"


def preimage_figure(row: Mapping[str, Any], told: Sequence[str], uri: str) -> Figure:
    """Return the figure of a job, its caption with the labels in `told`.

    `row` has the labels, the status and, from the scores, the relative error and the
    PSNR of the stored picture.
    """
    own = _told(row, [name for name in told if name in ("layer", "seed")])
    common = _told(row, [name for name in told if name not in ("layer", "seed")])
    everything = " · ".join(filter(None, [own, common]))
    whole = row["channels"] == row["region"] == "all"
    of = f"Pre-image of {row['image_name']} from {row['representation']}"
    return Figure(
        uri=uri,
        alt=f"{of}, {everything}" if everything else of,
        title=row["representation"],
        code=(row["representation"], row["layer"]) if whole else None,
        details=own,
        numbers=_numbers(row["relative_error_8bit"], row["psnr"]),
        status=row["status"],
        group=" · ".join(filter(None, [row["representation"], common])),
    )


def _told(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the labels of these names, but `all`, which goes without saying."""
    labels = ((name, _label(row[name])) for name in names)
    return " · ".join(f"{name} {label}" for name, label in labels if label != "all")


def _numbers(relative_error: float | None, psnr: float | None) -> str:
    error, decibels = number(relative_error, 1, times=100), number(psnr, 1)
    if error == decibels == MISSING:
        return ""
    return f"{error}\N{NO-BREAK SPACE}% · {decibels}\N{NO-BREAK SPACE}dB"


def original_figure(name: str, picture: Picture) -> Figure:
    """Return the figure of an original."""
    return Figure(uri=thumbnail(picture), alt=f"{name}, the original", title="original")


def strip(row: Row) -> list[Figure]:
    """Return the original and its first pre-image from each representation and layer.

    Of whole codes alone, and of jobs that were done.
    """
    first: dict[tuple[str, str], Figure] = {}
    for figure in row.preimages:
        if figure.code and figure.status == "done":
            first.setdefault(figure.code, figure)
    chosen = evenly_spaced(list(first.values()), MOST_IN_STRIP)
    return [row.original, *chosen] if chosen else []


def evenly_spaced(items: Sequence[T], most: int) -> list[T]:
    """Return at most `most` of the items, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    if most < 2:
        return list(items[:most])
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def chosen_pictures(n_preimages: dict[str, int], most_pictures: int) -> list[str]:
    """Return the pictures to show, given how many pre-images each of them has.

    At most so many pictures, with no more than `MOST_THUMBNAILS` pre-images; at least
    one picture.
    """

    def fits(chosen: list[str]) -> bool:
        return sum(n_preimages[name] for name in chosen) <= MOST_THUMBNAILS

    return _most_that_fit(evenly_spaced(list(n_preimages), most_pictures), fits)


def within_budget(rows: list[Row]) -> list[Row]:
    """Return the rows, or an evenly spaced subset of less than `MOST_BYTES`."""

    def fits(chosen: list[Row]) -> bool:
        return sum(row.n_bytes for row in chosen) <= MOST_BYTES

    chosen = _most_that_fit(rows, fits)
    if not chosen or fits(chosen):
        return chosen
    row = chosen[0]

    def figures_fit(preimages: list[Figure]) -> bool:
        return replace(row, preimages=preimages).n_bytes <= MOST_BYTES

    return [replace(row, preimages=_most_that_fit(row.preimages, figures_fit))]


def _most_that_fit(items: list[T], fits: Callable[[list[T]], bool]) -> list[T]:
    """Return the largest evenly spaced subset that fits, or else the first item."""
    subsets = (evenly_spaced(items, most) for most in range(len(items), 0, -1))
    return next((subset for subset in subsets if fits(subset)), items[:1])


def thumbnail(picture: Picture) -> str:
    """Return the picture as a data URI, lossless WebP, no larger than it is shown."""
    small = picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), PillowImage.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", lossless=True, quality=50)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
