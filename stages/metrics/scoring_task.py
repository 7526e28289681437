"""Chunks scored by the workers of a Dask cluster: the same function, another place.

A worker reads pictures, codes and weights from the shared place, writes a chunk's rows
there as one object, and returns its name. The statistics of the codes of all pictures
are taken once, where the study is, and travel as numbers.
"""

import hashlib
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, partial
from io import BytesIO
from itertools import tee
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import torch

from stages.execution.cluster.client import Pending, in_order
from stages.execution.cluster.codes import SharedDoor, published_codes
from stages.execution.cluster.here import computing
from stages.execution.cluster.inputs import Inputs, published
from stages.execution.cluster.parcel import packed, unpacked
from stages.execution.cluster.version import check_same, program
from stages.execution.targets import Originals
from stages.metrics.chunks import LABELS, code_part
from stages.metrics.code import PairwiseStatistics
from stages.metrics.judges import load_judges
from stages.metrics.perceptual import Lpips
from stages.metrics.reference import CodePart, View
from stages.metrics.schema import scores_schema
from stages.metrics.scoring import Advance, Baselines, Chunk, Preimages, Scorer
from stages.params.execution import ExecutionSettings
from stages.representations.definition import Definition
from stages.representations.loading import placed
from stages.store import paths, tables
from stages.store.objects import Objects
from stages.store.tables import Row
from stages.weights import kept

FOLDER = "scores"


@dataclass(frozen=True)
class Shared:
    """What chunks are held to, for workers: definitions, and names of what is shared.

    `own` are those of `definitions` that judge others, and so not themselves; `codes`
    are the names of layers' codes, `lpips` those of backbones' weights.
    """

    definitions: Mapping[str, Definition]
    own: frozenset[str]
    codes: Mapping[tuple[str, str], str]
    pictures: str
    recompute: bool
    lpips: Mapping[str, str]
    imagenet: str | None
    source: str


@dataclass(frozen=True)
class Task:
    """A chunk for a worker: names and numbers, no pixels.

    `study` is the name of the `Shared` that it is held to, `answer` that of its rows;
    files of the chunk are names in the shared place.
    """

    store: str
    study: str
    chunk: Chunk
    pairs: tuple[tuple[CodePart, PairwiseStatistics], ...]
    answer: str
    device: str
    n_threads: int = 0


def run_task(task: Task) -> str:
    """Score the chunk, write its rows, and return their name.

    Raises Refusal where another version of the program is here.
    """
    with computing(task.device, task.n_threads) as (device, folder):
        scorer = _scorer(task.store, task.study, device, folder)
        scorer.pairs.update(task.pairs)
        chunk, inputs = task.chunk, Inputs(Objects(task.store), folder)
        if isinstance(chunk, Preimages):
            there = ((inputs.file(f"{name}"), rows) for name, rows in chunk.pieces)
            chunk = Preimages(tuple(there))
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            place = Path(scratch) / "rows.parquet"
            tables.write_table(place, scorer.rows(chunk), scores_schema())
            inputs.objects.put(task.answer, place.read_bytes())
    return task.answer


@lru_cache(2)
def _scorer(store: str, study: str, device: torch.device, folder: Path) -> Scorer:
    inputs = Inputs(Objects(store), folder)
    shared: Shared = unpacked(inputs.objects.get(study), inputs)
    check_same(shared.source)
    lpips = {
        kept.column(name): Lpips(name, kept.read_tensors(inputs.file(file)))
        for name, file in shared.lpips.items()
    }
    imagenet = None if shared.imagenet is None else inputs.file(shared.imagenet)
    views = {
        name: View(
            placed(defined, device),
            defined.side,
            partial(_targets, inputs, shared, name, device),
            name in shared.own,
        )
        for name, defined in shared.definitions.items()
    }
    originals = Originals(inputs.file(shared.pictures))
    return Scorer(views, load_judges(lpips, device, imagenet), originals)


def _targets(
    inputs: Inputs, shared: Shared, name: str, device: torch.device, layer: str
) -> Any:
    what = shared.pictures if shared.recompute else shared.codes[name, layer]
    door = SharedDoor(inputs, what, shared.recompute, device)
    return door.read(name, shared.definitions[name], layer)


