"""Downloads that are verified by their hash, kept, and never needed twice.

pooch moves a file to its place only when it is whole and its hash is right. Here lie
the retries, the mirrors, and the words for a user whose network is off.
"""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep
from urllib.parse import unquote, urlsplit

import pooch
import requests
from tqdm import tqdm

from stages.process.stage import Refusal, say
from stages.sources.deadline import Beats, within
from stages.sources.known_hash import KnownHash, known_hash_of
from stages.sources.network import is_passing, reason_of

_CHUNK = 1 << 14


@dataclass(frozen=True)
class Patience:
    """How long an address may stay silent, and how often it is asked.

    `seconds` count to the connection and again between bytes; `pause` is waited before
    the second attempt and doubled before each further one. `total`, if there is one,
    ends an attempt however much still comes; `seconds` then count from one chunk of
    16 KiB to the next, with the look-up of the host's name and all that precedes it.
    """

    seconds: float = 20.0
    attempts: int = 3
    pause: float = 1.0
    total: float | None = None


PATIENCE = Patience()


class Unfetched(Refusal):
    """No address gave the file; `failures` says of each place what was wrong."""

    def __init__(self, message: str, failures: list[str]) -> None:
        super().__init__(message)
        self.failures = failures


def fetch_verified(
    url: str,
    known_hash: str,
    downloads: Path,
    mirrors: Sequence[str] = (),
    *,
    name: str | None = None,
    n_digits: int = 12,
    patience: Patience = PATIENCE,
) -> Path:
    """Return the path of the file with this hash, downloaded if it is not there yet.

    `known_hash` is a sha256, `md5:` and an MD5, `prefix:` and the first digits, 8 or
    more, of a sha256, or `any`, which every file has. The
    file is called by the hash's first `n_digits` and `name`, which is the last part of
    the URL unless given. A copy that somebody put into `downloads` under `name` alone
    serves as well.

    Raises Unfetched, a Refusal, if no address gives the file; Refusal if an address or
    the hash is none, or the file cannot be written.
    """
    addresses = [_checked(address) for address in (url, *mirrors)]
    known = known_hash_of(known_hash, public(url))
    plain = downloads / (name or base_name(url))
    begin = f"{known.digits[:n_digits]}-" if known.digits else ""
    place = downloads / f"{begin}{plain.name}"
    found = {path: known.digits_of(path) for path in (place, plain) if path.is_file()}
    for path, digits in found.items():
        if known.fits(digits):
            return path
    if place in found:
        say(f"{place} is damaged: its {known.algorithm} is wrong; getting it again")
    failures = [f"{path}: {known.mismatch(got)}" for path, got in found.items()]
    for address in addresses:
        failure = _failure(address, known, place, patience)
        if failure is None:
            return place
        failures.append(f"{public(address)}: {failure}")
    raise _unfetched(plain, place, known, failures)


def _unfetched(
    plain: Path, place: Path, known: KnownHash, failures: list[str]
) -> Unfetched:
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
    """Return the URL without the user name and password that it may hold."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise Refusal(f"`url` must be an http or https address; got {url!r}.")
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


def _retrieve(address: str, known: KnownHash, place: Path, patience: Patience) -> None:
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
        download = _checking(Beats(bar), known, patience)
        pooch.retrieve(address, whole, place.name, place.parent, None, download)


def _checking(
    beats: Beats, known: KnownHash, patience: Patience
) -> Callable[[str, str, object], None]:
    """Return what pooch calls to download a file: it ends in time and has the hash."""
    download = pooch.HTTPDownloader(
        progressbar=beats,
        chunk_size=_CHUNK,
        timeout=patience.seconds,
        # A server that packs the file on the way would change its hash.
        headers={"Accept-Encoding": "identity"},
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
