"""The opening of the page: one photograph, and what its codes keep of it.

Of the first representation that is cut at several layers, in the order of the grid, up
to eight depths, evenly spaced, the first and the last among them; else a pre-image from
each representation. Always the first seed, of the whole code. Beside the deepest ones
stand those of the same layer under a learned prior, where the study has them: eight
pictures in all, at most. What is shown is never chosen by its score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.page import summary
from stages.page.pictures.thumbnails import evenly_spaced
from stages.page.summary import has_layers, is_full
from stages.page.wording import MISSING, number

MOST_DEPTHS = 8
# Depths that are also shown under a learned prior, our choice: the deepest ones.
MOST_LEARNED = 2


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
    photograph is shown as it, or the first of them, saw it. `learned` says whether some
    of them are under a learned prior.
    """

    image_id: str
    image_name: str
    seen_by: str
    preimages: list[Figure]
    representation: str
    learned: bool = False


def depths(jobs: pd.DataFrame, layers: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return the jobs to open with: one picture's, in the order of depth.

    `layers` are pairs of representation and layer, the first layer first.
    """
    done = jobs[(jobs["status"] == "done") & is_full(jobs)]
    if has_layers(done):
        counts = done.groupby("representation", sort=False)["layer"].nunique()
        done = done[done["representation"] == counts[counts > 1].index[0]]
    depth = summary.depths(done, layers)
    done = done.assign(depth=depth, is_learned=summary.are_learned(done))
    plain = done[~done["is_learned"]] if not done["is_learned"].all() else done
    own = done[done["image_id"] == _picture(plain)]
    first = own.drop_duplicates(["representation", "layer", "is_learned"])
    ordered = first.sort_values(["depth", "is_learned"], kind="stable")
    return _chosen(ordered)


def _chosen(ordered: pd.DataFrame) -> pd.DataFrame:
    """Return evenly spaced depths, and the deepest ones under a learned prior, too."""
    plain = ordered[~ordered["is_learned"]]
    if plain.empty:
        return ordered.loc[evenly_spaced(list(ordered.index), MOST_DEPTHS)]
    codes = pd.MultiIndex.from_frame(ordered[["representation", "layer"]])
    pulled = ordered["is_learned"].to_numpy()
    both = ordered[pulled & codes.isin(codes[~pulled])]
    beside = list(both.index[-MOST_LEARNED:])
    kept = evenly_spaced(list(plain.index), MOST_DEPTHS - len(beside))
    return ordered.loc[[i for i in ordered.index if i in {*kept, *beside}]]


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
    layered, learned = jobs["layer"].nunique() > 1, summary.are_learned(jobs)
    return Opening(
        image_id=str(first["image_id"]),
        image_name=str(first["image_name"]),
        seen_by=str(first["representation"]),
        preimages=[
            _figure(row, layered)
            for row in jobs.assign(is_learned=learned).to_dict("records")
        ],
        representation=str(names[0]) if len(names) == 1 else "",
        learned=bool(learned.any()) and not bool(learned.all()),
    )


def _figure(row: Mapping[Any, Any], layered: bool) -> Figure:
    about = f"{row['image_name']} from {row['representation']}, {row['layer']}"
    learned = ", learned prior" if row["is_learned"] else ""
    return Figure(
        key=str(row["key"]),
        alt=f"Pre-image of {about}{learned}",
        title=f"{row['layer'] if layered else row['representation']}{learned}",
        numbers=_numbers(row["relative_error_8bit"], row["psnr"]),
    )


def _numbers(relative_error: float | None, psnr: float | None) -> str:
    error, decibels = number(relative_error, 1, times=100), number(psnr, 1)
    if error == decibels == MISSING:
        return ""
    return f"{error}\N{NO-BREAK SPACE}% · {decibels}\N{NO-BREAK SPACE}dB"
