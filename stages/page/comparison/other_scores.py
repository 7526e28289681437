"""The scores of another study: a file, or this project's own at a Git revision."""

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa

from stages.process.stage import Refusal
from stages.store import paths, schemas


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
