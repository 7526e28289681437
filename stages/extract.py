"""Compute what the representations say of each picture: the target codes.

    data/images -> data/targets/<representation>/<layer>.safetensors, statistics.json

Every layer that the grid inverts is extracted, of every picture. A representation whose
code cannot be inverted is left out, with the reason in left_out.json; one whose code
depends on chance or company is told in the statistics. Where the grid chooses channels
by their colour, their ranking is in chromaticity.json.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice

import torch

from stages.execution.blame import culprit, one_by_one, one_line, place
from stages.execution.coding import images_as_seen
from stages.execution.device import prepare
from stages.execution.extraction import Maker, Passes
from stages.execution.place import shared_objects
from stages.execution.room import check_room, codes_bytes
from stages.execution.workers import share
from stages.images import Codes, Images
from stages.metrics.code import pairwise_statistics
from stages.params.execution import ExecutionSettings
from stages.plan.missing import without_weights
from stages.plan.representations import code_shape, outline
from stages.plan.study import ExtractStage, expand, extract_part, ready
from stages.process.command_line import no_arguments
from stages.process.progress import Progress
from stages.process.stage import Refusal, run, say
from stages.representations.chromaticity import chromaticity
from stages.representations.definition import Definition
from stages.representations.loading import cut
from stages.representations.soundness import (
    Stability,
    reason_against,
    stabilities,
)
from stages.store import files, paths, tables
from stages.store.pictures import stored_pictures
from stages.store.times import timed

# Pictures that colour is measured on, our choice: the ranking hardly changes with more.
PICTURES_RANKED = 4

Advance = Callable[[float], None]


class Unsound(Exception):
    """A representation gives no code to invert; the message says at which layer."""


def statistics(defined: Definition, layer: str, codes: Codes) -> dict[str, object]:
    """Return what the errors and the report need to know of a layer."""
    return {
        "code_shape": list(code_shape(defined, layer)),
        "n_pictures": len(codes),
        **pairwise_statistics(codes)._asdict(),
        "geometry": _geometry(defined, layer),
    }


def _geometry(defined: Definition, layer: str) -> dict[str, int]:
    geometry = outline(defined).geometry(layer)
    return {
        "stride": geometry.stride,
        "receptive_field": geometry.size,
        "offset": geometry.offset,
    }


def mean_norm(defined: Definition) -> float:
    """Return the mean Euclidean norm of the centred pictures."""
    mean = torch.tensor(outline(defined).mean)[:, None, None]
    batches = images_as_seen(defined, stored_pictures())
    norms = [(batch - mean).flatten(1).norm(dim=1) for batch in batches]
    return float(torch.cat(norms).mean())


def first_pictures(defined: Definition, n: int) -> Images:
    """Return the first of the pictures as the representation sees them."""
    return next(images_as_seen(defined, islice(stored_pictures(), n)))


def check_soundness(
    defined: Definition, layers: Sequence[str], images: Images, device: torch.device
) -> None:
    """Raise Unsound if a layer has no code to invert.

    Of pictures nor of noise, as a flat picture may have none of a sound layer.
    """
    noise = 255 * torch.rand(
        images[:1].shape, generator=torch.Generator().manual_seed(0)
    )
    for layer in layers:
        phi, told = cut(defined, layer, device), ""
        for one in (*images[:, None], noise):
            reason = reason_against(phi, one.to(device))
            told = told or reason or ""
            if reason is None:
                break
        else:
            raise Unsound(f"{layer}: {told}")


def extracted(study: ExtractStage, maker: Maker, advance: Advance) -> dict[str, object]:
    """Extract the layers of a representation; return what is known of them.

    How far the codes of one picture differ, in company and by chance, is empty for a
    single picture. Raises Unsound if one of the layers gives no code to invert.
    """
    defined, wanted = maker.defined, study.layers[maker.name]
    images = first_pictures(defined, 2)
    check_soundness(defined, wanted, images, maker.device)
    steady: dict[str, Stability] = {}
    if len(images) > 1:
        steady = stabilities(partial(maker.codes, wanted), images)
    layers: dict[str, object] = {}
    for layer, codes in maker.made(wanted, advance):
        told = asdict(steady[layer]) if steady else {}
        layers[layer] = statistics(defined, layer, codes) | {"stability": told}
    return {"mean_norm": mean_norm(defined), "layers": layers}


def ranking(
    study: ExtractStage, name: str, device: torch.device
) -> dict[str, list[float]]:
    """Return how chromatic each channel is, of the layers that the grid asks it of."""
    defined = study.definitions[name]
    images = first_pictures(defined, PICTURES_RANKED).to(device)
    return {
        layer: chromaticity(cut(defined, layer, device), images).tolist()
        for layer in study.ranked.get(name, ())
    }


@dataclass(frozen=True)
class Extraction:
    """What came of a representation: its statistics and ranking, or why it has none."""

    known: dict[str, object] = field(default_factory=dict)
    ranking: dict[str, list[float]] = field(default_factory=dict)
    reason: str = ""


def attempt(
    name: str,
    advance: Advance,
    *,
    study: ExtractStage,
    device: torch.device,
    passes: Passes | None = None,
) -> Extraction:
    """Extract a representation; whatever its network raises costs itself alone."""
    kept = study.execution.targets
    maker = Maker(name, study.definitions[name], kept, device, passes)
    try:
        known = extracted(study, maker, advance)
        return Extraction(known, ranking(study, name, device))
    except Refusal:
        raise
    except Unsound as error:
        return Extraction(reason=one_line(error))
    except Exception as error:
        layers = study.layers[name]
        return Extraction(reason=culprit(layers, error, maker.defined, device))


def attempts_apart(
    names: list[str], study: ExtractStage, device: torch.device, advance: Advance
) -> dict[str, Extraction]:
    """Extract the user's own networks in a process of their own, which they may end."""
    done: dict[str, Extraction] = {}

    def lost(name: str, how: str, _: float) -> list[str]:
        done[name] = Extraction(reason=how_it_ended(name, how, study, device))
        return []

    run = partial(attempt, study=study, device=device)
    setup = partial(prepare, study.execution.device, None)
    keep = done.__setitem__
    share(names, run, 1, setup=setup, advance=advance, lost=lost, finished=keep)
    return done


