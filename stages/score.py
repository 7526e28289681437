"""Score the pre-images: a row of metrics each, and the floors to judge them by.

    data/images, data/targets, data/preimages -> data/scores.parquet

Every job has its row, a failed one with null metrics. Each selection of each code that
was inverted also has rows of the baselines, for the same pictures.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import groupby, islice

import torch

from stages import images
from stages.execution.apart import codes_apart
from stages.execution.device import prepare
from stages.execution.targets import Originals, TargetCodes
from stages.images import Codes, Image, Images
from stages.metrics.baselines import BASELINES
from stages.metrics.judges import Judges, load_judges
from stages.metrics.measures import Measures, measures, seed_measures
from stages.metrics.perceptual import Lpips
from stages.metrics.reference import CodePart, Reference, View, reference
from stages.metrics.schema import scores_schema
from stages.params.representations import Representation
from stages.plan.representations import definition, outline
from stages.plan.sections import score_stage
from stages.process.progress import Progress
from stages.process.stage import Refusal, run
from stages.representations.definition import Definition
from stages.representations.loading import placed
from stages.store import paths, schemas, tables
from stages.store.tables import Row
from stages.store.times import timed
from stages.weights import kept

Siblings = tuple[object, ...]
Phi = Callable[[str], Callable[[Images], Codes]]

# Images whose codes are computed at once, our choice: 16 images of 128 pixels already
# keep a processor busy, and take little memory.
BATCH = 16

_JOB = [field.name for field in (*schemas.CELL, *schemas.JOB)]
# What the scores take from the pre-images as it is.
_KEPT = ["key", *_JOB, *(field.name for field in schemas.OUTCOME)]


def scores(views: dict[str, View], judges: Judges) -> Iterator[Row]:
    """Yield the rows of the table of scores: every job's, then the baselines'."""
    jobs = list(tables.rows(paths.PREIMAGES, [*_JOB, "status"]))
    originals = Originals()
    _check(jobs, views, originals)

    @lru_cache(maxsize=8)
    def held_to(part: CodePart) -> Reference:
        return reference(part, views[part.representation], originals, judges)

    shared = shared_measures(jobs)
    with Progress("score", len(jobs), "pre-images") as progress:
        rows = tables.rows(paths.PREIMAGES, [*_KEPT, "image"])
        for batch, held in _batches(rows, held_to):
            yield from _preimage_rows(batch, held, shared)
            progress.advance(len(batch))
    for batch, held in _batches(_baseline_jobs(jobs), held_to):
        yield from _baseline_rows(batch, held)


def _blank() -> Row:
    return dict.fromkeys(scores_schema().names)


def _check(jobs: list[Row], views: dict[str, View], originals: Originals) -> None:
    """Refuse pre-images that were made from other pictures or params."""
    strange = {row["representation"] for row in jobs} - views.keys()
    strange |= {row["image_id"] for row in jobs} - originals.places.keys()
    if strange:
        raise Refusal(
            f"{paths.PREIMAGES} holds what neither params.yaml nor {paths.IMAGES} "
            f"names: {', '.join(sorted(strange)[:10])}; run `dvc repro`"
        )


def _batches(
    rows: Iterable[Row], held_to: Callable[[CodePart], Reference]
) -> Iterator[tuple[list[Row], Reference]]:
    """Yield neighbouring rows of one selection, a few at a time, with its reference."""
    for part, group in groupby(rows, key=_part):
        while batch := list(islice(group, BATCH)):
            yield batch, held_to(part)


def _part(row: Row) -> CodePart:
    names = ("representation", "layer", "channels", "region")
    numbers = (row[name] for name in ("channel_indices", "window", "tokens"))
    return CodePart(*(row[name] for name in names), *map(_frozen, numbers))


def _frozen(numbers: list[int] | None) -> tuple[int, ...] | None:
    return None if numbers is None else tuple(numbers)


def _preimage_rows(
    batch: list[Row], held: Reference, shared: dict[Siblings, Measures]
) -> Iterator[Row]:
    """Yield the jobs' rows in order; those without a picture have no metrics."""
    pictured = [row for row in batch if row["image"] is not None]
    stored = [_image(row["image"], held) for row in pictured]
    measured = iter(_measures(pictured, stored, held))
    blank = _blank()
    for row in batch:
        metrics: Row = {"field": list(held.field), "kind": "preimage"}
        if row.pop("image") is not None:
            metrics |= next(measured)
        if row["status"] == "done":
            metrics |= shared.get(_siblings(row), {})
        yield {**blank, **row, **metrics}


