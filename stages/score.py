"""Score the pre-images: a row of metrics each, and the floors to judge them by.

    data/images, data/targets, data/preimages -> data/scores.parquet

Every job has its row, a failed one with null metrics. Each selection of each code that
was inverted also has rows of the baselines, for the same pictures.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain

import torch

from stages.execution.apart import codes_apart
from stages.execution.device import prepare
from stages.execution.place import shared_objects
from stages.execution.targets import Originals, TargetCodes
from stages.images import Codes, Images
from stages.metrics.baselines import BASELINES
from stages.metrics.chunks import LABELS, Layout
from stages.metrics.judges import load_judges
from stages.metrics.perceptual import Lpips
from stages.metrics.reference import View
from stages.metrics.schema import scores_schema
from stages.metrics.scoring import Baselines, Chunk, Preimages, Scorer
from stages.params.execution import ExecutionSettings
from stages.params.representations import Representation
from stages.plan.representations import definition, outline
from stages.plan.sections import score_stage
from stages.process.command_line import no_arguments
from stages.process.progress import Progress, running_cost
from stages.process.stage import Refusal, run
from stages.representations.definition import Definition
from stages.representations.loading import placed
from stages.store import paths, tables
from stages.store.tables import Row
from stages.store.times import timed
from stages.weights import kept

Phi = Callable[[str], Callable[[Images], Codes]]


# What turns chunks into rows, and tells of the pre-images that it has scored.
RowsOf = Callable[[Iterable[Chunk], Callable[[float], None]], Iterator[Row]]


def scores(scorer: Scorer, rows_of: RowsOf | None = None) -> Iterator[Row]:
    """Yield the rows of the table of scores: every job's, then the baselines'.

    In one pass over the pictures; no more than a chunk's rows are held. `rows_of` turns
    chunks into rows, by default in this process.
    """
    table = tables.Parted(paths.PREIMAGES)
    labels = tables.rows(paths.PREIMAGES, LABELS)
    layout = Layout(labels, scorer.views, list(scorer.originals.places))
    _check(layout)
    chunks: Iterator[Chunk] = chain[Chunk](
        (Preimages(table.pieces(places)) for places in layout.chunks()),
        (Baselines(part, tuple(ids)) for part, ids in layout.baselines()),
    )
    runs = [*layout.runs(), *_baseline_runs(layout)]
    sides = {name: view.size for name, view in scorer.views.items()}
    # Metrics take their time by the pixel.
    cost = running_cost((n, n * sides[name] ** 2) for n, name in runs)
    total = sum(n for n, _ in runs)
    with Progress("score", total, "pictures", cost=cost) as progress:
        yield from (rows_of or partial(_here, scorer))(chunks, progress.advance)


def _baseline_runs(layout: Layout) -> Iterator[tuple[int, str]]:
    """Yield how many baselines each selection has, and its representation."""
    for part, image_ids in layout.baselines():
        yield len(BASELINES) * len(image_ids), part.representation


def _here(
    scorer: Scorer, chunks: Iterable[Chunk], advance: Callable[[float], None]
) -> Iterator[Row]:
    for chunk in chunks:
        yield from scorer.rows(chunk, advance)


@contextmanager
def scored_by(
    execution: ExecutionSettings,
    scorer: Scorer,
    definitions: Mapping[str, Definition],
) -> Iterator[RowsOf | None]:
    """Yield what turns chunks into rows where `execution` says: a cluster's workers.

    None stands for this process. What workers left behind is gone in the end.
    """
    objects = shared_objects(execution) if execution.backend == "dask" else None
    if objects is None:
        yield None
        return
    # Imported here: a study on one machine needs none of it.
    from stages.execution.cluster.client import connected, own_workers
    from stages.metrics.scoring_task import Cluster

    n_workers, n_threads = own_workers(execution)
    with connected(execution, n_workers) as client:
        cluster = Cluster(client, objects, execution, scorer, definitions, n_threads)
        yield cluster.rows
        cluster.finish()


def _check(layout: Layout) -> None:
    """Refuse pre-images that were made from other pictures or params."""
    if layout.strange:
        raise Refusal(
            f"{paths.PREIMAGES} holds what neither params.yaml nor {paths.IMAGES} "
            f"names: {', '.join(sorted(layout.strange)[:10])}; run `dvc repro`"
        )


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
    known = {name: definition(one) for name, one in study.representations.items()}
    views = {
        name: _view(name, settings, known[name], door)
        for name, settings in study.representations.items()
    }
    scorer = Scorer(views, judges, Originals())
    with scored_by(study.execution, scorer, known) as rows_of:
        tables.write_table(paths.SCORES, scores(scorer, rows_of), scores_schema())


def _view(
    name: str, settings: Representation, defined: Definition, door: TargetCodes
) -> View:
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
    no_arguments("score", __doc__)
    run(timed("score", main))
