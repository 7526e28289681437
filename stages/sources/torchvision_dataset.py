"""Pictures of a data set that torchvision knows: it parses, we download and verify.

torchvision's classes download by themselves, without retries, mirrors or, for some
files, a hash. While a class is being built, its download functions are replaced by
ours. Unpacked data sets are kept below `downloads/torchvision`, one folder for each
choice of arguments; it appears under its name only when it is complete.
"""

import hashlib
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from stages.images import Picture
from stages.process.stage import Refusal, say
from stages.sources.candidate import UNKNOWN_LICENCE, Candidate, whole_file
from stages.sources.download import fetch_verified
from stages.sources.torchvision_downloads import verified_downloads

# The classification data sets of photographs that torchvision can download.
DATASETS = (
    *("Caltech101", "Caltech256", "CelebA", "CIFAR10", "CIFAR100", "Country211", "DTD"),
    *("EuroSAT", "FGVCAircraft", "Flowers102", "Food101", "GTSRB", "Imagenette"),
    *("INaturalist", "LFWPeople", "OxfordIIITPet", "Places365", "STL10", "SUN397"),
    *("SVHN",),
)

# What the source itself decides; not for `arguments`.
_OURS = {"root", "download", "loader", "transform", "target_transform", "transforms"}

Argument = str | int | float | bool


@contextmanager
def pictures(
    *,
    dataset: str,
    arguments: Mapping[str, Argument],
    sha256: Mapping[str, str],
    mirrors: Mapping[str, str],
    downloads: Path,
    limit: int | None,
) -> Iterator[Sequence[Candidate]]:
    """Give the data set's pictures in torchvision's order, or evenly spaced ones first.

    Data sets are sorted by class, so that the first ten pictures would show one class.
    With a `limit`, that many evenly spaced pictures come first; the others follow, to
    stand in for bad ones.

    `sha256` and `mirrors` map the name of a file to download to its hash and to another
    address; where there is no hash, torchvision's MD5 must match.
    """
    build = _builder(dataset, arguments)
    fetch = _Fetcher(sha256, mirrors, downloads)
    choice = json.dumps([dataset, dict(arguments), dict(sha256)], sort_keys=True)
    digest = hashlib.sha256(choice.encode()).hexdigest()[:8]
    root = downloads / "torchvision" / f"{dataset}-{digest}"
    root.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(root.with_name(f"{root.name}.lock")):
        if not root.is_dir():
            _unpack(root, build, fetch)
    items = build(root=str(root), download=False)
    yield [_candidate(dataset, items, index) for index in _spread(len(items), limit)]


def _candidate(dataset: str, items: Any, index: int) -> Candidate:
    n_digits = len(f"{len(items) - 1}")

    def read() -> bytes | Picture:
        picture: bytes | Picture = items[index][0]
        return picture

    name = f"{dataset}/{index:0{n_digits}d}"
    return Candidate(name, f"torchvision {dataset}", UNKNOWN_LICENCE, read)


def _spread(n: int, limit: int | None) -> Sequence[int]:
    if limit is None or limit >= n:
        return range(n)
    first = [place * n // limit for place in range(limit)]
    return [*first, *sorted(set(range(n)) - set(first))]


def _builder(dataset: str, arguments: Mapping[str, Argument]) -> Callable[..., Any]:
    """Return a function that builds the data set; what fails there is a `Refusal`."""
    if dataset not in DATASETS:
        raise Refusal(
            f"`fetch.images.dataset` must be one of {', '.join(DATASETS)}; "
            f"got {dataset!r}."
        )
    # Imported here because it takes seconds, which other sources need not wait.
    from torchvision import datasets

    kind = getattr(datasets, dataset)
    parameters = inspect.signature(kind).parameters.keys()
    _check_arguments(dataset, arguments, parameters - _OURS)
    # A class that takes a loader hands the undecoded file on: our decoder knows more.
    loader = {"loader": _load} if "loader" in parameters else {}

    def build(root: str, download: bool) -> Any:
        try:
            return kind(root=root, download=download, **loader, **arguments)
        except (ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise Refusal(
                f"torchvision cannot build {dataset} with `fetch.images.arguments` "
                f"{dict(arguments)} in {root}: {error}"
            ) from error

    return build


def _check_arguments(
    dataset: str, arguments: Mapping[str, Argument], allowed: Set[str]
) -> None:
    unknown = sorted(arguments.keys() - allowed)
    if unknown:
        raise Refusal(
            f"`fetch.images.arguments` of {dataset} must be of "
            f"{', '.join(sorted(allowed)) or 'none'}; got {', '.join(unknown)}."
        )


def _load(path: str | Path) -> bytes:
    return whole_file(Path(path))


def _unpack(root: Path, build: Callable[..., Any], fetch: "_Fetcher") -> None:
    """Download and unpack the data set so that `root` appears when it is complete."""
    part = root.with_name(f"{root.name}.part")
    # What a killed run left; torchvision would take it for a complete data set.
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    with verified_downloads(fetch):
        build(root=str(part), download=True)
    part.rename(root)


@dataclass(frozen=True)
class _Fetcher:
    """Puts a verified file where a data set's class expects its download."""

    sha256: Mapping[str, str]
    mirrors: Mapping[str, str]
    downloads: Path

    def __call__(self, url: str, folder: Path, name: str, md5: str | None) -> None:
        known = self.sha256.get(name) or (f"md5:{md5}" if md5 else None)
        if known is None:
            raise Refusal(
                f"torchvision states no hash of {name} ({url}). Name its sha256 under "
                f"`fetch.images.sha256` as `{name}: ...`."
            )
        mirrors = [self.mirrors[name]] if name in self.mirrors else []
        path = fetch_verified([url, *mirrors], known, self.downloads, name=name)
        say(f"unpacking {name}")
        folder.mkdir(parents=True, exist_ok=True)
        _link(path, folder / name)


def _link(path: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    try:
        # A second name costs no space; a class may remove its own when it is done.
        os.link(path.resolve(), place)
    except OSError:
        shutil.copyfile(path, place)
