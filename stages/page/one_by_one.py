"""What the page tells one by one: jobs, their baselines, their pictures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.page import data
from stages.page.pictures.thumbnails import Entry


@dataclass(frozen=True)
class OneByOne:
    """What the page tells one by one, if it has room.

    `rows` are those of the `scores` that are told, `wanted` the keys of jobs that stand
    elsewhere on the page, which are told in any case; `pictures`, `layers` and `extra`
    are as `data.study_json` takes them.
    """

    scores: pd.DataFrame
    rows: pd.DataFrame
    wanted: Collection[str]
    pictures: Sequence[Mapping[str, str]]
    layers: Sequence[tuple[str, str]]
    extra: Mapping[str, Any]

    def json(self, rows: pd.DataFrame) -> str:
        """Return these rows as JSON for the page's scripts."""
        ids = set(rows["image_id"])
        pictures = [one for one in self.pictures if one["id"] in ids]
        return data.study_json(rows, pictures, self.layers, self.extra)

    def entries(self, rows: pd.DataFrame, entries: list[Entry]) -> list[Entry]:
        """Return the thumbnails of these rows: jobs by their keys, and originals."""
        gone = set(self.rows["key"].dropna()) - set(rows["key"].dropna())
        ids = set(rows["image_id"])
        return [one for one in entries if one.owner in ids and one.name not in gone]
