"""The opening of the page: one photograph, and what its codes keep of it.

Of the first representation that is cut at several layers, in the order of the grid, up
to eight depths, evenly spaced, the first and the last among them; else a pre-image from
each representation. Always the first seed, of the whole code. What is shown is never
chosen by its score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.page.pictures.thumbnails import evenly_spaced
from stages.page.summary import has_layers, is_full
from stages.page.wording import MISSING, number

MOST_DEPTHS = 8


@dataclass(frozen=True)
class Figure:
    """A pre-image with its caption; `key` names the job."""

    key: str
    alt: str
    title: str
    numbers: str = ""


@dataclass(frozen=True)
class Opening:
    """What the page opens with: a photograph, its pre-images, and what they are of.

    `representation` is the one that they are all of, empty if they are of several; the
    photograph is shown as it, or the first of them, saw it.
    """

    image_id: str
    image_name: str
    seen_by: str
    preimages: list[Figure]
    representation: str


def depths(jobs: pd.DataFrame, layers: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return the jobs to open with: one picture's, in the order of depth.

    `layers` are pairs of representation and layer, the first layer first.
    """
    done = jobs[(jobs["status"] == "done") & is_full(jobs)]
    if has_layers(done):
        counts = done.groupby("representation", sort=False)["layer"].nunique()
        done = done[done["representation"] == counts[counts > 1].index[0]]
    place = {pair: i for i, pair in enumerate(layers)}
    pairs = pd.Series(zip(done["representation"], done["layer"], strict=True))
    done = done.assign(depth=pairs.map(lambda pair: place.get(pair, len(place))).values)
    first = done[done["image_id"] == _picture(done)]
    first = first.drop_duplicates(["representation", "layer"])
    ordered = first.sort_values("depth", kind="stable")
    chosen = evenly_spaced(list(ordered.index), MOST_DEPTHS)
    return ordered.loc[chosen]


def _picture(done: pd.DataFrame) -> str:
    """Return the first picture that has a pre-image from as many codes as any."""
    codes = done.drop_duplicates(["image_id", "representation", "layer"])
    counts = codes.groupby("image_id", sort=False)["layer"].size()
    return str(counts.idxmax()) if len(counts) else ""


def opening(jobs: pd.DataFrame) -> Opening | None:
    """Return what the page opens with, of the jobs that `depths` chose."""
    if jobs.empty:
        return None
    first, names = jobs.iloc[0], jobs["representation"].unique()
    layered = jobs["layer"].nunique() > 1
    return Opening(
        image_id=str(first["image_id"]),
        image_name=str(first["image_name"]),
        seen_by=str(first["representation"]),
        preimages=[_figure(row, layered) for row in jobs.to_dict("records")],
        representation=str(names[0]) if len(names) == 1 else "",
    )


def _figure(row: Mapping[Any, Any], layered: bool) -> Figure:
    about = f"{row['image_name']} from {row['representation']}, {row['layer']}"
    return Figure(
        key=str(row["key"]),
        alt=f"Pre-image of {about}",
        title=str(row["layer"] if layered else row["representation"]),
        numbers=_numbers(row["relative_error_8bit"], row["psnr"]),
    )


def _numbers(relative_error: float | None, psnr: float | None) -> str:
    error, decibels = number(relative_error, 1, times=100), number(psnr, 1)
    if error == decibels == MISSING:
        return ""
    return f"{error}\N{NO-BREAK SPACE}% · {decibels}\N{NO-BREAK SPACE}dB"
