"""Compute what the representations say of each picture: the target codes.

    data/images -> data/targets/<representation>/<layer>.safetensors, statistics.json

Every layer that the grid inverts is extracted, of every picture.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from stages import codes, settings, store
from stages.built import code_shape, cut, representation
from stages.execution.device import prepare
from stages.execution.process import run
from stages.execution.progress import Progress
from stages.grid import layers_of
from stages.images import Images, image_as_seen
from stages.kinds import RepresentationSettings
from stages.metrics.code import pairwise_statistics
from stages.params import GridEntry
from stages.targets import Recomputed, Targets

PICTURES_A_BATCH = 16


def images(settings: RepresentationSettings) -> Iterator[Images]:
    """Yield the pictures as the representation sees them, a batch at a time."""
    channels = representation(settings).image_channels
    rows = store.rows(store.IMAGES, ["image"])
    while batch := list(islice(rows, PICTURES_A_BATCH)):
        stored = (row["image"]["bytes"] for row in batch)
        yield torch.stack(
            [image_as_seen(data, settings.side, channels) for data in stored]
        )


def layer_codes(
    settings: RepresentationSettings,
    layer: str,
    device: torch.device,
    progress: Progress,
) -> Iterator[Tensor]:
    """Yield the layer's codes of all pictures, a batch at a time."""
    phi = cut(settings, layer, device)
    for batch in images(settings):
        with torch.no_grad():
            yield phi(batch.to(device))
        progress.advance(len(batch))


def stored(
    name: str,
    settings: RepresentationSettings,
    layer: str,
    device: torch.device,
    progress: Progress,
) -> Targets:
    """Compute and store the layer's codes of all pictures, and return them."""
    image_ids = [row["image_id"] for row in store.rows(store.IMAGES, ["image_id"])]
    found = layer_codes(settings, layer, device, progress)
    place = codes.path(name, layer)
    codes.write(place, image_ids, code_shape(settings, layer), found)
    return codes.Codes(place)


def statistics(
    settings: RepresentationSettings, layer: str, known: Targets
) -> dict[str, Any]:
    """Return what the errors and the report need to know of a layer."""
    pairs = pairwise_statistics(known.all())
    return {
        "code_shape": list(code_shape(settings, layer)),
        "n_pictures": len(known.image_ids),
        **pairs._asdict(),
        "geometry": _geometry(settings, layer),
    }


def _geometry(settings: RepresentationSettings, layer: str) -> dict[str, int]:
    geometry = representation(settings).geometry(layer)
    return {
        "stride": geometry.stride,
        "receptive_field": geometry.size,
        "offset": geometry.offset,
    }


def mean_norm(settings: RepresentationSettings) -> float:
    """Return the mean Euclidean norm of the centred pictures."""
    mean = torch.tensor(representation(settings).mean)[:, None, None]
    norms = [(batch - mean).flatten(1).norm(dim=1) for batch in images(settings)]
    return float(torch.cat(norms).mean())


def wanted_layers(
    name: str, settings: RepresentationSettings, grid: Iterable[GridEntry]
) -> list[str]:
    """Return the layers of a representation that the grid inverts, shallow to deep."""
    wanted = {
        layer
        for entry in grid
        if name in entry.representation
        for layer in layers_of(entry, settings)
        if isinstance(layer, str)
    }
    return sorted(wanted, key=representation(settings).depth)


def main() -> None:
    """Extract the layers of every representation."""
    study = settings.load("extract")
    device = prepare(study.execution.device)
    n_pictures = sum(1 for _ in store.rows(store.IMAGES, ["image_id"]))
    layers = [
        (name, chosen, layer)
        for name, chosen in study.representations.items()
        for layer in wanted_layers(name, chosen, study.grid)
    ]
    found: dict[str, Any] = {}
    with Progress("extract", len(layers) * n_pictures, "codes") as progress:
        for name, chosen, layer in layers:
            if study.execution.targets == "store":
                known = stored(name, chosen, layer, device, progress)
            else:
                known = Recomputed(chosen, layer, device)
                progress.advance(len(known.image_ids))
            if name not in found:
                found[name] = {"mean_norm": mean_norm(chosen), "layers": {}}
            found[name]["layers"][layer] = statistics(chosen, layer, known)
    store.write_json(store.TARGETS / "statistics.json", found)


if __name__ == "__main__":
    run(main)
