"""What a page tells one by one of very many jobs: a sample of whole pictures.

Numbers, charts, findings and alerts are of all jobs, and small. A line of the table, a
place in the gallery and a thumbnail of each would be a gigabyte and a million files for
a million jobs. So beyond `MOST_JOBS` there are those of some pictures, all of a
picture's with its baselines, evenly spaced over the study and never chosen by score;
and the few that stand elsewhere on the page.
"""

from collections.abc import Collection

import pandas as pd

from stages.page.pictures.thumbnails import evenly_spaced
from stages.page.wording import counted
from stages.store import paths

# Pre-images told one by one at most, our choice: some 5 MB of numbers, and files beside
# the page that DVC looks through in seconds.
MOST_JOBS = 20_000


def sampled(
    scores: pd.DataFrame, wanted: Collection[str] = (), most: int | None = None
) -> pd.DataFrame:
    """Return the rows of the scores that are told one by one, in their order.

    At most `most` jobs, by default `MOST_JOBS`, and those of the keys `wanted`. Where
    not even one picture has so few, they are evenly spaced jobs of all pictures.
    """
    most = MOST_JOBS if most is None else max(0, most)
    is_job = scores["kind"] == "preimage"
    if is_job.sum() <= most:
        return scores
    owners = scores.loc[is_job, "image_id"]
    if pictures := _pictures(owners, most):
        kept = is_job & scores["image_id"].isin(pictures)
    else:
        some = evenly_spaced(list(scores.loc[is_job, "key"]), most)
        kept = is_job & scores["key"].isin(some)
    kept |= is_job & scores["key"].isin(list(wanted))
    own = scores["image_id"].isin(scores.loc[kept, "image_id"].unique())
    return scores[kept | (~is_job & own)]


def _pictures(owners: "pd.Series[str]", most: int) -> list[str]:
    """Return evenly spaced pictures whose jobs are at most so many, or none."""
    sizes = owners.groupby(owners, sort=False).size()
    names, n = list(sizes.index), len(sizes)
    while n > 0:
        some = evenly_spaced(names, n)
        n_jobs = int(sizes[some].sum())
        if n_jobs <= most:
            return some
        n = min(n - 1, n * most // n_jobs)
    return []


def n_jobs(scores: pd.DataFrame) -> int:
    """Return how many of the rows are jobs."""
    return int((scores["kind"] == "preimage").sum())


def n_pictures(scores: pd.DataFrame) -> int:
    """Return of how many pictures the jobs are."""
    return int(scores.loc[scores["kind"] == "preimage", "image_id"].nunique())


def words(told: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Return what of the study is told one by one, empty if all of it is."""
    if len(told) == len(scores):
        return ""
    return (
        f"This page tells {n_jobs(told):,} of {counted(n_jobs(scores), 'pre-image')} "
        f"one by one, in the gallery and in the table of jobs: a sample of "
        f"{n_pictures(told):,} of {counted(n_pictures(scores), 'picture')}, evenly "
        "spaced over the study, with what stands elsewhere on the page. Means, charts, "
        "findings and alerts are of all pre-images; a link from an alert shows those "
        f"of the sample. The scores of all are in {paths.SCORES}, the pictures of all "
        f"in {paths.PREIMAGES}."
    )
