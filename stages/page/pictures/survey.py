"""One pass over the stored pictures: thumbnails, and what the report says of them.

Pictures pass through one at a time and are kept on disk alone: memory does not grow
with their number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stages.page import alerts
from stages.page.pictures.picture import Picture, View, decoded, seen_by
from stages.page.pictures.thumbnails import SIDE, Spool, evenly_spaced, shown_uri
from stages.store import paths, tables

# Points that a trace has on the page, our choice: a line of them looks the same.
MOST_POINTS = 40
TERMS = ("data_term", "alpha_term", "tv_term", "denoiser_term")

_COLUMNS = ["key", "representation", "layer", "image_id", "image_name", "status"]


@dataclass
class Survey:
    """What is kept of the pictures that passed.

    `saturation` and `falls` are shares of those jobs alone that are to be looked at
    again, by key. `grey` are the representations whose pre-images have one channel;
    `shown` are the pictures that stand on the page itself, as URIs: by key, originals
    by id and form; `devices` are the seconds that each computed.
    """

    saturation: dict[str, float] = field(default_factory=dict)
    falls: dict[str, float] = field(default_factory=dict)
    grey: set[str] = field(default_factory=set)
    devices: dict[str, float] = field(default_factory=dict)
    versions: dict[str, None] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)


def survey(
    spool: Spool, wanted: Collection[str], told: Collection[str] | None = None
) -> Survey:
    """Put a thumbnail of each pre-image into the spool; return what was seen.

    `wanted` are the keys of those that stand on the page itself, `told` of those whose
    thumbnails it has; None for all.
    """
    seen = Survey()
    columns = [*_COLUMNS, "trace", "device", "seconds", "versions", "image"]
    for stored in tables.rows(paths.PREIMAGES, columns):
        if name := stored["device"]:
            spent = seen.devices.get(name, 0.0)
            seen.devices[name] = spent + (stored["seconds"] or 0.0)
        seen.versions |= {stored["versions"]: None} if stored["versions"] else {}
        if stored["image"] is None:
            continue
        picture = decoded(stored["image"]["bytes"])
        _note(seen, stored, picture)
        if told is None or stored["key"] in told:
            trace = _thinned(stored["trace"] or [])
            spool.add(stored["key"], stored["image_id"], picture, trace)
        if stored["key"] in wanted:
            seen.shown[stored["key"]] = shown_uri(picture)
    return seen


def _note(seen: Survey, stored: dict[str, Any], picture: Picture) -> None:
    pixels, key = np.asarray(picture), stored["key"]
    share = float(((pixels == 0) | (pixels == 255)).mean())
    if share > alerts.SATURATED:
        seen.saturation[key] = share
    falls = alerts.fall(stored["trace"] or [])
    if falls is not None and falls > alerts.STILL_FALLING:
        seen.falls[key] = falls
    if picture.mode == "L":
        seen.grey.add(stored["representation"])


def _thinned(trace: list[Mapping[str, Any]]) -> list[list[float]]:
    """Return evenly spaced points by column: steps, then each term, 4 digits."""
    points = evenly_spaced(trace, MOST_POINTS)
    terms = [[float(f"{point[name]:.4g}") for point in points] for name in TERMS]
    # JSON knows no infinity: a diverged job's trace stops where it left the numbers.
    good = [i for i, values in enumerate(zip(*terms, strict=True)) if _finite(values)]
    return [[points[i]["step"] for i in good], *([t[i] for i in good] for t in terms)]


def _finite(values: Iterable[float]) -> bool:
    return bool(np.isfinite(list(values)).all())


def form(side: int, grey: bool) -> str:
    """Return the name of a form of the originals, such as `64` or `128 grey`."""
    return f"{side} grey" if grey else f"{side}"


def originals(
    spool: Spool, wanted: Collection[str], views: Mapping[str, View]
) -> Iterator[tuple[dict[str, Any], Picture]]:
    """Put the originals of these ids into the spool, as each representation saw them.

    `views` maps representations to a side and whether they see grey. Yields the row and
    the picture of each.
    """
    forms = sorted(set(views.values()) | {(min(SIDE, _widest(views)), False)})
    for row in tables.rows(paths.IMAGES):
        if row["image_id"] in wanted:
            picture = decoded(row["image"]["bytes"])
            for view in forms:
                name = f"{row['image_id']} {form(*view)}"
                spool.add(name, row["image_id"], seen_by(picture, view))
            yield row, picture


def shown_originals(
    row: Mapping[str, Any], picture: Picture, views: Mapping[str, View]
) -> dict[str, str]:
    """Return an original as each representation saw it, as URIs, by id and form."""
    return {
        f"{row['image_id']} {form(*view)}": shown_uri(seen_by(picture, view))
        for view in sorted(set(views.values()))
    }


def _widest(views: Mapping[str, View]) -> int:
    return max((side for side, _ in views.values()), default=SIDE)


def described(views: Mapping[str, View]) -> dict[str, Any]:
    """Return the form in which originals stand beside all, and each representation's.

    `sides` are those of the representations' images, in pixels.
    """
    return {
        "form": form(min(SIDE, _widest(views)), False),
        "forms": {name: form(*view) for name, view in views.items()},
        "sides": {name: side for name, (side, _) in views.items()},
    }