def how_it_ended(name: str, how: str, study: ExtractStage, device: torch.device) -> str:
    """Return how a network ended its process, with the layer and the picture."""
    told, layers = how, study.layers[name]

    def lost(_: list[str], again: str, reached: float) -> list[list[str]]:
        nonlocal told
        told = f"{place(layers, reached)}: {again}"
        return []

    defined = study.definitions[name]
    run = partial(one_by_one, defined=defined, device=device)
    setup = partial(prepare, study.execution.device, None)
    share([layers], run, 1, setup=setup, advance=lambda _: None, lost=lost)
    return told


def main() -> None:
    """Extract the layers of every representation."""
    whole = ready(expand(), without_weights())
    n_pictures = tables.n_rows(paths.IMAGES)
    check_room(whole.execution, {paths.TARGETS: codes_bytes(whole, n_pictures)})
    study = extract_part(whole)
    device = prepare(study.execution.device)
    n_layers = sum(len(layers) for layers in study.layers.values())
    wanted = [name for name, layers in study.layers.items() if layers]
    own = [name for name in wanted if study.definitions[name].own_code() is not None]
    with (
        Progress("extract", n_layers * n_pictures, "codes") as progress,
        passes_of(study.execution) as passes,
    ):
        advance = progress.advance
        done = {
            name: attempt(name, advance, study=study, device=device, passes=passes)
            for name in wanted
            if name not in own
        } | attempts_apart(own, study, device, advance)
    save({name: done[name] for name in wanted})


@contextmanager
def passes_of(execution: ExecutionSettings) -> Iterator[Passes | None]:
    """Yield what makes codes where `execution` says: a cluster; None: this process."""
    objects = shared_objects(execution) if execution.backend == "dask" else None
    if objects is None:
        yield None
        return
    # Imported here: a study on one machine needs none of it.
    from stages.execution.cluster.extraction import cluster_passes

    with cluster_passes(execution, objects) as passes:
        yield passes


def save(done: Mapping[str, Extraction]) -> None:
    """Write what is known, and what is left out; raises Refusal if that is all."""
    left_out = {name: one.reason for name, one in done.items() if one.reason}
    for name, reason in left_out.items():
        say(f"{name} is left out of the study: {reason}")
    good = {name: one for name, one in done.items() if not one.reason}
    if not good:
        raise Refusal("nothing is left to invert: no representation gives a code")
    files.write_json(paths.STATISTICS, {n: one.known for n, one in good.items()})
    files.write_json(paths.CHROMATICITY, {n: one.ranking for n, one in good.items()})
    files.write_json(paths.LEFT_OUT, left_out)


if __name__ == "__main__":
    no_arguments("extract", __doc__)
    run(timed("extract", main))
