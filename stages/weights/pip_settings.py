"""What the user's pip is configured to do: its indexes, and how it reaches them.

pip itself is asked, with `pip config list`, which knows its files and its environment;
where no index is configured, its help names the one that is built in. So the user's
mirror, proxy and certificates hold, and no index is named here. Passwords of keyrings
are not asked for; those in addresses and in `.netrc` are used.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

# Sections of pip's configuration in the order in which the later ones win; the last is
# what pip calls its environment.
_SECTIONS = ("global", "install", "download", ":env:")
# As pip has it.
_SECONDS = 15.0
_DEFAULT_INDEX = re.compile(r"--index-url <url> .*?\(default (\S+?)\)")


class NoPip(Exception):
    """pip cannot be asked; the message says why."""


@dataclass(frozen=True)
class PipSettings:
    """Where pip looks for distributions, in order, and how it gets there.

    `indexes` are simple indexes, `find_links` folders or pages of links. `cert` is a
    file of certificates, `client_cert` the user's own, `proxy` an address, `trusted`
    hosts whose certificates are not checked; `seconds` is pip's time-out.
    """

    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = None
    trusted: tuple[str, ...] = ()
    seconds: float = _SECONDS

    def options(self, url: str) -> Mapping[str, Any]:
        """Return the arguments of `requests.get` for an address."""
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else None
        parts = urlsplit(url)
        is_trusted = {parts.hostname, parts.netloc.rpartition("@")[2]} & {*self.trusted}
        chosen = {
            "verify": False if is_trusted else self.cert,
            "cert": self.client_cert,
            "proxies": proxies,
        }
        return {name: value for name, value in chosen.items() if value is not None}


def pip_settings() -> PipSettings:
    """Return the settings of the user's pip; raises NoPip where there is none."""
    configured = _configured(_output("config", "list"))
    no_index = configured.get("no-index", "").lower() in {"1", "true", "yes", "on", "y"}
    find_links = _several(configured, "find-links")
    indexes = [configured["index-url"]] if "index-url" in configured else []
    if not indexes and not no_index:
        indexes = [_default_index()]
    indexes += _several(configured, "extra-index-url")
    return PipSettings(
        indexes=() if no_index else tuple(indexes),
        find_links=tuple(find_links),
        cert=configured.get("cert"),
        client_cert=configured.get("client-cert"),
        proxy=configured.get("proxy"),
        trusted=tuple(_several(configured, "trusted-host")),
        seconds=_seconds(configured),
    )


def _configured(text: str) -> dict[str, str]:
    """Return the values that `pip config list` shows, by key, those that win."""
    sections: dict[str, dict[str, str]] = {name: {} for name in _SECTIONS}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.strip().rpartition(".")
        if section in sections:
            sections[section][key.replace("_", "-")] = _plain(value.strip())
    return {
        key: value
        for section in sections.values()
        for key, value in section.items()
        if value
    }


def _plain(value: str) -> str:
    """Return the text that pip shows as Python would."""
    try:
        return str(ast.literal_eval(value)).strip()
    except (SyntaxError, ValueError):
        return value


def _several(configured: Mapping[str, str], key: str) -> list[str]:
    """Return the values of a key that holds several, apart by blanks or lines."""
    return configured.get(key, "").split()


def _seconds(configured: Mapping[str, str]) -> float:
    text = configured.get("timeout", configured.get("default-timeout", ""))
    try:
        return max(float(text), 1.0)
    except ValueError:
        return _SECONDS


def _default_index() -> str:
    """Return the index that is built into pip, as its help tells."""
    match = _DEFAULT_INDEX.search(" ".join(_output("install", "--help").split()))
    if match is None:
        raise NoPip("pip names no index: set `index-url` in its configuration")
    return match[1]


def _commands() -> tuple[tuple[str, ...], ...]:
    """Return how pip may be run: as this Python's module, or as a program."""
    program = shutil.which("pip")
    return (
        (sys.executable, "-m", "pip"),
        *([(program,)] if program is not None else []),
    )


def _output(*arguments: str) -> str:
    """Return what pip answers; raises NoPip if it does not."""
    # Wide, so that no address is broken at the end of a line.
    wide = {"COLUMNS": "10000", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment = {**os.environ, **wide}
    for command in _commands():
        try:
            done = subprocess.run(
                [*command, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                timeout=30,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return done.stdout
    raise NoPip("there is no pip here that answers")
