"""Downloads that are verified by their hash, kept, and never needed twice.

pooch moves a file to its place only when it is whole and its hash is right. Here lie
the retries, the mirrors, and the words for a user whose network is off.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pooch
import requests
from tqdm import tqdm

from stages.execution.process import Refusal, say
from stages.sources.network import is_passing, reason_of

_CHUNK = 1 << 16
_DIGITS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True)
class Patience:
    """How long an address may stay silent, and how often it is asked.

    `seconds` count to the connection and again between bytes; `pause` is waited before
    the second attempt and doubled before each further one.
    """

    seconds: float = 20.0
    attempts: int = 3
    pause: float = 1.0


PATIENCE = Patience()


class _Hash(NamedTuple):
    algorithm: str
    digits: str


def fetch_verified(
    url: str,
    known_hash: str,
    downloads: Path,
    mirrors: Sequence[str] = (),
    *,
    name: str | None = None,
    patience: Patience = PATIENCE,
) -> Path:
    """Return the path of the file with this hash, downloaded if it is not there yet.

    `known_hash` is a sha256, or `md5:` and an MD5. The file is called by the hash's
    first digits and `name`, which is the last part of the URL unless given. A copy that
    somebody put into `downloads` under `name` alone serves as well.
    """
    addresses = [_checked(address) for address in (url, *mirrors)]
    known = _hash(known_hash, public(url))
    plain = downloads / (name or base_name(url))
    place = downloads / f"{known.digits[:12]}-{plain.name}"
    found = {path: _file_hash(path, known) for path in (place, plain) if path.is_file()}
    for path, digits in found.items():
        if digits == known.digits:
            return path
    if place in found:
        say(f"{place} is damaged: its {known.algorithm} is wrong; getting it again")
    failures = [f"{path}: {_wrong(known, got)}" for path, got in found.items()]
    for address in addresses:
        failure = _failure(address, known, place, patience)
        if failure is None:
            return place
        failures.append(f"{public(address)}: {failure}")
    raise _refusal(plain, place, known, failures)


def _refusal(plain: Path, place: Path, known: _Hash, failures: list[str]) -> Refusal:
    lines = "".join(f"\n  {failure}" for failure in failures)
    return Refusal(
        f"{plain.name} could not be fetched:{lines}\n"
        f"Try again when the network is on, name a mirror under `mirrors`, or get it "
        f"by other means: a file of {known.algorithm} {known.digits} is accepted as "
        f"{plain.name} (or {place.name}) in the folder {plain.parent.resolve()}"
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


def _hash(text: str, url: str) -> _Hash:
    algorithm, _, digits = text.lower().rpartition(":")
    known = _Hash(algorithm or "sha256", digits)
    n_digits = _DIGITS.get(known.algorithm)
    if n_digits is None or not re.fullmatch(f"[0-9a-f]{{{n_digits}}}", digits):
        raise Refusal(
            f"`sha256` of {url} must be 64 hexadecimal digits, or 'md5:' and 32; "
            f"got {text!r}."
        )
    return known


def _file_hash(path: Path, known: _Hash) -> str:
    return str(pooch.file_hash(path, known.algorithm))


def _wrong(known: _Hash, got: str) -> str:
    return f"{known.algorithm} is {got} where {known.digits} is wanted"


class _WrongHash(Exception):
    """The file came whole, but it is another one; the message has both hashes."""


def _failure(address: str, known: _Hash, place: Path, patience: Patience) -> str | None:
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


def _retrieve(address: str, known: _Hash, place: Path, patience: Patience) -> None:
    # pooch would announce every file in a form of its own.
    pooch.get_logger().setLevel("WARNING")
    hidden = not sys.stderr.isatty()
    # pooch sets the total once it knows it; a bar without one counts as false.
    with tqdm(
        desc=place.name, total=1, unit="B", unit_scale=True, disable=hidden
    ) as bar:
        download = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=_CHUNK,
            timeout=patience.seconds,
            # A server that packs the file on the way would change its hash.
            headers={"Accept-Encoding": "identity"},
        )

        def checked(url: str, output: str, pup: object) -> None:
            download(url, output, pup)
            got = _file_hash(Path(output), known)
            if got != known.digits:
                raise _WrongHash(_wrong(known, got))

        pooch.retrieve(
            address, ":".join(known), place.name, place.parent, None, checked
        )
