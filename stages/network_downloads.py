"""Fetch the published weights of the study's networks, and say what could not be had.

    torchvision's files, the authors' file -> data/weights/networks, manifest.json

torchvision's files are known by the first digits of their sha256, which stand in their
names; of the authors' file nothing is known beforehand. The whole sha256 is recorded
when a file is first fetched, and wanted from then on. A file is opened as nothing but
tensors, after its hash was checked, and must fit its network.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from safetensors.torch import save_file
from torch import Tensor

from stages.network_weights import WeightsFile, stored, weights_file
from stages.params.representations import RepresentationSettings, TorchvisionSettings
from stages.process.stage import Refusal, say
from stages.recorded_downloads import fetch_recorded, remember
from stages.representations.caffe_reference import from_matconvnet, to_state
from stages.representations.matconvnet import read
from stages.representations.zoo import renamed, untrained
from stages.sources.download import Patience, Unfetched, public
from stages.store import files, paths

# Our choice: a study that can do without a network waits as long for its weights as for
# those of LPIPS; one that cannot, an hour.
SILENCE = 4.0
STRICT = Patience(total=3600.0)
# Digits of the sha256 in the names of downloads: as many as are always known.
N_DIGITS = 8
# Where the whole sha256 of each file is recorded, beside the files.
RECORD = "networks.json"


@runtime_checkable
class NetworkWeights(Protocol):
    """The part of the params that is read here."""

    @property
    def on_unreachable(self) -> str:
        """Return `error`, or `skip` to go on without the networks."""

    @property
    def mirrors(self) -> Sequence[str]:
        """Return addresses of folders to try after a file's own."""


def fetch_networks(
    representations: Mapping[str, RepresentationSettings],
    wanted: NetworkWeights,
    downloads: Path,
) -> dict[str, dict[str, Any]]:
    """Write the weights that can be had, and the manifest of all; return its entries.

    Raises Refusal if a file does not hold its network's weights, and, where
    `on_unreachable` is `error`, if one cannot be fetched.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, settings in representations.items():
        file = weights_file(settings)
        if file is not None:
            found[name] = _entry(name, settings, file, wanted, downloads)
    kept = {stored(entry["file"]) for entry in found.values()}
    for path in set(paths.NETWORKS.glob("*.safetensors")) - kept:
        path.unlink()
    files.write_json(paths.NETWORKS_MANIFEST, found)
    return found


def _entry(
    name: str,
    settings: RepresentationSettings,
    file: WeightsFile,
    wanted: NetworkWeights,
    downloads: Path,
) -> dict[str, Any]:
    """Return what the manifest says of the file, which is written if it can be had."""
    entry: dict[str, Any] = {
        "file": file.name,
        "url": file.url,
        "sha256": None,
        "status": "unreachable",
        "reason": None,
        "known_hash": file.known_hash,
        "folder": downloads.as_posix(),
    }
    try:
        path, sha256 = _downloaded(file, wanted, downloads)
    except Unfetched as refusal:
        if wanted.on_unreachable == "error":
            raise Refusal(_needed(name, refusal)) from refusal
        say(f"{name} is left out of the study: {refusal}")
        return {**entry, "reason": "; ".join(refusal.failures)}
    _write(settings, file, path)
    remember(downloads / RECORD, file.name, sha256)
    say(f"{name}: its weights are in {file.stored}")
    return {**entry, "sha256": sha256, "status": "fetched"}


def _needed(name: str, refusal: Unfetched) -> str:
    return (
        f"the weights of {name} are needed: {refusal}\nOr go on with the other "
        "representations: `fetch: networks: on_unreachable: skip` in params.yaml"
    )


def _downloaded(
    file: WeightsFile, wanted: NetworkWeights, downloads: Path
) -> tuple[Path, str]:
    """Return the file with its known hash and, if one is recorded, the whole one."""
    strict = wanted.on_unreachable == "error"
    return fetch_recorded(
        file.url,
        file.known_hash,
        downloads / RECORD,
        wanted.mirrors,
        STRICT if strict else Patience(SILENCE, attempts=1, total=3600.0),
        n_digits=N_DIGITS,
    )


def _write(settings: RepresentationSettings, file: WeightsFile, path: Path) -> None:
    """Write the weights as safetensors, as the network takes them."""
    try:
        weights = _tensors(settings, path)
    # Whatever the bytes make of torch.load: a dozen kinds of errors are known.
    except Exception as error:
        reason = f"{type(error).__name__}, {error}".partition("\n")[0]
        raise Refusal(
            f"{path} has the right hash but does not hold the weights of its network: "
            f"{reason}. Delete it, and do without the network until you know where it "
            f"came from ({public(file.url)})"
        ) from error
    plain = {name: one.detach().clone().contiguous() for name, one in weights.items()}
    with files.replacing(file.stored) as temporary:
        save_file(plain, temporary)


def _tensors(settings: RepresentationSettings, path: Path) -> Mapping[str, Tensor]:
    if isinstance(settings, TorchvisionSettings):
        return _of_torchvision(settings, path)
    network = from_matconvnet(read(path))
    if network.side != settings.side:
        raise ValueError(f"its images have {network.side} pixels a side")
    return to_state(network)


def _of_torchvision(settings: TorchvisionSettings, path: Path) -> Mapping[str, Tensor]:
    """Return the state of the network with these weights: names as of today."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = untrained(settings.model, settings.published.classes)
    network.load_state_dict(renamed(settings.model, state))
    found: Mapping[str, Tensor] = network.state_dict()
    return found