def _image(stored: Row, held: Reference) -> Image:
    picture = images.picture_from_png(stored["bytes"])
    channels = held.view.representation.image_channels
    return images.image_from_picture(picture, channels)


def _measures(
    rows: list[Row], pictures: list[Image], held: Reference
) -> list[Measures]:
    if not rows:
        return []
    columns = ("image_id", "code_distance", "seed")
    ids, distances, seeds = ([row[name] for row in rows] for name in columns)
    return measures(held.measured(ids, torch.stack(pictures), distances, seeds))


def _baseline_jobs(jobs: Iterable[Row]) -> Iterator[Row]:
    """Yield a row for each picture that each selection of each code is inverted for."""
    firsts: dict[CodePart, dict[str, Row]] = defaultdict(dict)
    for row in jobs:
        firsts[_part(row)].setdefault(row["image_id"], row)
    labels = {"prior": "none", "solver": "none", "seed": None}
    blank = _blank()
    for rows in firsts.values():
        for row in rows.values():
            yield {**blank, **row, **labels, "status": "done", "reason": ""}


def _baseline_rows(batch: list[Row], held: Reference) -> Iterator[Row]:
    """Yield the baselines' rows; they are rounded to 8 bits as stored pictures are."""
    for name, baseline in BASELINES.items():
        pictures = [baseline(held.original(row["image_id"])).round() for row in batch]
        measured = _measures(batch, pictures, held)
        for row, metrics in zip(batch, measured, strict=True):
            labels = {"kind": "baseline", "baseline": name}
            yield {**row, **metrics, **labels, "field": list(held.field)}


def shared_measures(jobs: Iterable[Row]) -> dict[Siblings, Measures]:
    """Return what the done pre-images of each cell and image have in common.

    Where only one seed is done there is nothing. Pictures are held until the last of
    their siblings is read; as a rule those are neighbours.
    """
    due = Counter(_siblings(row) for row in jobs if row["status"] == "done")
    waiting: dict[Siblings, list[Image]] = defaultdict(list)
    shared: dict[Siblings, Measures] = {}
    if max(due.values(), default=0) < 2:
        return shared
    for row in tables.rows(paths.PREIMAGES, [*_JOB, "status", "image"]):
        siblings = _siblings(row)
        if row["status"] != "done" or due[siblings] < 2:
            continue
        picture = images.picture_from_png(row["image"]["bytes"])
        channels = len(picture.getbands())
        waiting[siblings].append(images.image_from_picture(picture, channels))
        if len(waiting[siblings]) == due[siblings]:
            shared[siblings] = seed_measures(torch.stack(waiting.pop(siblings)))
    return shared


def _siblings(row: Row) -> Siblings:
    """Return what the seeds of one cell and image have in common."""
    return (*_part(row), row["prior"], row["solver"], row["image_id"])


def main() -> None:
    """Score every pre-image of the study."""
    study = score_stage()
    device = prepare(study.execution.device)
    backbones = {
        kept.column(name): Lpips(name, kept.read_tensors(path))
        for name, path in kept.backbones().items()
    }
    judges = load_judges(backbones, device)
    door = TargetCodes(study.execution.targets, device, apart=True)
    views = {
        name: _view(name, settings, door)
        for name, settings in study.representations.items()
    }
    tables.write_table(paths.SCORES, scores(views, judges), scores_schema())


def _view(name: str, settings: Representation, door: TargetCodes) -> View:
    defined = definition(settings)
    own = defined.own_code() is not None
    return View(
        outline(defined) if own else placed(defined, door.device),
        defined.side,
        partial(door.read, name, defined),
        # Under whichever kind, the network has this name.
        "efficientnet_lite0" in getattr(settings, "model", ""),
        _apart(defined, door.device) if own else None,
    )


def _apart(defined: Definition, device: torch.device) -> Phi:
    """Return what computes codes in another process, which the user's code may end."""
    there = codes_apart(defined, device)
    return lambda layer: partial(there.codes, layer)


if __name__ == "__main__":
    run(timed("score", main))
