"""What went wrong, or is worth a second look: by kind and cell, with its reason.

Levels are our choice, said on the page: they are meant to find the odd job, not to
judge a study.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from stages.page.summary import CELL, by_layer
from stages.page.wording import counted, shortened

# Share of a pre-image's values at 0 or 255 from which it is called saturated.
SATURATED = 0.25
# Share by which the objective still falls over the last tenth of the steps.
STILL_FALLING = 0.05
# How many times the median diversity of the same layer is wide.
WIDE = 2.0
# The terms that are no functions (`stages.preimage.priors`): none need fall.
_PULLS = {"denoiser_term"}
# Names that an alert lists before it counts the rest.
_NAMES_AN_ALERT = 8

KINDS = {
    "failed": "could not be computed; tried again in the next run",
    "diverged": "left the numbers that a computer can hold, or ended with a higher "
    "objective than it began with; in no mean. `schedule: steady` halves the first "
    "rate of `paper`",
    "dead-gradient": "had no direction to go, at the start or at the end: all that is "
    "selected is switched off; in no mean",
    "saturated": f"more than {SATURATED:.0%} of the values of the picture are at black "
    "or white (0 or 255)",
    "not converged": "the objective, but for the pull of a denoiser, still fell by "
    f"more than {STILL_FALLING:.0%} over the last tenth of the steps: more steps would "
    "change the picture",
    "wide seed spread": f"the seeds lead more than {WIDE:g} times as far apart as is "
    "usual (the median) at the same layer",
    "remark": "done, with a remark",
}


@dataclass(frozen=True)
class Alert:
    """Jobs of one cell that share a kind and a reason; `link` shows them."""

    kind: str
    count: str
    cell: str
    reason: str
    images: str
    link: str


def alerts(
    jobs: pd.DataFrame, saturation: Mapping[str, float], falls: Mapping[str, float]
) -> list[Alert]:
    """Return the alerts about these jobs, by kind in the order of `KINDS`.

    `saturation` and `falls` map keys of jobs to the shares that the levels are of.
    """
    done = jobs[jobs["status"] == "done"]
    by_kind = {kind: jobs[jobs["status"] == kind] for kind in list(KINDS)[:3]}
    by_kind["saturated"] = _above(done, saturation, SATURATED, "at black or white")
    by_kind["not converged"] = _above(
        done, falls, STILL_FALLING, "lost in the last tenth of the steps"
    )
    by_kind["wide seed spread"] = _wide(done)
    by_kind["remark"] = done[done["reason"] != ""]
    return [alert for kind, rows in by_kind.items() for alert in _grouped(rows, kind)]


def _above(
    jobs: pd.DataFrame, shares: Mapping[str, float], level: float, what: str
) -> pd.DataFrame:
    """Return the jobs whose share is above the level, each cell with its largest."""
    share = jobs["key"].map(shares).astype("float64")
    rows = jobs.assign(share=share)[share > level]
    largest = rows.groupby(CELL, sort=False)["share"].transform("max")
    return rows.assign(reason=largest.map(lambda value: f"up to {value:.0%} {what}"))


def _wide(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs of pictures and cells that spread wider than their layer."""
    several = jobs[jobs["diversity"].notna()]
    ones = several.drop_duplicates([*CELL, "image_id"])
    medians = dict(ones.groupby(["representation", "layer"])["diversity"].median())
    usual = pd.Series(by_layer(several, medians), several.index, "float64")
    rows = several[several["diversity"] > WIDE * usual]
    words = [
        f"{spread:.1f} grey levels, usually {middle:.1f}"
        for spread, middle in zip(rows["diversity"], usual[rows.index], strict=True)
    ]
    return rows.assign(reason=words)


def _grouped(rows: pd.DataFrame, kind: str) -> list[Alert]:
    groups = rows.groupby([*CELL, "reason"], sort=False)
    return [_alert(group, kind) for _, group in groups]


def _alert(jobs: pd.DataFrame, kind: str) -> Alert:
    first = jobs.iloc[0]
    labels = [(name, str(first[name])) for name in CELL]
    told = [value for name, value in labels[:4] if value != "all"]
    names = list(jobs["image_name"].unique())
    return Alert(
        kind=kind,
        count=counted(len(jobs), "job"),
        cell=", ".join([*dict.fromkeys(told), *(" ".join(one) for one in labels[4:])]),
        reason=str(first["reason"]),
        images=shortened(names, _NAMES_AN_ALERT),
        link=_link(labels, list(jobs["image_id"].unique())),
    )


def _link(labels: list[tuple[str, str]], pictures: list[str]) -> str:
    """Return the address of the gallery's view of a cell and, if few, its pictures."""
    few = [("picture", name) for name in pictures[:_NAMES_AN_ALERT]]
    some = few if len(pictures) <= _NAMES_AN_ALERT else []
    return "#" + urlencode([("at", "gallery"), *labels, *some])


def fall(trace: list[Mapping[str, Any]]) -> float | None:
    """Return the share by which the objective falls over the last tenth of the steps.

    None without a point before and after; traces end with the final terms.
    """
    if len(trace) < 2:
        return None
    edge = 0.9 * trace[-1]["step"]
    before = [point for point in trace[:-1] if point["step"] <= edge]
    first, last = (_objective(before[-1]), _objective(trace[-1])) if before else (0, 0)
    return (first - last) / first if first > 0 else None


def _objective(point: Mapping[str, Any]) -> float:
    """Return the sum of the terms but the pull of a denoiser.

    That is no function to go down on, and its weight falls with the steps by itself.
    """
    terms = (name for name in point if name.endswith("_term") and name not in _PULLS)
    return float(sum(point[name] for name in terms))
