"""Two claims about codes: what training adds, and whose code a pre-image has.

Random weights are the null of any claim about a trained network: Ulyanov et al., Deep
Image Prior, arXiv:1711.10925, and Zhang et al., arXiv:1801.03924, on how much an
untrained network does.
"""

import pandas as pd

from stages.page.findings.claim import Claim
from stages.page.findings.evidence import SETTING, Evidence, paired, samples, whole
from stages.page.findings.finding import Finding
from stages.page.wording import counted, listed, number

_METRICS = ["judge_distance", "judge_agrees", "relative_error_8bit"]
# A mean that differs by less than this part of itself is about the same: our choice.
_ABOUT = 0.2


def trained_weights(study: Evidence, claim: Claim) -> Finding:
    """Return whether the judge finds pre-images of trained weights nearer.

    Of whole codes at the same layers, priors and solvers, means over them by picture.
    The null is the untrained twin's distance; it holds for a picture if the trained
    network's is smaller. Label agreement and code error are told beside.
    """
    jobs = whole(study.jobs, "judge_distance")
    for name, twin in study.untrained.items():
        own = jobs[jobs["representation"] == name]
        other = jobs[jobs["representation"] == twin]
        pairs = paired(own, other, ["layer", *SETTING, "image_id"], _METRICS)
        if len(pairs):
            break
    else:
        return claim.untested()
    layers = [n for n in study.layers[name] if n in set(pairs["layer"])]
    own = own[own["layer"].isin(layers)]
    # The deepest first: its pre-images show the difference best.
    own = own.sort_values(
        "layer", key=lambda names: -names.map(layers.index), kind="stable"
    )
    columns = [f"{metric}_{side}" for metric in _METRICS for side in ("left", "right")]
    trials = pairs.groupby("image_id", sort=False)[columns].mean()
    trials["value"] = trials["judge_distance_left"]
    trials["null"] = trials["judge_distance_right"]
    trials["margin"] = trials["null"] - trials["value"]
    trials["holds"] = trials["margin"] > 0
    sentence = _trained_sentence(name, twin, layers, trials)
    return claim.tested(samples(own, trials), sentence)


def _trained_sentence(
    name: str, twin: str, layers: list[str], trials: pd.DataFrame
) -> str:
    means = trials.mean(numeric_only=True)
    told = [
        ("judge's distance", "judge_distance", 2, 1, ""),
        ("agreement of labels", "judge_agrees", 0, 100, " %"),
        ("code error", "relative_error_8bit", 1, 100, " %"),
    ]
    pairs = {
        f"{what} {number(means[f'{metric}_left'], decimals, times=times)}{unit} against"
        f" {number(means[f'{metric}_right'], decimals, times=times)}{unit}": _differ(
            means[f"{metric}_left"], means[f"{metric}_right"]
        )
        for what, metric, decimals, times, unit in told
        if pd.notna(means[f"{metric}_left"]) and pd.notna(means[f"{metric}_right"])
    }
    apart = [text for text, differs in pairs.items() if differs]
    alike = [text for text, differs in pairs.items() if not differs]
    return " ".join(
        [
            f"{name} against {twin}, at {listed(layers)}.",
            *([f"What differs: {listed(apart)}."] if apart else []),
            *(
                [f"What does not, or by less than 20 %: {listed(alike)}."]
                if alike
                else []
            ),
        ]
    )


def _differ(value: float, null: float) -> bool:
    return bool(abs(value - null) >= _ABOUT * max(abs(value), abs(null)) > 0)


def own_code(study: Evidence, claim: Claim) -> Finding:
    """Return whether pre-images are nearer to their own code than to any other's.

    Of whole codes, all settings but those of random weights; relative errors of the
    stored picture. The null is the error to the nearest code of another picture. It
    holds for a picture if its mean error is below its mean null.
    """
    jobs = whole(study.jobs, "relative_error_8bit", "mismatched_error_8bit")
    jobs = jobs[~jobs["representation"].isin(set(study.untrained.values()))]
    if jobs.empty:
        return claim.untested()
    columns = ["relative_error_8bit", "mismatched_error_8bit"]
    trials = jobs.groupby("image_id", sort=False)[columns].mean()
    trials.columns = pd.Index(["value", "null"])
    trials["margin"] = trials["null"] - trials["value"]
    trials["holds"] = trials["margin"] > 0
    nearer = (jobs[columns[0]] < jobs[columns[1]]).sum()
    own, other = (claim.written(trials[name].mean()) for name in ("value", "null"))
    return claim.tested(
        samples(_median_jobs(jobs), trials),
        f"The code of a pre-image is {own} % away from its photograph's and {other} % "
        f"from the nearest of another picture; {nearer:,} of "
        f"{counted(len(jobs), 'pre-image')} are nearer to their own.",
    )


def _median_jobs(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs by error, each picture's middle one first: neither luck."""
    ranks = jobs.groupby("image_id")["relative_error_8bit"].rank(
        pct=True, method="first"
    )
    return jobs.assign(rank=(ranks - 0.5).abs()).sort_values("rank", kind="stable")
