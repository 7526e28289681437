"""A chunk of pre-images, or of baselines, turned into rows of the scores.

The same function wherever it runs: what it needs of the study is in the `Scorer`, what
it is to score in the chunk, which names rows of a table and carries no picture.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby, islice
from pathlib import Path

import torch

from stages import images
from stages.execution.targets import Originals
from stages.images import Image
from stages.metrics.baselines import BASELINES
from stages.metrics.chunks import BATCH, JOB, LABELS, Siblings, code_part, label_row
from stages.metrics.chunks import siblings as siblings_of
from stages.metrics.code import PairwiseStatistics
from stages.metrics.judges import Judges
from stages.metrics.measures import Measures, measures, seed_measures
from stages.metrics.reference import CodePart, Reference, View, reference
from stages.metrics.schema import scores_schema
from stages.store import schemas, tables
from stages.store.tables import Row

Advance = Callable[[float], None]

# What the scores take from the pre-images as it is.
_KEPT = ["key", *JOB, *(field.name for field in schemas.OUTCOME)]


@dataclass(frozen=True)
class Preimages:
    """Some pre-images: rows of parts of the table, by the files and the places there.

    No seeds of one cell and picture are elsewhere.
    """

    pieces: tuple[tuple[Path, range], ...]

    def rows(self, columns: list[str]) -> Iterator[Row]:
        """Yield the rows, read a group at a time."""
        for part, places in self.pieces:
            yield from tables.rows_at(part, places, columns)


@dataclass(frozen=True)
class Baselines:
    """The baselines of some pictures, for one selection of a code."""

    part: CodePart
    image_ids: tuple[str, ...]


Chunk = Preimages | Baselines


@dataclass(frozen=True)
class Scorer:
    """All that chunks are held to; references are kept for the selections in hand.

    `pairs` are the statistics of selections that are known already.
    """

    views: Mapping[str, View]
    judges: Judges
    originals: Originals
    pairs: dict[CodePart, PairwiseStatistics] = field(default_factory=dict)

    def rows(self, chunk: Chunk, advance: Advance = lambda n: None) -> Iterator[Row]:
        """Yield the rows of a chunk in order; `advance` is told of all pictures."""
        if isinstance(chunk, Preimages):
            yield from self._preimage_rows(chunk, advance)
        else:
            yield from self._baseline_rows(chunk, advance)

    @cached_property
    def held_to(self) -> Callable[[CodePart], Reference]:
        """What gives all that the pre-images of a selection are held to."""

        def held_to(part: CodePart) -> Reference:
            view, pairs = self.views[part.representation], self.pairs.get(part)
            return reference(part, view, self.originals, self.judges, pairs)

        return lru_cache(maxsize=8)(held_to)

    @cached_property
    def _blank(self) -> Row:
        """A row of nulls."""
        return dict.fromkeys(scores_schema().names)

    def _preimage_rows(self, chunk: Preimages, advance: Advance) -> Iterator[Row]:
        """Yield the jobs' rows; those without a picture have no metrics.

        Pictures are held until the last of their siblings is read.
        """
        labels = chunk.rows(LABELS)
        due = Counter(siblings_of(row) for row in labels if row["status"] == "done")
        waiting: dict[Siblings, list[Image]] = defaultdict(list)
        shared: dict[Siblings, Measures] = {}
        scored: list[Row] = []
        for batch in _batches(chunk.rows([*_KEPT, "image"])):
            for row, picture in self._scored(batch):
                scored.append(row)
                siblings = siblings_of(row)
                if picture is None or row["status"] != "done" or due[siblings] < 2:
                    continue
                waiting[siblings].append(picture)
                if len(waiting[siblings]) == due[siblings]:
                    shared[siblings] = seed_measures(torch.stack(waiting.pop(siblings)))
            advance(len(batch))
        for row in scored:
            done = row["status"] == "done"
            yield row | (shared.get(siblings_of(row), {}) if done else {})

    def _scored(self, batch: list[Row]) -> Iterator[tuple[Row, Image | None]]:
        """Yield the rows of a batch, each with its picture; one selection's alone."""
        held = self.held_to(code_part(batch[0]))
        pictured = [row for row in batch if row["image"] is not None]
        stored = [_image(row["image"], held) for row in pictured]
        measured = iter(zip(_measures(pictured, stored, held), stored, strict=True))
        for row in batch:
            metrics: Row = {"field": list(held.field), "kind": "preimage"}
            picture = None
            if row.pop("image") is not None:
                found, picture = next(measured)
                metrics |= found
            yield {**self._blank, **row, **metrics}, picture

    def _baseline_rows(self, chunk: Baselines, advance: Advance) -> Iterator[Row]:
        """Yield the baselines' rows, rounded to 8 bits as stored pictures are."""
        blank, names = self._blank, self.originals.names
        held = self.held_to(chunk.part)
        ids = iter(chunk.image_ids)
        while some := list(islice(ids, BATCH)):
            batch = [{**blank, **label_row(chunk.part, one, names)} for one in some]
            for name, baseline in BASELINES.items():
                pictures = [baseline(held.original(one)).round() for one in some]
                labels = {"kind": "baseline", "baseline": name}
                measured = _measures(batch, pictures, held)
                for row, metrics in zip(batch, measured, strict=True):
                    yield {**row, **metrics, **labels, "field": list(held.field)}
                advance(len(some))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield neighbouring rows of one selection, a few at a time."""
    for _, group in groupby(rows, key=code_part):
        while batch := list(islice(group, BATCH)):
            yield batch


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
