"""What the study was made from and with, so that it can be made again."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

PACKAGES = (
    *("torch", "torchvision", "numpy", "scikit-image", "pillow"),
    *("pandas", "pyarrow", "safetensors", "dvc"),
)


@dataclass(frozen=True)
class Provenance:
    """The facts that the last section of the page states."""

    params: str
    hashes: dict[str, str]
    devices: Sequence[str]
    computing: str
    versions: dict[str, str]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide the results."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
