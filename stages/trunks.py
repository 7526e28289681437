"""LPIPS in the study: which trunks are there, which are not, and the metrics of them.

`stages.weights` writes what is read here. Where a trunk could not be fetched, the
judge's perceptual distance stands in for it, in its own column; it is never called
LPIPS.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from stages.images import Images, PerImage
from stages.metrics.perceptual import Lpips
from stages.process.stage import Refusal
from stages.store import files, paths

Metric = Callable[[Images, Images], PerImage]

# The column of the scores that stands in for LPIPS.
STAND_IN = "judge_distance"
# What gets LPIPS once the network is on.
LATER = "dvc repro -f fetch && dvc repro"


def column(trunk: str) -> str:
    """Return the name of the trunk's column in the scores."""
    return f"lpips_{trunk}"


def weights_file(trunk: str) -> Path:
    """Return where the fetched weights of the trunk are."""
    return paths.WEIGHTS / f"lpips-{trunk}.safetensors"


def manifest() -> dict[str, Any]:
    """Return what is said of every wanted trunk and of the embedded networks.

    `trunks` maps the name of each trunk to `file`, `url`, `sha256` (None if it is
    unreachable), `status` (`fetched` or `unreachable`), `reason` (None if fetched),
    `later` (the line that gets it) and `stands_in` (the column that is there in any
    case). `embedded` lists `name`, `file` and `sha256`. Both are empty before anything
    was fetched.
    """
    if not paths.WEIGHTS_MANIFEST.is_file():
        return {"trunks": {}, "embedded": []}
    found: dict[str, Any] = files.read_json(paths.WEIGHTS_MANIFEST)
    return found


def trunk_weights(trunk: str) -> dict[str, Tensor] | None:
    """Return the weights of the trunk's `features`, None where it was not fetched.

    Raises Refusal if the manifest says that they were, and they are not there.
    """
    entry = manifest()["trunks"].get(trunk)
    if entry is None or entry["status"] != "fetched":
        return None
    path = weights_file(trunk)
    if not path.is_file():
        raise Refusal(f"{path} is not there; `dvc repro -f fetch` writes it again")
    weights: dict[str, Tensor] = load_file(path)
    return weights


def lpips_metrics(device: torch.device) -> dict[str, Metric]:
    """Return LPIPS with each trunk that was fetched, by the name of its column.

    Each takes pixels in 0..255 and computes on their device.
    """
    found: dict[str, Metric] = {}
    for trunk in manifest()["trunks"]:
        weights = trunk_weights(trunk)
        if weights is not None:
            on_device = {name: value.to(device) for name, value in weights.items()}
            found[column(trunk)] = Lpips(trunk, on_device)
    return found
