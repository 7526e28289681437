"""Params with mistakes of all kinds: a valid study, or a message that says which.

A kind of `tests.fuzz`: one to three changes of the smoke study, or damage to its bytes.
"""

import io
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from stages.params.mistakes import ParamsError
from stages.plan.source_text import ROOT
from stages.plan.study import expand
from stages.process.stage import Refusal, printable

Draw = np.random.Generator
BASE = (ROOT / "stages/presets/smoke.yaml").read_text()
# Longest message, in letters.
LONGEST = 20_000

VALUES: list[Any] = [
    *(None, True, -1, 0, 1, 10**30, 0.5, -0.5, float("inf"), float("nan"), 1e308),
    *("", "x", "all", "../x", "a\nb", "\x1b[31m", "\u202e", "x" * 5000, "auto", "none"),
    *([], {}, [[]], [None], [1, 2, 3], {"x": 1}, ["hog", "hog"], [{}], {"centre": 99}),
    *({"source": "url"}, {"kind": "hog"}, {"kind": "nothing"}, [[[[[[1]]]]]]),
]
KEYS: list[Any] = ["", "kind", "source", "x", 3, "width", "steps", "représentation"]


def params(draw: Draw) -> str:
    """Read one file with mistakes; return what came of it."""
    data = text(draw)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        path.write_bytes(data)
        try:
            expand(path)
        except ParamsError as told:
            _check_mistakes(f"{told}", path)
            return "mistakes told"
        except Refusal as told:
            return "refused" if len(f"{told}") < LONGEST else "refused at length"
    return "valid"


def text(draw: Draw) -> bytes:
    """Return the bytes of a file that is drawn."""
    if draw.random() < 0.2:
        damaged = bytearray(BASE.encode())
        for _ in range(draw.integers(1, 6)):
            damaged[draw.integers(len(damaged))] = int(draw.integers(256))
        return bytes(damaged)
    study = YAML(typ="safe", pure=True).load(BASE)
    for _ in range(draw.integers(1, 4)):
        study = _changed(study, draw)
    written = io.StringIO()
    YAML(typ="safe", pure=True).dump(study, written)
    return written.getvalue().encode(errors="surrogatepass")


def _changed(study: Any, draw: Draw) -> Any:
    """Return the study with a value replaced, removed, renamed or moved."""
    changed = deepcopy(study)
    places = list(_places(changed))
    if not places:
        return changed
    owner, key = places[draw.integers(len(places))]
    what = draw.integers(4)
    if what == 0:
        owner[key] = deepcopy(VALUES[draw.integers(len(VALUES))])
    elif what == 1:
        del owner[key]
    elif what == 2 and isinstance(owner, dict):
        owner[KEYS[draw.integers(len(KEYS))]] = owner.pop(key)
    else:
        other, other_key = places[draw.integers(len(places))]
        owner[key] = deepcopy(other[other_key])
    return changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container in the value with each of its keys or places."""
    keys = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(keys):
        yield value, key
        if isinstance(part, dict | list):
            yield from _places(part)


def _check_mistakes(told: str, path: Path) -> None:
    """Raise AssertionError unless each mistake has path, value and what is allowed."""
    first, *lines = told.splitlines()
    assert first.startswith(f"{path} ")
    assert len(told) < LONGEST, len(told)
    assert all(line == printable(line) for line in lines), told
    assert any(line.startswith("  ") for line in lines), told
    for line in lines:
        if line.startswith("  "):
            assert line.count(": ") >= 1, line
