"""Downloads that are verified by their hash, kept, and never needed twice.

pooch moves a file to its place only when it is whole and its hash is right. Here lie
the retries, the mirrors, and the words for a user whose network is off.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import unquote, urlsplit

import pooch
import requests
from tqdm import tqdm

from stages.process.secrets import masked
from stages.process.stage import Refusal, say
from stages.sources.deadline import Beats, within
from stages.sources.known_hash import KnownHash, known_hash_of
from stages.sources.network import is_passing, reason_of

_CHUNK = 1 << 14


# Arguments of `requests.get` for an address: certificates, proxies and the like.
Options = Callable[[str], Mapping[str, Any]]


def as_usual(url: str) -> Mapping[str, Any]:
    """Return no options: the environment alone says how an address is reached."""
    return {}


@dataclass(frozen=True)
class Patience:
    """How an address is asked: how long it may stay silent, how often, with what.

    `seconds` count to the connection and again between bytes; `pause` is waited before
    the second attempt and doubled before each further one. `total`, if there is one,
    ends an attempt however much still comes; `seconds` then count from one chunk of
    16 KiB to the next, with the look-up of the host's name and all that precedes it.
    `options` gives the arguments of `requests.get` for an address.
    """

    seconds: float = 20.0
    attempts: int = 3
    pause: float = 1.0
    total: float | None = None
    options: Options = as_usual


PATIENCE = Patience()


class Unfetched(Refusal):
    """No address gave the file; `failures` says of each place what was wrong."""

    def __init__(self, message: str, failures: list[str]) -> None:
        super().__init__(message)
        self.failures = failures


def fetch_verified(
    addresses: Sequence[str],
    known_hash: str,
    downloads: Path,
    *,
    name: str | None = None,
    n_digits: int = 12,
    patience: Patience = PATIENCE,
) -> Path:
    """Return the path of the file with this hash, downloaded if it is not there yet.

    Of the addresses, one at least, the first is the file's own; the others are tried
    where it fails. `known_hash` is a sha256, `md5:` and an MD5, `prefix:` and the first
    digits, 8 or more, of a sha256, or `any`, which every file has. The file is called
    by the hash's first `n_digits` and `name`, which is the last part of the first
    address unless given. A copy that somebody put into `downloads` under `name` alone
    serves as well.

    Raises Unfetched, a Refusal, if no address gives the file; Refusal if an address or
    the hash is none, or the file cannot be written.
    """
    addresses = [_checked(address) for address in addresses]
    known = known_hash_of(known_hash, public(addresses[0]))
    name = name or base_name(addresses[0])
    places = _places(known, downloads, name, n_digits)
    path, failures = _lying_there(known, places)
    if path is not None:
        return path
    if places[0].is_file():
        say(f"{places[0]} is damaged: its {known.algorithm} is wrong; getting it again")
    for address in addresses:
        failure = _failure(address, known, places[0], patience)
        if failure is None:
            return places[0]
        failures.append(f"{public(address)}: {failure}")
    raise unfetched(known, downloads, name, failures, n_digits)


def downloaded(
    known: KnownHash, downloads: Path, name: str, n_digits: int = 12
) -> Path | None:
    """Return the path of the file if it lies in the folder, None if it does not."""
    return _lying_there(known, _places(known, downloads, name, n_digits))[0]


def _places(
    known: KnownHash, downloads: Path, name: str, n_digits: int
) -> tuple[Path, Path]:
    """Return where a download goes, and where a copy placed by hand may lie."""
    begin = f"{known.digits[:n_digits]}-" if known.digits else ""
    return downloads / f"{begin}{name}", downloads / name


def _lying_there(
    known: KnownHash, places: Sequence[Path]
) -> tuple[Path | None, list[str]]:
    """Return the first place with the file that is known; what is wrong with others."""
    hashes = {path: known.digits_of(path) for path in places if path.is_file()}
    good = next((path for path, got in hashes.items() if known.fits(got)), None)
    return good, [f"{path}: {known.mismatch(got)}" for path, got in hashes.items()]


def unfetched(
    known: KnownHash,
    downloads: Path,
    name: str,
    failures: list[str],
    n_digits: int = 12,
) -> Unfetched:
    """Return what tells that nobody gave the file, and where a copy is looked for."""
    place, plain = _places(known, downloads, name, n_digits)
    lines = "".join(f"\n  {failure}" for failure in failures)
    which = f"a file of {known.algorithm} {known}" if known.digits else "it"
    return Unfetched(
        f"{plain.name} could not be fetched:{lines}\n"
        f"Try again when the network is on, name a mirror under `mirrors`, or get it "
        f"by other means: {which} is accepted as "
        f"{plain.name} (or {place.name}) in the folder {plain.parent.resolve()}",
        failures,
    )


def base_name(url: str) -> str:
    """Return the last part of the URL's path as a harmless file name."""
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last)[-100:].lstrip(".") or "download"


def public(url: str) -> str:
    """Return the URL without user name, password and values of its query."""
    return masked(url)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise Refusal(f"`url` must be an http or https address; got {public(url)!r}.")
    return url


class _WrongHash(Exception):
    """The file came whole, but it is another one; the message has both hashes."""


def _failure(
    address: str, known: KnownHash, place: Path, patience: Patience
) -> str | None:
    """Return why the address gave nothing, or None when the file is in its place."""
    say(f"downloading {public(address)}")
    reason = None
    for attempt in range(patience.attempts):
        if attempt:
            sleep(patience.pause * 2 ** (attempt - 1))
        try:
            _retrieve(address, known, place, patience)
            return None
        except _WrongHash as error:
            return f"{error}"
        except requests.RequestException as error:
            reason = reason_of(error, patience.seconds)
            if not is_passing(error):
                break
        except OSError as error:
            raise Refusal(f"Cannot write {place}: {error.strerror}.") from error
    return reason


def _retrieve(
    address: str,
    known: KnownHash,
    place: Path,
    patience: Patience,
) -> None:
    # pooch would announce every file in a form of its own.
    pooch.get_logger().setLevel("WARNING")
    whole = ":".join(known) if known.is_whole else None
    if whole is None:
        # pooch, that cannot check it, would take a damaged file for the one wanted.
        place.unlink(missing_ok=True)
    hidden = not sys.stderr.isatty()
    with tqdm(
        desc=place.name, total=1, unit="B", unit_scale=True, disable=hidden
    ) as bar:
        download = _checking(Beats(bar), known, patience, patience.options(address))
        pooch.retrieve(address, whole, place.name, place.parent, None, download)


def _checking(
    beats: Beats, known: KnownHash, patience: Patience, options: Mapping[str, Any]
) -> Callable[[str, str, object], None]:
    """Return what pooch calls to download a file: it ends in time and has the hash."""
    download = pooch.HTTPDownloader(
        progressbar=beats,
        chunk_size=_CHUNK,
        timeout=patience.seconds,
        # A server that packs the file on the way would change its hash.
        headers={"Accept-Encoding": "identity"},
        **options,
    )

    def checked(url: str, output: str, pup: object) -> None:
        work = partial(download, url, output, pup)
        if patience.total is None:
            work()
        else:
            within(work, beats, patience.seconds, patience.total)
        got = known.digits_of(Path(output))
        if not known.fits(got):
            raise _WrongHash(known.mismatch(got))

    return checked
