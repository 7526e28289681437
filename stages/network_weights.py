"""The published weights of networks: which file a representation needs, and where.

`stages.network_downloads` fetches them into `data/weights/networks`; the manifest there
says of each representation's file what it is, and, where it could not be had, why not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from stages.params.representations import (
    CaffenetSettings,
    RepresentationSettings,
    TorchvisionSettings,
)
from stages.process.stage import Refusal
from stages.sources.caffe_reference import CAFFE_REFERENCE
from stages.store import files, paths


@dataclass(frozen=True)
class WeightsFile:
    """A published file: its address and what is known of its sha256.

    `known_hash` is as `stages.sources.download.fetch_verified` wants it.
    """

    url: str
    known_hash: str

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return self.url.rpartition("/")[2]

    @property
    def stored(self) -> Path:
        """Return where the weights are once they are fetched."""
        return stored(self.name)


def stored(file: str) -> Path:
    """Return where the weights in a published file are once they are fetched."""
    return paths.NETWORKS / f"{Path(file).stem}.safetensors"


def weights_file(settings: RepresentationSettings) -> WeightsFile | None:
    """Return the file that the representation needs, None if it needs none."""
    if isinstance(settings, TorchvisionSettings) and settings.weights != "random":
        known = settings.published
        return WeightsFile(known.url, f"prefix:{known.prefix}")
    if isinstance(settings, CaffenetSettings) and settings.weights == "authors":
        return WeightsFile(CAFFE_REFERENCE, settings.sha256 or "any")
    return None


def is_stored(settings: RepresentationSettings) -> bool:
    """Return whether the weights that the representation needs, if any, are there."""
    file = weights_file(settings)
    return file is None or file.stored.is_file()


def stored_weights(settings: RepresentationSettings) -> Mapping[str, Tensor]:
    """Return the fetched weights of a representation that needs a file.

    Raises Refusal if they are not there.
    """
    file = weights_file(settings)
    if file is None:
        raise ValueError(f"`settings` must need a file of weights, got {settings!r}.")
    check_stored(settings)
    return dict(load_file(file.stored))


def check_stored(settings: RepresentationSettings) -> None:
    """Raise Refusal if the weights that the representation needs are not there."""
    file = weights_file(settings)
    if file is not None and not is_stored(settings):
        raise Refusal(f"{file.stored} is not there; `dvc repro -f fetch` writes it")


def entries() -> dict[str, dict[str, Any]]:
    """Return what the manifest says of the file of each representation that has one.

    By the representation's name: `file`, `url`, `sha256` (None if it is unreachable),
    `status` (`fetched` or `unreachable`), `reason` (None if fetched) and `folder`,
    where a copy is looked for. Empty before anything was fetched.
    """
    if not paths.NETWORKS_MANIFEST.is_file():
        return {}
    found: dict[str, dict[str, Any]] = files.read_json(paths.NETWORKS_MANIFEST)
    return found


def unreachable() -> list[str]:
    """Return the representations whose weights could not be had."""
    return [name for name, one in entries().items() if one["status"] != "fetched"]


def weights_hash(settings: RepresentationSettings) -> str | None:
    """Return the sha256 of the fetched file; None if none was fetched, or is needed."""
    file = weights_file(settings)
    if file is None:
        return None
    known = [one["sha256"] for one in entries().values() if one["url"] == file.url]
    return known[0] if known else None
