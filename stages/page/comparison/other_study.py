"""Another study: a file of scores and what lies around it, or a Git revision's."""

import io
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.page.revision import commit_of
from stages.process.stage import Refusal
from stages.store import paths, schemas, tables

Pictures = dict[str, bytes]


@dataclass(frozen=True)
class OtherStudy:
    """Another study's name for people, its scores and its params, as far as known.

    `pictures` are its pre-images as PNG, by key, of those that were asked for.
    """

    name: str
    scores: pd.DataFrame
    params: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def pictures(self, keys: Collection[str]) -> Pictures:
        """Return the pre-images of these keys, those that can be had."""
        path = Path(self.source)
        try:
            if path.is_file():
                return _pictures(path.parent / paths.PREIMAGES.name, keys)
            return _pictures_at(self.source, keys)
        except (Refusal, OSError, pa.ArrowException):
            return {}


def other_study(name: str) -> OtherStudy:
    """Return the study of this file of scores, or of this Git revision.

    What lies around a file is looked at: `params.yaml` of its project, and pre-images
    beside it. Raises Refusal as `other_scores` does.
    """
    scores, path = other_scores(name), Path(name)
    if not path.is_file():
        known = _params(_text_at(name))
        told = f"{_title(known)}, commit {commit_of(name)}"
        return OtherStudy(told, scores, known, name)
    root = path.resolve().parent.parent
    params = root / paths.PARAMS.name
    if path.resolve() != root / paths.SCORES or not params.is_file():
        return OtherStudy(path.name, scores, {}, name)
    known, commit = _params(params.read_text()), commit_of("HEAD", root)
    told = ", commit ".join(filter(None, [_title(known), commit]))
    return OtherStudy(told, scores, known, name)


def _params(text: str) -> dict[str, Any]:
    try:
        known = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return {}
    return known if isinstance(known, dict) else {}


def _title(params: Mapping[str, Any]) -> str:
    report = params.get("report") or {}
    return str(report.get("title") or "the same study")


def _pictures(folder: Path, keys: Collection[str]) -> Pictures:
    if not folder.is_dir():
        return {}
    return {
        row["key"]: row["image"]["bytes"]
        for row in tables.rows(folder, ["key", "image"])
        if row["key"] in keys and row["image"] is not None
    }


def _pictures_at(revision: str, keys: Collection[str]) -> Pictures:
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / paths.PREIMAGES.name
        try:
            store = DVCFileSystem(".", rev=revision)
            store.get(f"{paths.PREIMAGES}", f"{place}", recursive=True)
        except DvcException:
            return {}
        return _pictures(place, keys)


def _text_at(revision: str) -> str:
    """Return the params of a revision, empty if they cannot be had."""
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        return str(dvc.api.read(f"{paths.PARAMS}", rev=revision))
    except (DvcException, OSError):
        return ""


def other_scores(name: str) -> pd.DataFrame:
    """Return the table of scores in the file, or of the Git revision, of this name.

    Raises Refusal if there is neither, DVC's cache does not have it, or it is no table
    of scores. Columns that were added since are absent.
    """
    path = Path(name)
    data = path.read_bytes() if path.is_file() else _at_revision(name)
    try:
        scores = pd.read_parquet(io.BytesIO(data))
    except (pa.ArrowException, ValueError, OSError) as error:
        raise Refusal(f"{name} is no table of scores: {error}") from error
    missing = [
        field.name
        for field in (*schemas.CELL, *schemas.JOB)
        if field.name not in scores
    ]
    if missing or "status" not in scores:
        raise Refusal(
            f"{name} is no table of scores: it lacks {', '.join(missing or ['status'])}"
        )
    return scores


def _at_revision(revision: str) -> bytes:
    """Return the scores that DVC keeps for a Git revision of this project."""
    # DVC takes a second to import, and is needed for revisions alone.
    import dvc.api
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    try:
        data = dvc.api.read(f"{paths.SCORES}", rev=revision, mode="rb")
    except (DvcException, SCMError, OSError) as error:
        raise Refusal(
            f"{revision} is neither a file nor a Git revision with scores: "
            f"{' '.join(str(error).split())}. Name a copy of {paths.SCORES}, or a "
            "revision whose scores are in DVC's cache (`dvc fetch --all-commits` gets "
            "them from a remote)"
        ) from error
    return bytes(data)
