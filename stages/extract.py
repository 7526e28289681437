"""Compute what the representations say of each picture: the target codes.

    data/images -> data/targets/<representation>/<layer>.safetensors, statistics.json

Every layer that the grid inverts is extracted, of every picture.
"""

from typing import Any

import torch

from stages.execution.coding import images_as_seen
from stages.execution.device import prepare
from stages.execution.targets import TargetCodes, Targets, stored_pictures
from stages.metrics.code import pairwise_statistics
from stages.plan.representations import code_shape, outline
from stages.plan.study import extract_stage
from stages.process.progress import Progress
from stages.process.stage import run
from stages.representations.definition import Definition
from stages.store import files, paths, tables


def statistics(defined: Definition, layer: str, targets: Targets) -> dict[str, Any]:
    """Return what the errors and the report need to know of a layer."""
    pairs = pairwise_statistics(targets.all())
    return {
        "code_shape": list(code_shape(defined, layer)),
        "n_pictures": len(targets.image_ids),
        **pairs._asdict(),
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


def main() -> None:
    """Extract the layers of every representation."""
    study = extract_stage()
    door = TargetCodes(study.execution.targets, prepare(study.execution.device))
    n_pictures = sum(1 for _ in tables.rows(paths.IMAGES, ["image_id"]))
    n_layers = sum(len(layers) for layers in study.layers.values())
    known: dict[str, Any] = {}
    with Progress("extract", n_layers * n_pictures, "codes") as progress:
        for name, layers in study.layers.items():
            defined = study.definitions[name]
            for layer in layers:
                targets = door.make(name, defined, layer, progress.advance)
                if name not in known:
                    known[name] = {"mean_norm": mean_norm(defined), "layers": {}}
                known[name]["layers"][layer] = statistics(defined, layer, targets)
    files.write_json(paths.TARGETS / "statistics.json", known)


if __name__ == "__main__":
    run(main)
