"""The part of the page that compares two studies, in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stages.page.comparison.changes import Change
from stages.page.comparison.differences import Comparison, Difference
from stages.page.tables import Column, table_columns
from stages.page.wording import counted, number

# In the order of interest: what got worse must not be missed.
VERDICTS = ("worse", "better", "within noise", "noise unknown", "same")

# Cells that only one of the studies has and that are named, our choice.
MOST_NAMED = 20


@dataclass(frozen=True)
class ComparisonLine:
    """A metric of a cell, before and after; `verdict` is one of `VERDICTS`."""

    cell: str
    metric: str
    before: str
    after: str
    change: str
    noise: str
    verdict: str
    n: int


@dataclass(frozen=True)
class ComparisonPart:
    """What the page says of two studies: the other's name, a summary, the lines.

    `params` are those that differ, `changes` the pre-images that changed most, with the
    `pictures` of the other study as URIs, by key.
    """

    against: str
    summary: str
    lines: list[ComparisonLine]
    only_before: list[str]
    only_after: list[str]
    params: Sequence[str] = ()
    changes: Sequence[Change] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)


def comparison_part(
    against: str,
    comparison: Comparison,
    params: Sequence[str] = (),
    changes: Sequence[Change] = (),
    pictures: Mapping[str, str] | None = None,
) -> ComparisonPart:
    """Return the part about the comparison with the study called `against`."""
    ranked = sorted(comparison.differences, key=lambda one: VERDICTS.index(one.verdict))
    return ComparisonPart(
        against=against,
        summary=_summary(comparison.differences),
        lines=[_line(one) for one in ranked],
        only_before=_named(comparison.only_before),
        only_after=_named(comparison.only_after),
        params=params,
        changes=changes,
        pictures=pictures or {},
    )


def _summary(differences: list[Difference]) -> str:
    """Return how many cells have which verdict, each cell's metrics counted."""
    if not differences:
        return "The two studies have no job in common."
    counts = Counter(one.verdict for one in differences)
    told = [f"{counts[verdict]:,} {verdict}" for verdict in VERDICTS if counts[verdict]]
    n_cells = len({one.cell for one in differences})
    return (
        f"{counted(n_cells, 'cell')} in common, with "
        f"{counted(len(differences), 'metric')}: {', '.join(told)}."
    )


def _line(one: Difference) -> ComparisonLine:
    known = {column.metric: column for column in table_columns()}
    column = known.get(one.metric, Column(one.metric, one.metric, "1", 3))
    # A digit more than in the tables: differences are smaller than values.
    decimals, times = column.decimals + 1, column.times
    sign = "+" if one.change > 0 else ""
    return ComparisonLine(
        cell=_cell(one.cell),
        metric=f"{column.heading} ({column.unit})"
        if column.unit != "1"
        else column.heading,
        before=number(one.before, decimals, times=times),
        after=number(one.after, decimals, times=times),
        change=sign + number(one.change, decimals, times=times),
        noise=number(one.noise, decimals, times=times),
        verdict=_verdict(one),
        n=one.n,
    )


def _verdict(one: Difference) -> str:
    """Return the verdict; where noise is unknown, how many went which way."""
    if one.verdict != "noise unknown":
        return one.verdict
    told = f"{one.n_better} better, {one.n_worse} worse of {one.n}"
    return f"{one.verdict}: {told}"


def _cell(labels: tuple[str, ...]) -> str:
    return " · ".join(label for label in labels if label != "all")


def _named(cells: list[tuple[str, ...]]) -> list[str]:
    named = [_cell(cell) for cell in cells[:MOST_NAMED]]
    n_more = len(cells) - len(named)
    return [*named, f"and {n_more:,} more"] if n_more else named
