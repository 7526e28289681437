"""Fetch the weights of LPIPS's trunks, and say what is there and what is not.

    torchvision's files -> data/weights/lpips-<trunk>.safetensors, manifest.json

A file is known by the first digits of its sha256, which torchvision puts into its name.
The whole sha256 is recorded when it is first fetched and wanted from then on. The file
is a pickle: it is opened after its hash was checked, as nothing but tensors, and must
hold exactly the weights of torchvision's network.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from safetensors.torch import save_file

from stages.process.stage import Refusal, say
from stages.recorded_downloads import fetch_recorded, remember
from stages.sources.download import Patience, Unfetched
from stages.sources.trunk_file import TRUNKS, TrunkFile, checked_weights
from stages.store import files, paths
from stages.trunks import LATER, STAND_IN, column, weights_file

ADDRESS = "https://download.pytorch.org/models"

# Our choice: a study that can do without LPIPS waits some seconds for it, or as long as
# it comes at a megabyte a second and a minute more; a strict one an hour.
SILENCE = 4.0
STRICT = Patience(total=3600.0)

# Where the whole sha256 of each file is recorded, beside the files.
RECORD = "trunks.json"


@runtime_checkable
class LpipsSettings(Protocol):
    """The part of the params that is read here."""

    @property
    def trunks(self) -> Sequence[str]:
        """Return the names of the wanted trunks, keys of `TRUNKS`."""

    @property
    def if_unreachable(self) -> str:
        """Return `judge`, to go on without a trunk, or `error`."""

    @property
    def mirrors(self) -> Sequence[str]:
        """Return addresses of folders to try after torchvision's."""


def fetch_weights(lpips: LpipsSettings, downloads: Path) -> None:
    """Write the trunks that can be had, and the manifest of all that are wanted.

    Raises Refusal if a file holds other than its network's weights, and, where
    `if_unreachable` is `error`, if one cannot be fetched.
    """
    entries = {trunk: _entry(trunk, lpips, downloads) for trunk in lpips.trunks}
    fetched = {
        weights_file(trunk)
        for trunk, entry in entries.items()
        if entry["status"] == "fetched"
    }
    for path in set(paths.WEIGHTS.glob("*.safetensors")) - fetched:
        path.unlink()
    manifest = {"trunks": entries, "embedded": embedded()}
    files.write_json(paths.WEIGHTS_MANIFEST, manifest)


def _entry(trunk: str, lpips: LpipsSettings, downloads: Path) -> dict[str, Any]:
    """Return what the manifest says of the trunk, which is written if it can be had."""
    sha256, reason = None, None
    try:
        path, sha256 = _downloaded(TRUNKS[trunk], lpips, downloads)
    except Unfetched as refusal:
        if lpips.if_unreachable == "error":
            raise Refusal(
                f"{refusal}\nOr go on without LPIPS ({trunk}): "
                "`fetch.lpips.if_unreachable: judge` in params.yaml"
            ) from refusal
        reason = "; ".join(refusal.failures)
        say(_left_out(trunk, refusal))
    else:
        _write(trunk, path)
        remember(downloads / RECORD, TRUNKS[trunk].name, sha256)
        say(f"LPIPS ({trunk}): its trunk is in {weights_file(trunk)}")
    return {
        "file": TRUNKS[trunk].name,
        "url": f"{ADDRESS}/{TRUNKS[trunk].name}",
        "sha256": sha256,
        "status": "fetched" if sha256 else "unreachable",
        "reason": reason,
        "later": LATER,
        "stands_in": STAND_IN,
    }


def _left_out(trunk: str, refusal: Unfetched) -> str:
    return (
        f"LPIPS ({trunk}) is left out, {column(trunk)} stays empty: {refusal}\n"
        f"The judge's perceptual distance, {STAND_IN}, stands in for it. "
        f"To get LPIPS later: {LATER}"
    )


def _downloaded(
    file: TrunkFile, lpips: LpipsSettings, downloads: Path
) -> tuple[Path, str]:
    """Return the file that has the hash in its name and, if recorded, the whole one."""
    return fetch_recorded(
        f"{ADDRESS}/{file.name}",
        f"prefix:{file.prefix}",
        downloads / RECORD,
        lpips.mirrors,
        _patience(file, lpips),
        n_digits=len(file.prefix),
    )


def _patience(file: TrunkFile, lpips: LpipsSettings) -> Patience:
    if lpips.if_unreachable == "error":
        return STRICT
    return Patience(seconds=SILENCE, attempts=1, total=60.0 + file.megabytes)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(trunk: str, path: Path) -> None:
    """Write what LPIPS needs of torchvision's file: the weights of `features`."""
    weights = checked_weights(path, TRUNKS[trunk].network)
    features = {
        name: weight.detach().clone().contiguous()
        for name, weight in weights.items()
        if name.startswith("features.")
    }
    with files.replacing(weights_file(trunk)) as temporary:
        save_file(features, temporary)


def embedded() -> list[dict[str, str]]:
    """Return the networks that come with the project: name, file and sha256."""
    return [
        {"name": path.stem, "file": path.as_posix(), "sha256": _sha256(path)}
        for path in sorted(paths.EMBEDDED.glob("*.safetensors"))
    ]
