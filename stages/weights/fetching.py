"""Fetch the published weights that a study wants, and say what could not be had.

    sources -> data/weights/networks, data/weights/lpips, data/weights/manifest.json

Each file is verified, converted to safetensors with the names of its network, and kept.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from stages.process.stage import Refusal, say
from stages.sources.download import Unfetched, public
from stages.store import files, paths
from stages.store.file_hash import file_hash
from stages.weights import kept, recorded
from stages.weights.catalogue import EFFICIENTNET_LITE0, backbone
from stages.weights.description import Package, Source, Url, WeightsFile
from stages.weights.kept import Entry, Manifest, Origin
from stages.weights.obtaining import Obtained, obtain


@runtime_checkable
class Policy(Protocol):
    """The part of the params that is read here, of networks and of LPIPS."""

    @property
    def if_unreachable(self) -> str:
        """Return `error`, or `skip` to go on without."""

    @property
    def mirrors(self) -> Sequence[str]:
        """Return addresses of folders to try after a file's own."""


@runtime_checkable
class Lpips(Policy, Protocol):
    """The part of the params that is about LPIPS."""

    @property
    def backbones(self) -> Sequence[str]:
        """Return the names of the wanted backbones."""


@dataclass(frozen=True)
class _Use:
    """What weights are for, in words, and where they go."""

    file: WeightsFile
    place: Path
    needed: str
    otherwise: str
    left_out: str


def fetch_weights(
    networks: Mapping[str, WeightsFile],
    policy: Policy,
    lpips: Lpips,
    downloads: Path,
    *,
    judge: bool = False,
) -> None:
    """Write the weights that can be had, and the manifest of all that are wanted.

    `networks` are files by the names of their representations; `judge` also wants that
    of large pictures, which LPIPS's policy is for, too. Raises Refusal if a file
    does not hold its network's weights, and, where `if_unreachable` is `error`, if one
    cannot be fetched.
    """
    fetched = {
        n: _entry(_network(n, f), policy, downloads) for n, f in networks.items()
    }
    names = lpips.backbones
    manifest: Manifest = {
        "networks": fetched,
        "lpips": {n: _entry(_backbone(n), lpips, downloads) for n in names},
        "judges": {n: _entry(_judge(n), lpips, downloads) for n in _JUDGES[:judge]},
        "embedded": kept.embedded(),
        "later": kept.LATER,
    }
    _clear(paths.NETWORKS, fetched)
    _clear(kept.LPIPS, manifest["lpips"])
    _clear(kept.judge_place().parent, manifest["judges"])
    reasons = {n: one["reason"] for n, one in kept.missing(fetched).items()}
    files.write_json(kept.UNREACHABLE, reasons)
    files.write_json(paths.WEIGHTS_MANIFEST, manifest)


def _clear(folder: Path, entries: Mapping[str, Entry]) -> None:
    """Remove the weights in the folder that are no longer wanted."""
    wanted = {one["file"] for one in entries.values()}
    for path in folder.glob("*.safetensors"):
        if path.as_posix() not in wanted:
            path.unlink()


def _network(name: str, file: WeightsFile) -> _Use:
    return _Use(
        file,
        kept.place(file),
        f"the weights of {name} are needed",
        "Or go on with the other representations: "
        "`fetch: networks: if_unreachable: skip` in params.yaml",
        f"{name} is left out of the study",
    )


def _backbone(name: str) -> _Use:
    return _Use(
        backbone(name),
        kept.backbone_place(name),
        f"the weights of LPIPS ({name}) are needed",
        f"Or go on without LPIPS ({name}): `fetch: lpips: if_unreachable: skip` in "
        "params.yaml",
        f"LPIPS ({name}) is left out, {kept.column(name)} stays empty, the judge's "
        f"perceptual distance, {kept.STAND_IN}, stands in for it",
    )


_JUDGES = ("efficientnet_lite0",)


def _judge(name: str) -> _Use:
    return _Use(
        EFFICIENTNET_LITE0,
        kept.judge_place(),
        f"the weights of the judge {name} are needed",
        "Or go on without it: `fetch: lpips: if_unreachable: skip` in params.yaml",
        f"the judge {name} is left out, the columns imagenet_* stay empty, the "
        "embedded judge goes on alone",
    )


def _entry(use: _Use, policy: Policy, downloads: Path) -> Entry:
    """Return what the manifest says of the weights, written if they can be had."""
    required = policy.if_unreachable == "error"
    try:
        obtained = obtain(use.file, downloads, policy.mirrors, required=required)
    except Unfetched as refusal:
        if required:
            raise Refusal(f"{use.needed}: {refusal}\n{use.otherwise}") from refusal
        say(f"{use.left_out}: {refusal}\nTo get it later: {kept.LATER}")
        return _absent(use, "; ".join(refusal.failures), downloads)
    sha256 = _write(use, obtained)
    source = obtained.source
    if isinstance(source, Url):
        recorded.remember(source, downloads, sha256)
    say(f"{_name(source)} is in {use.place}")
    return {
        "status": "fetched",
        "file": use.place.as_posix(),
        "sha256": file_hash(use.place),
        "source": _name(source),
        "source_sha256": sha256,
        "licence": source.licence,
        "reason": None,
        "sources": _origins(use.file, downloads),
    }


def _absent(use: _Use, reason: str, downloads: Path) -> Entry:
    return {
        "status": "unreachable",
        "file": None,
        "sha256": None,
        "source": None,
        "source_sha256": None,
        "licence": None,
        "reason": reason,
        "sources": _origins(use.file, downloads),
    }


def _origins(file: WeightsFile, downloads: Path) -> list[Origin]:
    return [
        {
            "place": _name(source),
            "copy": source.file,
            "known_hash": source.known_hash,
            "folder": downloads.as_posix(),
        }
        for source in file.sources
    ]


def _name(source: Source) -> str:
    """Return what a source is called: its address, or the package and its file."""
    if isinstance(source, Package):
        return f"{source.member} in the package {source.project} {source.version}"
    return public(source.address)


def _write(use: _Use, obtained: Obtained) -> str:
    """Write the weights as safetensors; return the sha256 of the file they came in."""
    # Imported here: torch takes seconds, and a study may want no weights.
    from safetensors.torch import save_file

    from stages.weights.conversion import converted

    source, content = obtained.source, obtained.content()
    try:
        weights = converted(content, source.form)
    except ValueError as error:
        raise Refusal(
            f"{obtained.path} has the right hash but does not hold the weights of "
            f"{use.file.name}: {error}. Delete it, and do without until you know where "
            f"it came from ({_name(source)})"
        ) from error
    with files.replacing(use.place) as temporary:
        # Without metadata: equal tensors give equal bytes, and equal job keys.
        save_file(weights, temporary)
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    return file_hash(content)
