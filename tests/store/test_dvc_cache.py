"""What DVC's cache still holds of an output, by the hash that dvc.lock has."""

import hashlib
import json
from pathlib import Path

import pytest

from stages.store.dvc_cache import cached_files
from stages.store.paths import PREIMAGES

LOCK = """
schema: '2.0'
stages:
  fetch:
    cmd: x
    outs:
    - path: data/images
      md5: 11111111111111111111111111111111.dir
  invert:
    cmd: x
    outs:
    - path: data/preimages
      hash: md5
      md5: {digest}.dir
"""


def put(cache, data, end=""):
    digest = hashlib.md5(data).hexdigest()
    place = cache / "files" / "md5" / digest[:2] / f"{digest[2:]}{end}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return digest, place


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Return a function that writes lock and cache, and returns the files in it."""
    monkeypatch.chdir(tmp_path)

    def write(cache=Path(".dvc/cache")):
        parts = {f"part-0000{i}.parquet": put(cache, f"{i}".encode()) for i in (1, 0)}
        listed = [{"md5": md5, "relpath": n} for n, (md5, _) in parts.items()]
        digest, _ = put(cache, json.dumps(listed).encode(), ".dir")
        Path("dvc.lock").write_text(LOCK.format(digest=digest))
        return [parts[name][1].resolve() for name in sorted(parts)]

    return write


def got():
    return [path.resolve() for path in cached_files(PREIMAGES)]


def test_the_files_are_those_that_the_lock_names_in_order(cached):
    assert got() == []
    files = cached()
    assert [path.read_text() for path in files] == ["0", "1"]
    assert got() == files


def test_a_cache_elsewhere_is_found_by_the_configuration(cached, tmp_path):
    files = cached(tmp_path / "elsewhere")
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    x = 100%\n[cache]\n    dir = a\n")
    assert got() == []
    # That of the machine goes before that of the project.
    Path(".dvc/config.local").write_text("[cache]\n    dir = ../elsewhere\n")
    assert got() == files


def test_files_that_were_collected_are_left_out(cached):
    first, second = cached()
    second.unlink()
    assert got() == [first]


@pytest.mark.parametrize(
    "lock",
    [
        *("", "stages: 3", "stages: {invert: {outs: [3]}}", "a: [", "\x00"),
        "stages: {invert: {outs: [{path: data/preimages}]}}",
        "stages: {invert: {outs: [{path: data/preimages, md5: abcdef.dir}]}}",
    ],
)
def test_a_lock_that_says_nothing_gives_nothing(cached, lock):
    cached()
    Path("dvc.lock").write_text(lock)
    assert got() == []