@dataclass(frozen=True)
class Cluster:
    """Scores chunks on a cluster, through its client.

    What workers may die of, and what is of the user's own code, is scored by `here`.
    """

    client: Any
    objects: Objects
    execution: ExecutionSettings
    here: Scorer
    definitions: Mapping[str, Definition]
    n_threads: int = 0
    _answered: list[str] = field(default_factory=list)

    def rows(self, chunks: Iterable[Chunk], advance: Advance) -> Iterator[Row]:
        """Yield the rows of the chunks in order; `advance` is told of all pictures."""
        for chunk, answer in self._answers(chunks):
            rows = None if answer is None else self._read(answer)
            if rows is None:
                yield from self.here.rows(chunk, advance)
                continue
            yield from rows
            advance(len(rows))

    def _read(self, answer: str) -> list[Row] | None:
        """Return the rows of this name; None if another run has taken them away."""
        try:
            data = self.objects.get(answer)
        except FileNotFoundError:
            return None
        self._answered.append(answer)
        rows: list[Row] = pq.read_table(BytesIO(data)).to_pylist()
        return rows

    def finish(self) -> None:
        """Drop the rows in the shared place, once they are where they belong."""
        self.objects.drop(self._answered)

    def _answers(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, str | None]]:
        """Yield each chunk with the name of its rows; None if it is to be scored here.

        Rows that a run before left are not made again.
        """
        there, study = self.objects.names(FOLDER), self._study()
        ahead, chunks = tee(chunks)
        items = (self._item(chunk, study, there) for chunk in ahead)
        answers = in_order(self.client, run_task, items, self.execution)
        yield from zip(chunks, answers, strict=True)

    def _item(
        self, chunk: Chunk, study: str, there: Container[str]
    ) -> Pending[Task] | str | None:
        parts = sorted(_parts(chunk), key=repr)
        if any(self.definitions[p.representation].own_code() for p in parts):
            return None
        shared = self._shared(chunk)
        digits = hashlib.sha256(f"{study} {shared}".encode()).hexdigest()[:32]
        answer = f"{FOLDER}/{digits}.parquet"
        if answer in there:
            return answer
        task = Task(
            store=self.objects.url,
            study=study,
            chunk=shared,
            pairs=tuple((part, self.here.held_to(part).pairs) for part in parts),
            answer=answer,
            device=self.execution.device,
            n_threads=self.n_threads,
        )
        return Pending(answer, task)

    def _shared(self, chunk: Chunk) -> Chunk:
        """Return the chunk with the names of published files in place of paths."""
        if isinstance(chunk, Baselines):
            return chunk
        pieces = ((Path(self._published(path)), rows) for path, rows in chunk.pieces)
        return Preimages(tuple(pieces))

    @cached_property
    def _published(self) -> Callable[[Path], str]:
        return cache(partial(published, self.objects))

    def _study(self) -> str:
        """Publish what all chunks are held to, and return its name."""
        recompute = self.execution.targets == "recompute"
        judge = kept.judge_place()
        known = {n: d for n, d in self.definitions.items() if not d.own_code()}
        shared = Shared(
            definitions=known,
            own=frozenset(n for n, v in self.here.views.items() if v.is_imagenet_judge),
            codes={} if recompute else self._codes(known),
            pictures=self._published(paths.IMAGES),
            recompute=recompute,
            lpips={n: self._published(path) for n, path in kept.backbones().items()},
            imagenet=self._published(judge) if judge.is_file() else None,
            source=program(),
        )
        data = packed(shared, self.objects)
        name = f"inputs/{hashlib.sha256(data).hexdigest()}.study"
        self.objects.put(name, data)
        return name

    def _codes(self, names: Iterable[str]) -> dict[tuple[str, str], str]:
        return {
            (name, path.stem): published_codes(self.objects, name, path.stem)
            for name in names
            for path in sorted((paths.TARGETS / name).glob("*.safetensors"))
        }


def _parts(chunk: Chunk) -> set[CodePart]:
    if isinstance(chunk, Baselines):
        return {chunk.part}
    return {code_part(row) for row in chunk.rows(LABELS)}
