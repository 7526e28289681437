"""The claim about classical descriptors: HOG's hard assignment costs the most.

Source: Mahendran and Vedaldi, arXiv:1412.0035, table 1: HOG 28.1 %, HOGb 10.7 %, DSIFT
10.9 % on 100 photographs (the released code: squared normalised error).
"""

import pandas as pd

from stages.page.findings.claim import Claim
from stages.page.findings.evidence import SETTING, Evidence, samples, whole
from stages.page.findings.finding import NULL, Finding
from stages.page.wording import listed, number

_WRITTEN = {"hog": "HOG", "hogb": "HOGb", "dsift": "DSIFT"}
_ERROR, _QUALITY = "squared_normalised_error_8bit", "psnr_fitted"


def hog_is_worst(study: Evidence, claim: Claim) -> Finding:
    """Return whether HOG has the largest error and the lowest fitted PSNR.

    Of whole codes in settings that all have in common, means over them by picture. The
    null is the larger error of the others. It holds for a picture if HOG's error is
    above it and HOG's PSNR below theirs (where there is one).
    """
    jobs = whole(study.jobs, _ERROR)
    names = {
        kind: name
        for kind, name in study.descriptors.items()
        if name in set(jobs["representation"])
    }
    others = [kind for kind in ("hogb", "dsift") if kind in names]
    if "hog" not in names or not others:
        return claim.untested()
    kinds = ["hog", *others]
    errors, qualities = (_table(jobs, names, kinds, m) for m in (_ERROR, _QUALITY))
    errors = errors.dropna()
    if errors.empty:
        return claim.untested("No picture has them all in one setting.")
    trials = pd.DataFrame({"value": errors["hog"], "null": errors[others].max(axis=1)})
    trials["margin"] = trials["value"] - trials["null"]
    duller = ~(qualities["hog"] >= qualities[others].min(axis=1))
    trials["holds"] = (trials["margin"] > 0) & duller.reindex(trials.index)
    worse = errors[others].idxmax(axis=1).map(names)
    frames = {
        "HOG": jobs[jobs["representation"] == names["hog"]],
        NULL: jobs[jobs["representation"] == jobs["image_id"].map(worse)],
    }
    shown = samples(trials, frames)
    return claim.tested(shown, _sentence(kinds, errors, qualities))


def _table(
    jobs: pd.DataFrame, names: dict[str, str], kinds: list[str], metric: str
) -> pd.DataFrame:
    """Return the means by picture, a column a descriptor, over common settings."""
    means = {
        kind: jobs[jobs["representation"] == names[kind]]
        .groupby([*SETTING, "image_id"], sort=False)[metric]
        .mean()
        for kind in kinds
    }
    common = pd.concat(means, axis=1, join="inner")
    return common.groupby("image_id", sort=False).mean()


def _sentence(kinds: list[str], errors: pd.DataFrame, qualities: pd.DataFrame) -> str:
    told = [
        f"{_WRITTEN[kind]} {number(float(errors[kind].mean()), 1, times=100)} %"
        for kind in kinds
    ]
    decibels = [
        f"{_WRITTEN[kind]} {number(float(qualities[kind].mean()), 1)} dB"
        for kind in kinds
        if qualities[kind].notna().any()
    ]
    missing = [name for kind, name in _WRITTEN.items() if kind not in kinds]
    return " ".join(
        [
            f"The squared normalised error is {listed(told)}.",
            *([f"PSNR after a fitted gain: {listed(decibels)}."] if decibels else []),
            *([f"{listed(missing)} is not in this study."] if missing else []),
            "Published, on other photographs: HOG 28.1 %, HOGb 10.7 %, DSIFT 10.9 %.",
        ]
    )
