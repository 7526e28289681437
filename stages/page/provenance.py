"""What the study was made from and with, so that it can be made again, and cited."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

PACKAGES = (
    *("torch", "torchvision", "numpy", "scikit-image", "pillow"),
    *("pandas", "pyarrow", "safetensors", "dvc"),
)


@dataclass(frozen=True)
class Provenance:
    """The facts that the last section of the page states.

    `durations` are pairs of a representation and its mean seconds a job; `unreachable`
    says what could not be fetched, and why; `citation` is the text of CITATION.cff.
    """

    params: str
    hashes: dict[str, str]
    devices: Sequence[str]
    computing: str
    durations: Sequence[tuple[str, str]]
    unreachable: Sequence[str]
    versions: dict[str, str]
    citation: str


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide the results."""
    known = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            known[name] = "not installed"
    return known


def weight_hashes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the sha256 of all weights that were there, by file."""
    wanted = [*manifest["networks"].values(), *manifest["lpips"].values()]
    entries = [*manifest["embedded"], *wanted]
    return {entry["file"]: entry["sha256"] for entry in entries if entry["sha256"]}


def unreachable(manifest: Mapping[str, Any]) -> list[str]:
    """Return what could not be fetched, and why."""
    wanted = {
        **{f"LPIPS, backbone {n}": one for n, one in manifest["lpips"].items()},
        **{f"{n}, its weights": one for n, one in manifest["networks"].items()},
    }
    return [
        f"{what}: {entry['reason']}"
        for what, entry in wanted.items()
        if entry["status"] != "fetched"
    ]
