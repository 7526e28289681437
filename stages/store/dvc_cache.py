"""What DVC's cache still holds of an output: also after DVC took the output away.

DVC removes a stage's output before it runs the stage, and `dvc.lock` names what it was
until the stage is done. A clone that pulled has the files, though no finished job.
"""

import json
from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LOCK, DVC = Path("dvc.lock"), Path(".dvc")


def cached_files(output: Path) -> list[Path]:
    """Return the files of the output that `dvc.lock` names, as they lie in the cache.

    In the order of their names; those that are not there are left out. Empty where
    there is no such lock, or it cannot be read: it is DVC's to complain of it.
    """
    try:
        digest = _digest(output)
        listed = json.loads(_place(digest).read_text()) if digest else []
        parts = sorted((one["relpath"], one["md5"]) for one in listed)
        places = [_place(md5) for _, md5 in parts]
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        YAMLError,
        Error,
    ):
        return []
    return [place for place in places if place.is_file()]


def _digest(output: Path) -> str:
    """Return what the lock calls the folder of the output; empty if it does not."""
    if not LOCK.is_file():
        return ""
    lock = YAML(typ="safe", pure=True).load(LOCK.read_text())
    outs = [out for stage in lock["stages"].values() for out in _outs(stage)]
    known = (out["md5"] for out in outs if out["path"] == output.as_posix())
    return next((md5 for md5 in known if md5.endswith(".dir")), "")


def _outs(stage: Any) -> Iterator[Any]:
    yield from stage.get("outs", [])


def _place(md5: str) -> Path:
    """Return where the cache keeps what has this name."""
    return _cache() / "files" / "md5" / md5[:2] / md5[2:]


def _cache() -> Path:
    """Return DVC's cache: the default one, or that of its configuration."""
    for name in ("config.local", "config"):
        config = ConfigParser(interpolation=None)
        config.read(DVC / name)
        if config.has_option("cache", "dir"):
            return DVC / config.get("cache", "dir")
    return DVC / "cache"
