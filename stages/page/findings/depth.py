"""Two claims about depth: how near the pixels are, and how far apart the seeds.

Sources: Mahendran and Vedaldi, arXiv:1412.0035, sections 4.2 and 5 (figures 6 and 7).
"""

import pandas as pd

from stages.page.findings.claim import Claim
from stages.page.findings.evidence import (
    Evidence,
    correlations,
    of_main_setting,
    profiles,
    samples,
    whole,
)
from stages.page.findings.finding import NULL, Finding
from stages.page.wording import counted, number

# How many times as far apart as at the shallowest layer is clearly farther: our choice.
CLEARLY = 1.1


def early_layers(study: Evidence, claim: Claim) -> Finding:
    """Return whether the shallowest layer's PSNR beats the best trivial baseline.

    Of whole codes. The null is the best baseline of the same picture, for the same
    representation and layer (as a rule a thumbnail of 4 x 4 pixels). It holds for a
    picture if its PSNR is above and falls with depth (rank correlation below 0).
    """
    jobs, name, layers = _depth(study, "psnr")
    if name is None:
        return claim.untested()
    table = profiles(jobs, "psnr", layers)
    floors = _best_baselines(study, name, layers)
    trials = pd.DataFrame({"value": table[layers[0]], "null": floors[layers[0]]})
    trials = trials.assign(fall=correlations(table)).dropna(subset=["value", "null"])
    if trials.empty:
        return claim.untested(f"There are no baselines for {name} at {layers[0]}.")
    trials["margin"] = trials["value"] - trials["null"]
    trials["holds"] = (trials["margin"] > 0) & (trials["fall"] < 0)
    ends = {"pre-image": layers[0], "at the deepest layer": layers[-1]}
    frames = {role: jobs[jobs["layer"] == layer] for role, layer in ends.items()}
    shown = samples(trials, frames)
    return claim.tested(shown, _early_sentence(claim, name, trials, table, floors))


def _depth(study: Evidence, metric: str) -> tuple[pd.DataFrame, str | None, list[str]]:
    """Return the jobs of the representation with most layers, and those in order."""
    jobs = whole(study.jobs, metric)
    name = study.layered(jobs)
    own = of_main_setting(jobs[jobs["representation"] == name])
    layers = study.depths(own, name) if name else []
    return own, name if len(layers) > 1 else None, layers


def _best_baselines(study: Evidence, name: str, layers: list[str]) -> pd.DataFrame:
    """Return the PSNR of the best baseline: a row a picture, a column a layer."""
    floors = whole(study.baselines, "psnr")
    floors = floors[floors["representation"] == name]
    best = floors.groupby(["image_id", "layer"], sort=False)["psnr"].max()
    return best.unstack("layer").reindex(columns=layers)


def _early_sentence(
    claim: Claim,
    name: str,
    trials: pd.DataFrame,
    table: pd.DataFrame,
    floors: pd.DataFrame,
) -> str:
    means = [claim.written(trials[column].mean()) for column in ("value", "null")]
    above = (table - floors).mean()
    below = list(above.index[above < 0])
    where = (
        f"the mean first falls below that baseline at {below[0]}"
        if below
        else "the mean stays above that baseline at every layer"
    )
    n_above = f"{(trials['margin'] > 0).sum():,} of {counted(len(trials), 'picture')}"
    return (
        f"At {table.columns[0]}, the shallowest layer of {name}, the PSNR is {means[0]}"
        f" dB; the best picture that knows next to nothing has {means[1]} dB ({n_above}"
        f" above theirs). Down the {len(table.columns)} layers {where}; the rank "
        f"correlation of PSNR with depth is {_correlation(trials['fall'])}."
    )


def _correlation(values: "pd.Series[float]") -> str:
    return "undefined" if values.isna().all() else number(float(values.mean()), 2)


def several_seeds(study: Evidence, claim: Claim) -> Finding:
    """Return whether seeds differ more at the deepest layer than at the shallowest.

    Of whole codes with several seeds; diversity in grey levels. The null is the
    diversity of the same picture at the shallowest such layer: what optimisation alone
    leaves open. It holds for a picture if the deepest layer's is larger by a tenth and
    diversity rises with depth (rank correlation above 0).
    """
    jobs, name, layers = _depth(study, "diversity")
    if name is None:
        return claim.untested()
    table = profiles(jobs, "diversity", layers)
    trials = pd.DataFrame({"value": table[layers[-1]], "null": table[layers[0]]})
    trials = trials.assign(rise=correlations(table)).dropna(subset=["value", "null"])
    if trials.empty:
        return claim.untested("No picture has several seeds at two layers or more.")
    trials["margin"] = trials["value"] - CLEARLY * trials["null"]
    trials["holds"] = (trials["margin"] > 0) & (trials["rise"] > 0)
    deep, shallow = (claim.written(trials[name].mean()) for name in ("value", "null"))
    return claim.tested(
        samples(trials, _starts(jobs, layers[-1], layers[0])),
        f"Pre-images of {name} from different starts are {deep} grey levels apart at "
        f"{layers[-1]} and {shallow} at {layers[0]}{_widest(table, claim)}; the rank "
        f"correlation with depth over {len(layers)} layers is "
        f"{_correlation(trials['rise'])}.",
    )


def _widest(table: pd.DataFrame, claim: Claim) -> str:
    """Return the layer where starts are farthest apart, if it is none of the ends."""
    means = table.mean()
    at = str(means.idxmax())
    if at in (means.index[0], means.index[-1]):
        return ""
    return f", but {claim.written(means[at])} at {at}, where they are farthest apart"


def _starts(jobs: pd.DataFrame, deep: str, shallow: str) -> dict[str, pd.DataFrame]:
    """Return the jobs of two starts at both layers, by their role as evidence."""
    frames: dict[str, pd.DataFrame] = {}
    for before, layer in (("", deep), (f"{NULL}, ", shallow)):
        own = jobs[jobs["layer"] == layer]
        others = own[own.duplicated("image_id")]
        frames |= {f"{before}one start": own, f"{before}another start": others}
    return frames
