"""What the study was made from and with, so that it can be made again, and cited."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from ruamel.yaml import YAML

from stages.process.progress import duration
from stages.store import times

PACKAGES = (
    *("torch", "torchvision", "numpy", "scikit-image", "pillow"),
    *("pandas", "pyarrow", "safetensors", "dvc"),
)
_STAGES = ("fetch", "extract", "invert", "score")


@dataclass(frozen=True)
class Provenance:
    """The facts that the last section of the page states.

    `durations` are pairs of a representation and its mean seconds a job, `devices` what
    computed, and for how long; `stages` are pairs of a stage and how long it took when
    it last ran; `unreachable` says what could not be fetched, and why; `citation` is
    the text of CITATION.cff, `bibtex` the same as an entry, `commit` the version of the
    program.
    """

    params: str
    hashes: dict[str, str]
    devices: Sequence[str]
    computing: str
    durations: Sequence[tuple[str, str]]
    unreachable: Sequence[str]
    versions: dict[str, str]
    citation: str
    bibtex: str = ""
    commit: str = ""
    stages: Sequence[tuple[str, str]] = ()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide the results."""
    known = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            known[name] = "not installed"
    return known


def stage_times() -> list[tuple[str, str]]:
    """Return the stages before this one that are known to have run, with their time."""
    return [
        (stage, f"{duration(time.wall)} ({duration(time.cpu)} of processor time)")
        for stage, time in times.stage_times(_STAGES).items()
    ]


def bibtex(citation: str) -> str:
    """Return CITATION.cff, its text, as an entry of BibTeX; nothing for no text."""
    if not citation:
        return ""
    cff = YAML(typ="safe").load(citation)
    names = [
        ", ".join(filter(None, [one.get("family-names"), one.get("given-names")]))
        or one.get("name", "")
        for one in cff.get("authors", [])
    ]
    fields = {
        "author": " and ".join(names),
        "title": f"{{{cff.get('title', '')}}}",
        "version": str(cff.get("version", "")),
        "year": str(cff.get("date-released", ""))[:4],
    }
    lines = [f"  {name} = {{{text}}}" for name, text in fields.items() if text]
    return "@software{preimages,\n" + ",\n".join(lines) + "\n}\n"


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
