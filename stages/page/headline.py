"""The numbers of a study that fit a terminal: what `dvc metrics show` prints.

A line a representation, of many layers a third of them at a time; a line a finding.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from stages.page.findings import Finding
from stages.page.summary import is_full

# Short names, as a terminal has 80 to 120 letters a line, of these columns.
MEANS = {
    "code_error": "relative_error_8bit",
    "psnr": "psnr",
    "ssim": "ssim",
    "judge": "judge_distance",
}
_THIRDS = ("early", "middle", "deep")

Line = dict[str, float | int | str | None]


def headline(
    scores: pd.DataFrame,
    layers: Mapping[str, Sequence[str]],
    findings: Sequence[Finding],
) -> dict[str, Line]:
    """Return the lines by name: means over whole codes, then verdicts.

    `layers` are each representation's from shallow to deep.
    """
    done = (scores["kind"] == "preimage") & (scores["status"] == "done")
    columns = ["representation", "layer", *MEANS.values()]
    jobs = scores.loc[done & is_full(scores), columns]
    lines = {name: _means(group) for name, group in _groups(jobs, layers)}
    return lines | {f"finding-{one.name}": _verdict(one) for one in findings}


def _groups(
    jobs: pd.DataFrame, layers: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each representation's jobs, of three layers or more by thirds of depth."""
    for name, own in jobs.groupby("representation", sort=False):
        word = f"{name}".replace(" ", "-")
        there = [n for n in layers.get(f"{name}", []) if n in set(own["layer"])]
        if len(there) < len(_THIRDS):
            yield word, own
            continue
        third = own["layer"].map(lambda layer, n=there: _third(layer, n))
        for i, depth in enumerate(_THIRDS):
            yield f"{word}-{i + 1}-{depth}", own[third == i]


def _third(layer: str, layers: Sequence[str]) -> int:
    place = layers.index(layer) if layer in layers else len(layers) - 1
    return place * len(_THIRDS) // len(layers)


def _means(jobs: pd.DataFrame) -> Line:
    means = {short: float(jobs[name].mean()) for short, name in MEANS.items()}
    return {k: round(v, 4) if math.isfinite(v) else None for k, v in means.items()}


def _verdict(finding: Finding) -> Line:
    holding = sum(dot.holds for dot in finding.dots)
    return {"verdict": finding.verdict, "holds": f"{holding}/{len(finding.dots)}"}
