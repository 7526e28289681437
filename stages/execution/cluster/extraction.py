"""Codes computed by the workers of a Dask cluster: a batch of pictures, all its layers.

A worker reads its pictures from the shared place and puts the codes of each layer there
as it reaches them. They are taken out again, batch by batch and in order, into the
files of `stages.execution.extraction`, and are gone from the place.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from stages.execution.cluster.client import (
    Pending,
    connected,
    in_order,
    own_workers,
)
from stages.execution.cluster.here import computing
from stages.execution.cluster.inputs import Inputs, published
from stages.execution.cluster.parcel import packed, unpacked
from stages.execution.cluster.version import check_same, program
from stages.execution.coding import PICTURES_A_BATCH, images_as_seen
from stages.execution.extraction import Maker, pictures_at
from stages.params.execution import ExecutionSettings
from stages.plan.representations import code_shape
from stages.representations.representation import Take
from stages.store import paths, tables
from stages.store.objects import Objects

FOLDER = "codes"


@dataclass(frozen=True)
class Task:
    """A batch of pictures for a worker: names and numbers, no pixels.

    `made` is a packed definition with its layers, `answer` the folder of their codes,
    which are computed of `at_once` pictures at once: with recomputed ones, of each by
    itself.
    """

    store: str
    made: bytes
    pictures: str
    places: range
    answer: str
    source: str
    device: str
    n_threads: int = 0
    at_once: int = PICTURES_A_BATCH

    def names(self, n_layers: int) -> list[list[str]]:
        """Return the names of the answers of each pass, layer by layer."""
        n_passes = -(-len(self.places) // self.at_once)
        return [
            [f"{self.answer}/{nth}-{i}" for i in range(n_layers)]
            for nth in range(n_passes)
        ]


def run_task(task: Task) -> int:
    """Write the codes of the pictures, a layer an object; return their number.

    Raises Refusal where another version of the program is here.
    """
    check_same(task.source)
    with computing(task.device, task.n_threads) as (device, folder):
        inputs = Inputs(Objects(task.store), folder)
        defined, layers = unpacked(task.made, inputs)
        maker = Maker("", defined, "store", device)
        pictures = pictures_at(inputs.file(task.pictures), task.places)

        def take(names: list[str], layer: str, codes: Tensor) -> None:
            plain = codes.to(torch.float32).contiguous().cpu().numpy()
            inputs.objects.put(names[layers.index(layer)], plain.tobytes())

        seen = images_as_seen(maker.defined, pictures, task.at_once)
        for names, images in zip(task.names(len(layers)), seen, strict=True):
            maker.codes(layers, images, partial(take, names))
    return len(task.places)


@dataclass(frozen=True)
class ClusterPasses:
    """Passes over all pictures by a cluster's workers; see `extraction.Passes`."""

    client: Any
    objects: Objects
    execution: ExecutionSettings
    n_threads: int = 0

    def __call__(
        self, maker: Maker, layers: Sequence[str], at_once: int, take: Take
    ) -> None:
        """Hand over the codes of all pictures, in order.

        What workers die of is computed here, where the reason is found.
        """
        tasks = list(self._tasks(maker, layers, at_once))
        answers = in_order(self.client, run_task, iter(tasks), self.execution)
        for pending, answer in zip(tasks, answers, strict=True):
            task = pending.task
            if answer is None:
                pictures = pictures_at(paths.IMAGES, task.places)
                for images in images_as_seen(maker.defined, pictures, at_once):
                    maker.codes(layers, images, take)
                continue
            for names in task.names(len(layers)):
                for name, layer in zip(names, layers, strict=True):
                    take(layer, self._taken(name, code_shape(maker.defined, layer)))
                self.objects.drop(names)

    def _taken(self, name: str, shape: tuple[int, ...]) -> Tensor:
        data = bytearray(self.objects.get(name))
        return torch.frombuffer(data, dtype=torch.float32).reshape(-1, *shape)

    def _tasks(
        self, maker: Maker, layers: Sequence[str], at_once: int
    ) -> Iterator[Pending[Task]]:
        made = packed((maker.defined, list(layers)), self.objects)
        pictures = published(self.objects, paths.IMAGES)
        n = tables.n_rows(paths.IMAGES)
        for first in range(0, n, PICTURES_A_BATCH):
            places = range(first, min(n, first + PICTURES_A_BATCH))
            # Of this run alone: another one would take them away.
            answer = f"{FOLDER}/{uuid.uuid4().hex}"
            task = Task(
                store=self.objects.url,
                made=made,
                pictures=pictures,
                places=places,
                answer=answer,
                source=program(),
                device=self.execution.device,
                n_threads=self.n_threads,
                at_once=at_once,
            )
            yield Pending(answer, task)


@contextmanager
def cluster_passes(
    execution: ExecutionSettings, objects: Objects
) -> Iterator[ClusterPasses]:
    """Yield what has the workers of the cluster compute codes."""
    n_workers, n_threads = own_workers(execution)
    with connected(execution, n_workers) as client:
        yield ClusterPasses(client, objects, execution, n_threads)
