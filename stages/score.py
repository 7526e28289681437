"""Score the pre-images: a row of metrics each, and the floors to judge them by.

    data/images, data/targets, data/preimages -> data/scores.parquet

Every job has its row, a failed one with null metrics. Each selection of each code that
was inverted also has rows of the baselines, for the same pictures.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import groupby, islice
from typing import Any

import torch

from stages import images, schemas, settings, store
from stages.built import placed
from stages.execution.device import prepare
from stages.execution.process import Refusal, run
from stages.execution.progress import Progress
from stages.images import Image
from stages.metrics.baselines import BASELINES
from stages.metrics.diversity import diversity
from stages.metrics.measures import Measures
from stages.metrics.perceptual import Lpips
from stages.perception import Perception, load_perception
from stages.targets import Originals, targets
from stages.weights import kept
from stages.yardsticks import Chosen, View, Yardstick, yardstick

Row = dict[str, Any]
Siblings = tuple[Any, ...]

# Images whose codes are computed at once, our choice: 16 images of 128 pixels already
# keep a processor busy, and take little memory.
BATCH = 16

_JOB = [field.name for field in (*schemas.CELL, *schemas.JOB)]
_SCORED = [name for name in schemas.SCORES.names if name in schemas.PREIMAGES.names]
_BLANK: Row = dict.fromkeys(schemas.SCORES.names)


def scores(views: dict[str, View], perception: Perception) -> Iterator[Row]:
    """Yield the rows of the table of scores: every job's, then the baselines'."""
    jobs = list(store.rows(store.PREIMAGES, [*_JOB, "status"]))
    originals = Originals()
    _check(jobs, views, originals)

    @lru_cache(maxsize=8)
    def stick(chosen: Chosen) -> Yardstick:
        return yardstick(chosen, views[chosen.representation], originals, perception)

    apart = diversities(jobs)
    with Progress("score", len(jobs), "pre-images") as progress:
        rows = store.rows(store.PREIMAGES, [*_SCORED, "image"])
        for batch, held_to in _batches(rows, stick):
            yield from _preimage_rows(batch, held_to, apart)
            progress.advance(len(batch))
    for batch, held_to in _batches(_baseline_jobs(jobs), stick):
        yield from _baseline_rows(batch, held_to)


def _check(jobs: list[Row], views: dict[str, View], originals: Originals) -> None:
    """Refuse pre-images that were made from other pictures or params."""
    strange = {row["representation"] for row in jobs} - views.keys()
    strange |= {row["image_id"] for row in jobs} - originals.places.keys()
    if strange:
        raise Refusal(
            f"{store.PREIMAGES} holds what neither params.yaml nor {store.IMAGES} "
            f"names: {', '.join(sorted(strange)[:10])}; run `dvc repro`"
        )


def _batches(
    rows: Iterable[Row], stick: Callable[[Chosen], Yardstick]
) -> Iterator[tuple[list[Row], Yardstick]]:
    """Yield neighbouring rows of one selection, a few at a time, with its yardstick."""
    for chosen, group in groupby(rows, key=_chosen):
        while batch := list(islice(group, BATCH)):
            yield batch, stick(chosen)


def _chosen(row: Row) -> Chosen:
    names = ("representation", "layer", "channels", "region")
    numbers = (row[name] for name in ("channel_indices", "window", "tokens"))
    return Chosen(*(row[name] for name in names), *map(_frozen, numbers))


def _frozen(numbers: list[int] | None) -> Any:
    return None if numbers is None else tuple(numbers)


def _preimage_rows(
    batch: list[Row], stick: Yardstick, apart: dict[Siblings, float | None]
) -> Iterator[Row]:
    """Yield the jobs' rows in order; those without a picture have no metrics."""
    pictured = [row for row in batch if row["image"] is not None]
    stored = [_image(row["image"], stick) for row in pictured]
    found = iter(_measures(pictured, stored, stick))
    for row in batch:
        metrics: Row = {"field": list(stick.field)}
        if row.pop("image") is not None:
            metrics |= next(found)
        spread = apart.get(_siblings(row)) if row["status"] == "done" else None
        yield {**_BLANK, **row, **metrics, "kind": "preimage", "diversity": spread}


def _image(stored: Row, stick: Yardstick) -> Image:
    picture = images.picture_from_png(stored["bytes"])
    channels = stick.view.representation.image_channels
    return images.image_from_picture(picture, channels)


def _measures(
    rows: list[Row], pictures: list[Image], stick: Yardstick
) -> list[Measures]:
    if not rows:
        return []
    ids = [row["image_id"] for row in rows]
    distances = [row["code_distance"] for row in rows]
    seeds = [row["seed"] for row in rows]
    return stick.measures(ids, torch.stack(pictures), distances, seeds)


def _baseline_jobs(jobs: Iterable[Row]) -> Iterator[Row]:
    """Yield a row for each picture that each selection of each code is inverted for."""
    found: dict[Chosen, dict[str, Row]] = defaultdict(dict)
    for row in jobs:
        found[_chosen(row)].setdefault(row["image_id"], row)
    labels = {"prior": "none", "solver": "none", "seed": None}
    for rows in found.values():
        for row in rows.values():
            yield {**_BLANK, **row, **labels, "status": "done", "reason": ""}


def _baseline_rows(batch: list[Row], stick: Yardstick) -> Iterator[Row]:
    """Yield the baselines' rows; they are rounded to 8 bits as stored pictures are."""
    for name, baseline in BASELINES.items():
        pictures = [baseline(stick.original(row["image_id"])).round() for row in batch]
        measures = _measures(batch, pictures, stick)
        for row, metrics in zip(batch, measures, strict=True):
            labels = {"kind": "baseline", "baseline": name}
            yield {**row, **metrics, **labels, "field": list(stick.field)}


def diversities(jobs: Iterable[Row]) -> dict[Siblings, float | None]:
    """Return how far apart the done pre-images of each cell and image are.

    Where only one seed is done there is none. Pictures are held until the last of
    their siblings is read; as a rule those are neighbours.
    """
    due = Counter(_siblings(row) for row in jobs if row["status"] == "done")
    waiting: dict[Siblings, list[Image]] = defaultdict(list)
    found: dict[Siblings, float | None] = {}
    if max(due.values(), default=0) < 2:
        return found
    for row in store.rows(store.PREIMAGES, [*_JOB, "status", "image"]):
        siblings = _siblings(row)
        if row["status"] != "done" or due[siblings] < 2:
            continue
        picture = images.picture_from_png(row["image"]["bytes"])
        channels = len(picture.getbands())
        waiting[siblings].append(images.image_from_picture(picture, channels))
        if len(waiting[siblings]) == due[siblings]:
            found[siblings] = diversity(torch.stack(waiting.pop(siblings)))
    return found


def _siblings(row: Row) -> Siblings:
    """Return what the seeds of one cell and image have in common."""
    return (*_chosen(row), row["prior"], row["solver"], row["image_id"])


def main() -> None:
    """Score every pre-image of the study."""
    params = settings.load("score")
    device = prepare(params.execution.device)
    backbones = {
        kept.column(name): Lpips(name, kept.read_tensors(path))
        for name, path in kept.backbones().items()
    }
    eyes = load_perception(backbones, device)
    views = {
        name: View(
            placed(chosen, device),
            chosen.side,
            partial(
                targets,
                name,
                settings=chosen,
                kept=params.execution.targets,
                device=device,
            ),
        )
        for name, chosen in params.representations.items()
    }
    store.write_table(store.SCORES, scores(views, eyes), schemas.SCORES)


if __name__ == "__main__":
    run(main)
