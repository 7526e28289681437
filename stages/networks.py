"""Networks from their settings: CaffeNet, torchvision's, the user's own; and the judge.

The weights that the project trained itself are small files in Git,
`data/embedded/<name>.safetensors`, whose metadata say how the network is built. A card
beside each says how it was trained and how good it is. Other weights are fetched
(`stages.weights.kept`) or the user's own (`stages.custom`).
"""

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor

from stages import custom
from stages.execution.process import Refusal
from stages.file_hash import file_hash
from stages.kinds import (
    CaffenetSettings,
    CustomSettings,
    RepresentationSettings,
    TorchvisionSettings,
)
from stages.metrics.judge import Judge
from stages.representations.caffe_reference import from_state
from stages.representations.caffenet import CaffeNet
from stages.representations.network import Network
from stages.representations.representation import Representation
from stages.representations.zoo import paper_names, untrained
from stages.source_text import ROOT
from stages.weights import kept

EMBEDDED = ROOT / "data" / "embedded"


def network(settings: RepresentationSettings) -> Representation | None:
    """Return the network that the settings describe, None if they describe none."""
    match settings:
        case CaffenetSettings():
            return caffenet(settings)
        case TorchvisionSettings():
            return torchvision_network(settings)
        case CustomSettings():
            return custom_network(settings)
    return None


def caffenet(settings: CaffenetSettings) -> CaffeNet:
    """Return CaffeNet as the settings describe it, with trained or random weights."""
    file = settings.weights_file
    if file is not None and kept.place(file).is_file():
        return from_state(kept.tensors(file))
    # Until its weights are fetched, the authors' network is known by its shape.
    if settings.full_size:
        return CaffeNet(seed=settings.seed)
    architecture, weights = stored("caffenet")
    network = CaffeNet(**architecture, seed=settings.seed)
    if settings.weights == "embedded":
        network.load_state_dict(weights)
    return network


def torchvision_network(settings: TorchvisionSettings) -> Network:
    """Return torchvision's network; its weights are read when it is first computed."""
    known = settings.published
    file = settings.weights_file
    return Network(
        partial(untrained, known),
        side=settings.side,
        mean=known.mean,
        std=known.std,
        aliases=paper_names(settings.model),
        weights=None if file is None else partial(kept.tensors, file),
        seed=settings.seed,
    )


def custom_network(settings: CustomSettings) -> Network:
    """Return the user's own network; raises ValueError if it cannot be made."""
    return Network(
        custom.factory(settings),
        side=settings.side,
        mean=settings.mean,
        std=settings.std,
        weights=partial(custom.weights, settings) if settings.weights else None,
        seed=settings.seed,
    )


def identity(settings: RepresentationSettings) -> dict[str, Any]:
    """Return what determines the representation: its settings, weights and source."""
    found = settings.model_dump()
    if isinstance(settings, CaffenetSettings) and settings.weights == "embedded":
        found["sha256"] = weights_hash("caffenet")
    elif isinstance(settings, CustomSettings):
        found["sha256"] = custom.weights_hash(settings)
        found["source"] = custom.source(settings)
        del found["weights"]
    elif settings.weights_file is not None:
        found["sha256"] = kept.weights_hash(settings.weights_file)
    return found


@cache
def judge() -> Judge:
    """Return the judge with its weights, made once."""
    architecture, weights = stored("judge")
    network = Judge(**architecture)
    network.load_state_dict(weights)
    return network


def weights_hash(name: str) -> str:
    """Return the sha256 of the file of an embedded network."""
    return file_hash(_file(name))


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
