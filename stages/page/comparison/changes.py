"""The pre-images that changed most between two studies, to be looked at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.page.comparison.differences import PAIR
from stages.page.summary import CELL
from stages.page.wording import number

MOST_CHANGES = 12
# What a change is measured by: every pre-image has it.
_ERROR = "relative_error_8bit"


@dataclass(frozen=True)
class Change:
    """A pre-image in both studies: their keys, whose it is, code errors in percent."""

    setting: str
    image_id: str
    image_name: str
    representation: str
    key_before: str
    key_after: str
    before: str
    after: str


def largest_changes(before: pd.DataFrame, after: pd.DataFrame) -> list[Change]:
    """Return the twelve pre-images whose code error changed most, largest first.

    Of done jobs that both tables of scores have, by setting, picture and seed.
    """
    old, new = _done(before), _done(after)
    pairs = old.merge(new, on=PAIR, suffixes=("_before", "_after"))
    size = (pairs[f"{_ERROR}_after"] - pairs[f"{_ERROR}_before"]).abs()
    pairs = pairs.assign(size=size)[size > 0]
    first = pairs.sort_values("size", ascending=False, kind="stable")[:MOST_CHANGES]
    return [
        Change(
            setting=_setting(row),
            image_id=str(row["image_id"]),
            image_name=str(row["image_name_after"]),
            representation=str(row["representation"]),
            key_before=str(row["key_before"]),
            key_after=str(row["key_after"]),
            before=number(row[f"{_ERROR}_before"], 1, times=100),
            after=number(row[f"{_ERROR}_after"], 1, times=100),
        )
        for row in first.to_dict("records")
    ]


def keys_before(changes: Collection[Change]) -> set[str]:
    """Return the keys that the changed pre-images have in the other study."""
    return {change.key_before for change in changes}


def _setting(row: Mapping[Any, Any]) -> str:
    labels = [str(row[name]) for name in CELL]
    told = [label for label in dict.fromkeys(labels) if label != "all"]
    return " \N{MIDDLE DOT} ".join([*told, f"seed {row['seed']:.0f}"])


def _done(scores: pd.DataFrame) -> pd.DataFrame:
    jobs = scores[(scores["kind"] == "preimage") & (scores["status"] == "done")]
    columns = jobs.reindex(columns=[*PAIR, "key", "image_name", _ERROR])
    return columns.astype({_ERROR: "float64"})
