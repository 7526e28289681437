"""Where an index has a file: pages of links as pip reads them, and folders.

Simple indexes are those of PEP 503 (HTML) and PEP 691 (JSON). Nothing is downloaded
but pages, and nothing in them is run.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

import requests
from tqdm import tqdm

from stages.sources.deadline import Beats, within
from stages.sources.download import Options, Patience, public
from stages.sources.network import reason_of

_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
# The longest page that is read, in bytes; our choice, above those of real indexes.
_LONGEST = 1 << 26
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Link:
    """A file that a page offers: its address, its name, its sha256 if that is told."""

    address: str
    name: str
    sha256: str | None = None

    @property
    def path(self) -> Path | None:
        """Return the path of a file on this machine, None of one elsewhere."""
        parts = urlsplit(self.address)
        return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


class NoPage(Exception):
    """A place has no links to give; the message names it and says why."""


def project_page(index: str, project: str) -> str:
    """Return the address of a project's page, its name written as PEP 503 wants."""
    name = re.sub(r"[-_.]+", "-", project).lower()
    return f"{index.rstrip('/')}/{name}/"


def links(place: str, options: Options, patience: Patience) -> list[Link]:
    """Return the links at a place: an address, a folder or a file of this machine.

    Raises NoPage if there is no such page, or it cannot be had in time.
    """
    scheme = urlsplit(place).scheme
    if scheme in {"http", "https"}:
        address, kind, text = _page(place, options, patience)
        return _parsed(place, address, kind, text)
    path = Path(url2pathname(urlsplit(place).path)) if scheme == "file" else Path(place)
    path = path.expanduser().absolute()
    if (path / "index.html").is_file():
        path = path / "index.html"
    if path.is_dir():
        return [Link(one.as_uri(), one.name) for one in sorted(path.iterdir())]
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise NoPage(f"{public(place)}: no such page") from error
    return _parsed(place, path.as_uri(), "text/html", text)


def _page(place: str, options: Options, patience: Patience) -> tuple[str, str, str]:
    """Return the final address, the type and the text of a page on the web."""
    answer: list[tuple[str, str, str]] = []
    with tqdm(disable=True) as bar:
        beats = Beats(bar)

        def read() -> None:
            with requests.get(
                place,
                headers={"Accept": _ACCEPT},
                timeout=patience.seconds,
                stream=True,
                **options(place),
            ) as response:
                response.raise_for_status()
                data = b""
                for chunk in response.iter_content(_CHUNK):
                    beats.update(len(chunk))
                    data += chunk
                    if len(data) > _LONGEST:
                        raise requests.RequestException("the page is too long")
                kind = response.headers.get("Content-Type", "")
                answer.append((response.url, kind, data.decode("utf-8", "replace")))

        try:
            total = patience.total or 60.0 + patience.seconds
            within(read, beats, patience.seconds, total)
        except requests.RequestException as error:
            reason = reason_of(error, patience.seconds)
            raise NoPage(f"{public(place)}: {reason}") from error
    return answer[0]


def _parsed(place: str, address: str, kind: str, text: str) -> list[Link]:
    if "json" not in kind:
        page = _Page(address)
        page.feed(text)
        return page.links
    try:
        return list(_of_json(json.loads(text), address))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoPage(f"{public(place)}: its answer is no index") from error


def _of_json(answer: Any, address: str) -> Iterator[Link]:
    for file in answer["files"]:
        sha256 = file.get("hashes", {}).get("sha256")
        yield Link(urljoin(address, file["url"]), str(file["filename"]), sha256)


class _Page(HTMLParser):
    """Collects the links of a page of HTML."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.base = address
        self.links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "base" and href:
            self.base = urljoin(self.base, href)
        if tag == "a" and href:
            address, fragment = urldefrag(urljoin(self.base, href))
            name = unquote(PurePosixPath(urlsplit(address).path).name)
            known = re.search(r"(?:^|&)sha256=([0-9a-fA-F]{64})", fragment)
            self.links.append(Link(address, name, known and known[1].lower()))
