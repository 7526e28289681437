"""Two claims about codes: what training adds, and whose code a pre-image has.

Random weights are the null of any claim about a trained network: Ulyanov et al., Deep
Image Prior, arXiv:1711.10925, and Zhang et al., arXiv:1801.03924, on how much an
untrained network does.
"""

import pandas as pd

from stages.page.findings.claim import Claim
from stages.page.findings.evidence import (
    FRAME,
    SETTING,
    Evidence,
    paired,
    samples,
    whole,
)
from stages.page.findings.finding import NULL, Finding
from stages.page.wording import counted, listed, number

_METRICS = ["judge_distance", "relative_error_8bit", "psnr", "ssim"]
# What else may tell which is nearer, more of it: words, decimals, unit.
_OTHER_WAYS = {"psnr": ("PSNR", 2, " dB"), "ssim": ("SSIM", 2, "")}
_JUDGE = (
    "The judge is a network of its own, trained by the project on Tiny ImageNet and "
    "never inverted."
)
# A mean that differs by less than this part of itself is about the same: our choice.
_ABOUT = 0.2


def trained_weights(study: Evidence, claim: Claim) -> Finding:
    """Return whether the judge finds pre-images of trained weights nearer.

    Of whole codes at the same layers, priors and solvers, means over them by picture.
    The null is the untrained twin's distance; it holds for a picture if the trained
    network's is smaller. Code error and the judge's labels are told
    beside, and what PSNR and SSIM say against it.
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
    columns = [f"{metric}_{side}" for metric in _METRICS for side in ("left", "right")]
    trials = pairs.groupby("image_id", sort=False)[columns].mean()
    trials["value"] = trials["judge_distance_left"]
    trials["null"] = trials["judge_distance_right"]
    trials["margin"] = trials["null"] - trials["value"]
    trials["holds"] = trials["margin"] > 0
    frames = {"trained": _by_depth(own, layers), NULL: _by_depth(other, layers)}
    sentence = _trained_sentence(f"{name} against {twin}", layers, trials)
    agreement, fewer = _agreement(own, other, layers)
    beside = [] if fewer else agreement
    return claim.tested(
        samples(trials, frames),
        " ".join([sentence, *beside, _JUDGE]),
        [*_against(trials), *(agreement if fewer else [])],
    )


def _by_depth(jobs: pd.DataFrame, layers: list[str]) -> pd.DataFrame:
    """Return the jobs at these layers, the deepest first: it shows most."""
    there = jobs[jobs["layer"].isin(layers)]
    return there.sort_values(
        "layer", key=lambda names: -names.map(layers.index), kind="stable"
    )


def _agreement(
    own: pd.DataFrame, other: pd.DataFrame, layers: list[str]
) -> tuple[list[str], bool]:
    """Return in how many pre-images the label is the photograph's, with the layers.

    Of pre-images that both networks have: of the same layer, setting, picture and seed;
    and whether the trained network has fewer, which speaks against it.
    """
    on = ["layer", *SETTING, "image_id", "seed"]
    both = own.merge(other, on=on, suffixes=("_trained", "_untrained"))
    told, sums = [], []
    for words in ("trained", "untrained"):
        labels = both[["layer", f"judge_agrees_{words}"]].dropna()
        agreeing = labels.loc[labels.iloc[:, 1] == 1, "layer"].value_counts()
        if labels.empty:
            return [], False
        sums.append(int(agreeing.sum()))
        where = ", ".join(f"{agreeing[n]:,} at {n}" for n in layers if n in agreeing)
        pre_images = counted(len(labels), f"{words} pre-image")
        told.append(f"{agreeing.sum():,} of {pre_images}{where and f' ({where})'}")
    sentence = f"The judge gives the photograph's label to {listed(told)}."
    return [sentence], sums[0] < sums[1]


def _against(trials: pd.DataFrame) -> list[str]:
    """Return by which metrics the untrained twin is nearer, on the mean or by picture.

    A claim by one metric must bear to be read beside the others.
    """
    lines = []
    for metric, (words, decimals, unit) in _OTHER_WAYS.items():
        pair = trials[[f"{metric}_left", f"{metric}_right"]].dropna()
        nearer = int((pair.iloc[:, 1] > pair.iloc[:, 0]).sum())
        value, null = (float(pair[name].mean()) for name in pair.columns)
        if len(pair) and (null > value or nearer > len(pair) / 2):
            lines.append(
                f"By {words} the untrained network is nearer in {nearer:,} of "
                f"{counted(len(pair), 'picture')}: {number(null, decimals)}{unit} "
                f"against {number(value, decimals)}{unit} on the mean (more is nearer)."
            )
    return lines


def _trained_sentence(names: str, layers: list[str], trials: pd.DataFrame) -> str:
    means = trials.mean(numeric_only=True)
    told = [
        ("judge's distance", "judge_distance", 2, 1, ""),
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
            f"{names}, at {listed(layers)}.",
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
        samples(trials, {"pre-image": _median_jobs(jobs)}),
        f"The code of a pre-image is {own} % away from its photograph's and {other} % "
        f"from the nearest of another picture; {nearer:,} of "
        f"{counted(len(jobs), 'pre-image')} are nearer to their own."
        f"{_left_out(study, jobs)}",
    )


def _left_out(study: Evidence, jobs: pd.DataFrame) -> str:
    """Return which done jobs do not count here, and why."""
    others = study.jobs[~study.jobs["key"].isin(set(jobs["key"]))]
    random = others["representation"].isin(set(study.untrained.values()))
    part = ~random & ~others.index.isin(whole(others).index)
    told = [
        f"{n:,} {why}"
        for n, why in (
            (int(random.sum()), "of random weights"),
            (int(part.sum()), "of a part of a code"),
            (int((~random & ~part).sum()), "without another picture's code"),
        )
        if n
    ]
    return f" Left out of {len(study.jobs):,}: {listed(told)}." if told else ""


def _median_jobs(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs by error, each picture's middle one first: neither luck."""
    ranks = jobs.groupby("image_id")["relative_error_8bit"].rank(
        pct=True, method="first"
    )
    shown = jobs[FRAME].assign(rank=(ranks - 0.5).abs())
    return shown.sort_values("rank", kind="stable")
