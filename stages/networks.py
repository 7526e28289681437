"""The networks that the project trained itself: CaffeNet at 64x64, and the judge.

Their weights are small files in Git, `data/embedded/<name>.safetensors`, whose metadata
say how the network is built. A card beside each says how it was trained and how good it
is.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor

from stages.execution.process import Refusal
from stages.metrics.judge import Judge
from stages.params import CaffenetSettings
from stages.representations.caffenet import CaffeNet
from stages.source_text import ROOT

EMBEDDED = ROOT / "data" / "embedded"


def caffenet(settings: CaffenetSettings) -> CaffeNet:
    """Return CaffeNet as the settings describe it, with trained or random weights."""
    if settings.full_size:
        return CaffeNet(seed=settings.seed)
    architecture, weights = stored("caffenet")
    network = CaffeNet(**architecture, seed=settings.seed)
    if settings.weights == "embedded":
        network.load_state_dict(weights)
    return network


@cache
def judge() -> Judge:
    """Return the judge with its weights, made once."""
    architecture, weights = stored("judge")
    network = Judge(**architecture)
    network.load_state_dict(weights)
    return network


def weights_hash(name: str) -> str:
    """Return the sha256 of the file of an embedded network."""
    with _file(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def stored(name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the architecture and the weights in the file of an embedded network."""
    with safe_open(_file(name), framework="pt") as file:
        architecture = json.loads(file.metadata()["architecture"])
        return architecture, {key: file.get_tensor(key) for key in file.keys()}


def _file(name: str) -> Path:
    path = EMBEDDED / f"{name}.safetensors"
    if not path.is_file():
        raise Refusal(
            f"{path} is not there; it comes with the project: `git checkout -- "
            f"{path.relative_to(ROOT)}` brings it back"
        )
    return path
