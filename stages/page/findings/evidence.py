"""What the claims are tested on: done jobs, their means by picture, ranks.

Seeds of one cell and picture are averaged first, so that a picture counts once. Where a
representation was inverted in several settings (prior and solver), a claim about depth
takes the setting that most of its jobs have, the first of equals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from stages.page.findings.finding import Frame, Sample, ends_of
from stages.page.summary import by_layer, is_full, metric_names

# A PSNR above that of rounding to 8 bits (an error of 1/12: 58.9 dB) says no more.
MOST_DECIBELS = 60.0
SETTING = ["prior", "solver"]
_DOT = " \N{MIDDLE DOT} "
_LABELS = ["kind", "key", "baseline", "representation", "layer", "channels", "region"]
# What is told of a pre-image that is shown.
FRAME = ["image_id", "image_name", "key", "representation", "place", "seed"]
FRAME += ["channels", "region", "prior"]
_COLUMNS = [*_LABELS, *SETTING, "image_id", "image_name", "seed", "status"]


@dataclass(frozen=True)
class Evidence:
    """The done jobs and the baselines of a study, and what its names mean.

    `layers` are in order of depth; `untrained` tells the random twin of a trained
    representation, `descriptors` which representation is hog, hogb and dsift.
    """

    jobs: pd.DataFrame
    baselines: pd.DataFrame
    layers: dict[str, list[str]]
    untrained: dict[str, str]
    descriptors: dict[str, str]

    def layered(self, jobs: pd.DataFrame) -> str | None:
        """Return the trained representation with most layers in `jobs`, two or more."""
        others = jobs[~jobs["representation"].isin(set(self.untrained.values()))]
        counts = others.groupby("representation", sort=False)["layer"].nunique()
        many = counts[counts > 1]
        return str(many.idxmax()) if len(many) else None

    def depths(self, jobs: pd.DataFrame, representation: str) -> list[str]:
        """Return the layers that `jobs` has, shallow to deep."""
        there = set(jobs["layer"].unique())
        return [name for name in self.layers.get(representation, []) if name in there]


def evidence(
    scores: pd.DataFrame,
    layers: dict[str, list[str]],
    untrained: dict[str, str],
    descriptors: dict[str, str],
) -> Evidence:
    """Return what the scores say, without jobs that were not done."""
    if scores.empty:
        scores = scores.reindex(columns=[*_COLUMNS, *metric_names()])
    known = {name: list(names) for name, names in layers.items()}
    done = scores.loc[scores["status"] == "done", ["representation", "layer"]]
    pairs = done.drop_duplicates().to_numpy()
    # A layer that the caller did not order stands where the table has it, at the end.
    for name, layer in pairs:
        if layer not in known.setdefault(name, []):
            known[name].append(layer)
    # The only layer of HOG or SIFT tells nothing.
    places = {
        (name, layer): f"{name}{_DOT}{layer}" if len(known[name]) > 1 else name
        for name, layer in pairs
    }
    jobs, floors = (_done(scores, kind, places) for kind in ("preimage", "baseline"))
    return Evidence(jobs, floors, known, untrained, descriptors)


def _done(
    scores: pd.DataFrame, kind: str, places: Mapping[tuple[str, str], str]
) -> pd.DataFrame:
    """Return the done rows of a kind with finite numbers; copied no more than once."""
    names = metric_names()
    there = [name for name in (*_COLUMNS, *names) if name in scores]
    mine = (scores["status"] == "done") & (scores["kind"] == kind)
    done = scores.loc[mine, there].reindex(columns=[*_COLUMNS, *names])
    done = done.astype(dict.fromkeys(names, "float64"))
    for name in ("psnr", "psnr_fitted"):
        done[name] = done[name].clip(upper=MOST_DECIBELS)
    for name in names:
        done[name] = done[name].where(np.isfinite(done[name]))
    return done.assign(place=by_layer(done, places))


def whole(jobs: pd.DataFrame, *metrics: str) -> pd.DataFrame:
    """Return the jobs that match the whole code and have these metrics."""
    kept = is_full(jobs)
    for name in metrics:
        kept &= jobs[name].notna()
    return jobs[kept]


def of_main_setting(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs of the prior and solver that most of them have."""
    if jobs.empty:
        return jobs
    sizes = jobs.groupby(SETTING, sort=False).size()
    prior, solver = cast("tuple[str, str]", sizes.idxmax())
    return jobs[(jobs["prior"] == prior) & (jobs["solver"] == solver)]


