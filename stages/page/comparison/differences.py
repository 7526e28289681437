"""Two studies side by side: which cells got better, which worse, and beyond what noise.

Jobs are paired by cell, picture and seed; a cell's change is the mean over its pairs.
The noise is what other seeds would have changed: the standard deviation between the
seeds of one picture and cell, pooled over the cells of both studies that have several,
of the same layer where there are such, else of the same representation.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.metrics.table import METRICS
from stages.page.summary import CELL

# A change counts beyond two standard errors: one in twenty does so by chance.
_STANDARD_ERRORS = 2.0

PAIR = [*CELL, "image_id", "seed"]


@dataclass(frozen=True)
class Difference:
    """One metric of one cell in both studies; `noise` is one standard error.

    `verdict` is better, worse, within noise, same, or noise unknown where no cell of
    the representation has several seeds. `n` pairs of jobs were compared; in `n_better`
    of them the metric got better, in `n_worse` worse: all that is known without noise.
    """

    cell: tuple[str, ...]
    metric: str
    before: float
    after: float
    noise: float | None
    verdict: str
    n: int
    n_better: int = 0
    n_worse: int = 0

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True)
class Comparison:
    """The differences, and the cells that only one of the studies has."""

    differences: list[Difference]
    only_before: list[tuple[str, ...]]
    only_after: list[tuple[str, ...]]


def compared_metrics() -> dict[str, bool]:
    """Return what is compared, and whether more of it is better."""
    headlines = [metric for metric in METRICS if metric.place == "headline"]
    return {metric.name: metric.better == "higher" for metric in headlines}


def compared(before: pd.DataFrame, after: pd.DataFrame) -> Comparison:
    """Return how the study `after` differs from the study `before`, cell by cell.

    Both are tables of scores. Only done jobs that both have are compared.
    """
    old, new = _done(before), _done(after)
    pairs = old.merge(new, on=PAIR, suffixes=("_before", "_after"))
    changes = [
        difference
        for cell, group in pairs.groupby(CELL, sort=False)
        for difference in _differences(_labels(cell), group, old, new)
    ]
    cells = [_cells(old), _cells(new)]
    return Comparison(
        differences=changes,
        only_before=[cell for cell in cells[0] if cell not in set(cells[1])],
        only_after=[cell for cell in cells[1] if cell not in set(cells[0])],
    )


def _done(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the done pre-images with every compared column, as numbers."""
    jobs = scores[(scores["kind"] == "preimage") & (scores["status"] == "done")]
    names = list(compared_metrics())
    columns = jobs.reindex(columns=[*PAIR, *names])
    return columns.astype(dict.fromkeys(names, "float64"))


def _labels(cell: Any) -> tuple[str, ...]:
    return tuple(str(label) for label in cell)


def _cells(jobs: pd.DataFrame) -> list[tuple[str, ...]]:
    return [
        _labels(row) for row in jobs[CELL].drop_duplicates().itertuples(index=False)
    ]


def _differences(
    cell: tuple[str, ...], pairs: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame
) -> Iterator[Difference]:
    """Yield a difference for each metric that both studies have for the cell."""
    for metric, more_is_better in compared_metrics().items():
        both = pairs[[f"{metric}_before", f"{metric}_after"]]
        # An infinite PSNR, of equal pictures, has no mean.
        both = both[both.map(math.isfinite).all(axis=1)]
        if both.empty:
            continue
        before, after = (float(both[name].mean()) for name in both.columns)
        kept = pairs.loc[both.index]
        noise = _standard_error(cell, metric, kept, [old, new])
        verdict = _verdict(before, after, noise, more_is_better)
        change = both[f"{metric}_after"] - both[f"{metric}_before"]
        signs = [int((change > 0).sum()), int((change < 0).sum())]
        tally = signs if more_is_better else signs[::-1]
        yield Difference(cell, metric, before, after, noise, verdict, len(both), *tally)


def _verdict(
    before: float, after: float, noise: float | None, more_is_better: bool
) -> str:
    change = after - before
    if change == 0:
        return "same"
    if noise is None:
        return "noise unknown"
    if abs(change) <= _STANDARD_ERRORS * noise:
        return "within noise"
    return "better" if (change > 0) == more_is_better else "worse"


def _standard_error(
    cell: tuple[str, ...],
    metric: str,
    pairs: pd.DataFrame,
    studies: list[pd.DataFrame],
) -> float | None:
    """Return what other seeds would have changed the mean difference by.

    The seeds' variance stands for each job of both studies; jobs are independent, so
    that the mean over n pairs has the variance 2 / n of one job's.
    """
    representation, layer = cell[:2]
    everything = pd.concat(
        [jobs.assign(study=number) for number, jobs in enumerate(studies)]
    )
    own = everything[everything["representation"] == representation]
    for jobs in (own[own["layer"] == layer], own):
        variance = _seed_variance(jobs, metric)
        if variance is not None:
            return math.sqrt(2 * variance / len(pairs))
    return None


def _seed_variance(jobs: pd.DataFrame, metric: str) -> float | None:
    """Return the variance between the seeds of one picture, cell and study, pooled."""
    finite = jobs[jobs[metric].map(math.isfinite)]
    groups = finite.groupby(["study", *CELL, "image_id"], sort=False)[metric]
    # Null for a single seed.
    variances = groups.var().dropna()
    return None if variances.empty else float(variances.mean())
