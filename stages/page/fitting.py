"""The page within its budget: what it tells one by one, and which thumbnails it holds.

What the words, charts and numbers take is not for jobs, what those take is not for
thumbnails: `MOST_BYTES` is for all of it together, whatever the size of the study.
"""

from dataclasses import dataclass, replace

import pandas as pd

from stages.page import sample
from stages.page.one_by_one import OneByOne
from stages.page.page import Page, render
from stages.page.pictures import thumbnails
from stages.page.pictures.thumbnails import Entry
from stages.page.wording import counted

# Bytes of the elements around the thumbnails' index, and of digits in words: more than
# they are.
_AROUND = 512


@dataclass(frozen=True)
class Fitted:
    """The page, the thumbnails of what it tells, and those of them that are inside."""

    page: Page
    entries: list[Entry]
    inside: list[Entry]


def fitted(
    page: Page,
    told: OneByOne,
    entries: list[Entry],
    most_pictures: int,
    folder: str,
) -> Fitted:
    """Return the page with what it tells one by one, and its thumbnails.

    `page` has no such thing yet; `entries` are all thumbnails that there are, of which
    those of `most_pictures` pictures may be inside. The others go into `folder`.
    """
    rows, study, own, room = _that_fit(page, told, entries, folder)
    left = room - len(study.encode()) - _beside(own)
    inside = thumbnails.inside(own, left, most_pictures)
    whole = replace(
        page,
        study=study,
        sample=sample.words(rows, told.scores),
        shown=_shown(own, inside, sample.n_pictures(rows), folder),
        folder=len(inside) < len(own),
    )
    return Fitted(whole, own, inside)


def _that_fit(
    page: Page, told: OneByOne, entries: list[Entry], folder: str
) -> tuple[pd.DataFrame, str, list[Entry], int]:
    """Return the rows that are told, as JSON, their thumbnails, and the room for all.

    Fewer and fewer until they have room, down to those that stand elsewhere.
    """
    rows, n_wanted = told.rows, len(told.wanted)
    while True:
        study, own = told.json(rows), told.entries(rows, entries)
        taken, n = len(study.encode()) + _beside(own), sample.n_jobs(rows)
        words = sample.words(rows, told.scores)
        room = _room(replace(page, sample=words), own, folder)
        if taken <= room or n <= n_wanted:
            return rows, study, own, room
        # Less than what its bytes would allow, so that it ends soon.
        fewer = int(0.9 * n * max(0, room) / taken) - n_wanted
        rows = sample.sampled(rows, told.wanted, fewer)


def _room(page: Page, entries: list[Entry], folder: str) -> int:
    """Return the bytes that words, charts and numbers leave, at least."""
    longest = replace(page, shown=_shown(entries, [], len(entries), folder))
    return thumbnails.MOST_BYTES - _AROUND - len(render(longest).encode())


def _beside(entries: list[Entry]) -> int:
    return sum(entry.n_beside for entry in entries)


def _shown(
    entries: list[Entry], inside: list[Entry], n_pictures: int, folder: str
) -> str:
    """Return where the thumbnails are, if not all of them are inside the page."""
    if len(inside) == len(entries):
        return ""
    n_inside = len({entry.owner for entry in inside})
    return (
        f"This file holds {len(inside):,} of {len(entries):,} thumbnails, those of "
        f"{n_inside:,} of {counted(n_pictures, 'picture')}, evenly spaced over the "
        f"study, to stay small (below {thumbnails.MOST_BYTES // 10**6} MB). The others "
        f"are in the folder “{folder}” beside it: pass it on with the file."
    )
