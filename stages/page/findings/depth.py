"""Two claims about depth: how near the pixels are, and how far apart the seeds.

Sources: Mahendran and Vedaldi, arXiv:1412.0035, sections 4.2 and 5 (figures 6 and 7).
"""

import pandas as pd

from stages.page.findings.evidence import (
    Evidence,
    correlations,
    of_main_setting,
    profiles,
    samples,
    whole,
)
from stages.page.findings.finding import Claim, Finding
from stages.page.wording import counted, number

EARLY = Claim(
    name="early-layers",
    text="Early layers keep the photograph: their pre-images are close to it pixel by "
    "pixel, and less so with depth.",
    unit="dB",
    decimals=1,
    chart="quality-by-depth",
)
SEEDS = Claim(
    name="seeds",
    text="Deep layers leave much open: several starts give different pre-images, more "
    "so with depth.",
    unit="grey levels",
    decimals=1,
    chart="diversity-by-depth",
)


def early_layers(study: Evidence) -> Finding:
    """Return whether the shallowest layer's PSNR beats the best trivial baseline.

    Of whole codes. The null is the best baseline of the same picture, for the same
    representation and layer (as a rule a thumbnail of 4 x 4 pixels). It holds for a
    picture if its PSNR is above and falls with depth (rank correlation below 0).
    """
    jobs, name, layers = _depth(study, "psnr")
    if name is None:
        return EARLY.untested("No representation was inverted at two layers or more.")
    table = profiles(jobs, "psnr", layers)
    floors = _best_baselines(study, name, layers)
    trials = pd.DataFrame({"value": table[layers[0]], "null": floors[layers[0]]})
    trials = trials.assign(fall=correlations(table)).dropna(subset=["value", "null"])
    if trials.empty:
        return EARLY.untested(f"There are no baselines for {name} at {layers[0]}.")
    trials["margin"] = trials["value"] - trials["null"]
    trials["holds"] = (trials["margin"] > 0) & (trials["fall"] < 0)
    shown = samples(jobs[jobs["layer"] == layers[0]], trials)
    return EARLY.tested(shown, _early_sentence(name, trials, table, floors))


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
    name: str, trials: pd.DataFrame, table: pd.DataFrame, floors: pd.DataFrame
) -> str:
    means = [EARLY.written(trials[column].mean()) for column in ("value", "null")]
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


def several_seeds(study: Evidence) -> Finding:
    """Return whether seeds differ more at the deepest layer than at the shallowest.

    Of whole codes with several seeds; diversity in grey levels. The null is the
    diversity of the same picture at the shallowest such layer: what optimisation alone
    leaves open. It holds for a picture if the deepest layer's is larger and diversity
    rises with depth (rank correlation above 0).
    """
    jobs, name, layers = _depth(study, "diversity")
    if name is None:
        return SEEDS.untested(
            "No representation was inverted from several seeds at two layers or more."
        )
    table = profiles(jobs, "diversity", layers)
    trials = pd.DataFrame({"value": table[layers[-1]], "null": table[layers[0]]})
    trials = trials.assign(rise=correlations(table)).dropna(subset=["value", "null"])
    if trials.empty:
        return SEEDS.untested("No picture has several seeds at two layers or more.")
    trials["margin"] = trials["value"] - trials["null"]
    trials["holds"] = (trials["margin"] > 0) & (trials["rise"] > 0)
    deep, shallow = (SEEDS.written(trials[name].mean()) for name in ("value", "null"))
    return SEEDS.tested(
        samples(jobs[jobs["layer"] == layers[-1]], trials),
        f"Pre-images of {name} from different starts are {deep} grey levels apart at "
        f"{layers[-1]} and {shallow} at {layers[0]}; the rank correlation with depth "
        f"over {len(layers)} layers is {_correlation(trials['rise'])}.",
    )