def profiles(jobs: pd.DataFrame, metric: str, layers: Sequence[str]) -> pd.DataFrame:
    """Return the mean of the metric: a row a picture, a column a layer, in order."""
    means = jobs.groupby(["image_id", "layer"], sort=False)[metric].mean()
    pictures = list(jobs["image_id"].unique())
    return means.unstack("layer").reindex(index=pictures, columns=list(layers))


def paired(
    left: pd.DataFrame, right: pd.DataFrame, on: Sequence[str], metrics: Sequence[str]
) -> pd.DataFrame:
    """Return the means of both where both have the same labels: `_left`, `_right`."""
    means = [
        jobs.groupby(list(on), sort=False)[list(metrics)].mean().add_suffix(suffix)
        for jobs, suffix in ((left, "_left"), (right, "_right"))
    ]
    both = means[0].join(means[1], how="inner")
    return both.reset_index()


def rank_correlation(values: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation with the order; None if it has none.

    Missing values are left out; a constant has no ranks, nor have fewer than two.
    """
    series = pd.Series(values, dtype="float64").reset_index(drop=True).dropna()
    if series.nunique() < 2:
        return None
    ranks, places = series.rank(), pd.Series(series.index).rank()
    return float(np.corrcoef(ranks, places)[0, 1])


def correlations(table: pd.DataFrame) -> "pd.Series[float]":
    """Return each picture's rank correlation with depth; nan where there is none."""
    by_picture = {i: rank_correlation(list(row)) for i, row in table.iterrows()}
    return pd.Series(by_picture, dtype="float64")


def samples(trials: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> list[Sample]:
    """Return the trials with their pictures' names; the best and the worst are shown.

    `trials` has a row an image_id, its index: value, null, holds and margin. `frames`
    maps roles to jobs, of which the first of each of the two is shown; the first role's
    representation is the one that saw the original.
    """
    first = {role: _first(jobs) for role, jobs in frames.items()}
    main = next(iter(first.values()))
    names, seers = (dict(main[name]) for name in ("image_name", "representation"))
    numbers = trials[["value", "null", "holds", "margin"]].itertuples()
    unshown = [
        Sample(
            image_name=str(names[i]),
            value=float(value),
            null=float(null),
            holds=bool(holds),
            margin=float(margin),
            image_id=str(i),
            representation=str(seers[i]),
        )
        for i, value, null, holds, margin in numbers
    ]
    ends = ends_of(unshown)
    return [
        one._replace(frames=_frames(one.image_id, first)) if n in ends else one
        for n, one in enumerate(unshown)
    ]


def _frames(image_id: str, first: Mapping[str, pd.DataFrame]) -> tuple[Frame, ...]:
    return tuple(
        Frame(role, str(jobs.at[image_id, "key"]), _label(jobs.loc[[image_id]].iloc[0]))
        for role, jobs in first.items()
        if image_id in jobs.index
    )


def _first(jobs: pd.DataFrame) -> pd.DataFrame:
    return jobs[FRAME].drop_duplicates("image_id").set_index("image_id")


def _label(job: "pd.Series[Any]") -> str:
    """Return what tells a job from others: its network and layer first."""
    names = [f"{job['place']}"]
    names += [f"{job[name]}" for name in ("channels", "region") if job[name] != "all"]
    names += [f"prior {job['prior']}"] if job["prior"] != "default" else []
    names += [f"seed {job['seed']:.0f}"] if job["seed"] else []
    return _DOT.join(names)
