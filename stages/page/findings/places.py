"""Two claims about places: deep layers forget them; a neuron sees a part alone.

Sources: Mahendran and Vedaldi, arXiv:1412.0035, section 5 (the deep layers' copies of
parts "at different positions and scales") and figure 8 (receptive fields).
"""

import pandas as pd

from stages.page.findings.claim import Claim
from stages.page.findings.evidence import (
    Evidence,
    of_main_setting,
    paired,
    samples,
    whole,
)
from stages.page.findings.finding import NULL, Finding
from stages.page.summary import SELECTION
from stages.page.wording import counted, number

# Similarities (cosines in -1..1) further apart than this are clearly apart: our choice.
CLEARLY = 0.05
# Energy, as a share of the start's: at most this is blank, at least that is untouched.
BLANK, UNTOUCHED = 0.1, 0.5


def parts_not_places(study: Evidence, claim: Claim) -> Finding:
    """Return whether patches match clearly better anywhere than in another picture.

    At the deepest layer before the first whose name starts with `fc`: those have no
    map. The null is the best match in another picture. It holds for a picture if the
    best match anywhere in its pre-image is more than 0.05 above both that and the
    match at the patch's own place (below which it cannot be).
    """
    jobs = whole(study.jobs, "patch_anywhere", "patch_same", "patch_other")
    name = study.layered(whole(study.jobs))
    own = of_main_setting(jobs[jobs["representation"] == name])
    layer = _deepest_map(study.depths(own, name)) if name else None
    if layer is None:
        return claim.untested()
    own = own[own["layer"] == layer]
    columns = ["patch_anywhere", "patch_other", "patch_same", "patch_displacement"]
    trials = own.groupby("image_id", sort=False)[columns].mean()
    trials["value"], trials["null"] = trials["patch_anywhere"], trials["patch_other"]
    nearest = trials[["patch_other", "patch_same"]].max(axis=1)
    trials["margin"] = trials["value"] - nearest - CLEARLY
    trials["holds"] = trials["margin"] > 0
    return claim.tested(
        samples(trials, {"pre-image": own}),
        _parts_sentence(claim, f"{name}", layer, trials),
    )


def _deepest_map(layers: list[str]) -> str | None:
    """Return the deepest layer before the first that is fully connected, by name."""
    full = [i for i, name in enumerate(layers) if name.lower().startswith("fc")]
    maps = layers[: full[0]] if full else layers
    return maps[-1] if maps else None


def _parts_sentence(claim: Claim, name: str, layer: str, trials: pd.DataFrame) -> str:
    anywhere, other, same = (
        claim.written(trials[f"patch_{where}"].mean())
        for where in ("anywhere", "other", "same")
    )
    clear = trials[trials["value"] - trials["null"] > CLEARLY]
    away = clear["patch_displacement"].dropna()
    moved = (
        f"Where patches are clearly found ({counted(len(away), 'picture')}), they lie "
        f"{number(float(away.mean()), 0, times=100)} % of the side away (at random: "
        "52 %)."
        if len(away)
        else "In no picture are they clearly found, so where they lie means nothing."
    )
    return (
        f"At {layer} of {name}, a patch of the photograph has a similarity of "
        f"{anywhere} with its best match anywhere in the pre-image, {other} with that "
        f"in another picture, {same} with what is in its place. {moved}"
    )


def receptive_field(study: Evidence, claim: Claim) -> Finding:
    """Return whether the outside goes blank with a prior and stays without.

    Of selections inverted with the prior `none` and with another, by one solver: the
    first of the study. Energy outside the receptive field, as a share of the start's;
    the null is that without a prior. It holds for a picture if at most a tenth is left
    with the prior, and at least half without. What is left at each layer, and with
    further priors, is told besides: a learned one may leave or fill the outside.
    """
    jobs = study.jobs.dropna(subset=["outside_energy"])
    bare, ruled = jobs[jobs["prior"] == "none"], jobs[jobs["prior"] != "none"]
    on = [*SELECTION, "solver", "image_id"]
    # Descriptors do not see the border: they are no evidence without their twins.
    twins = pd.MultiIndex.from_frame(bare[on])
    ruled = ruled[pd.MultiIndex.from_frame(ruled[on]).isin(twins)]
    first = ruled["prior"] == next(iter(ruled["prior"]), None)
    ruled, others = ruled[first], ruled[~first]
    pairs = paired(ruled, bare, on, ["outside_energy"])
    if pairs.empty:
        return claim.untested()
    trials = pairs.groupby("image_id", sort=False)[
        ["outside_energy_left", "outside_energy_right"]
    ].mean()
    trials.columns = pd.Index(["value", "null"])
    blank, untouched = trials["value"] <= BLANK, trials["null"] >= UNTOUCHED
    trials["holds"] = blank & untouched
    # Both conditions as one number: the smaller of what is left to either bound.
    trials["margin"] = pd.concat(
        [BLANK - trials["value"], trials["null"] - UNTOUCHED], axis=1
    ).min(axis=1)
    with_prior, without = (claim.written(trials[c].mean()) for c in ("value", "null"))
    n = len(trials)
    return claim.tested(
        samples(trials, {"with the prior": ruled, NULL: _alike(bare, ruled)}),
        f"With the prior {ruled['prior'].iloc[0]}, {with_prior} % of the start's "
        f"energy is left outside the receptive field{_at_layers(pairs, claim)}, "
        f"without one {without} %: blank (at most 10 %) in {blank.sum():,} of "
        f"{counted(n, 'picture')} with it, untouched (at least 50 %) in "
        f"{untouched.sum():,} without.{_besides(others, bare, on, claim)}",
    )


def _besides(
    others: pd.DataFrame, bare: pd.DataFrame, on: list[str], claim: Claim
) -> str:
    """Return what is left outside with each of these priors, in a sentence each."""
    told = ""
    for name, ruled in others.groupby("prior", sort=False):
        pairs = paired(ruled, bare, on, ["outside_energy"])
        if pairs.empty:
            continue
        left = pairs.groupby("image_id")["outside_energy_left"].mean()
        told += (
            f" With the prior {name}, {claim.written(left.mean())} % is left"
            f"{_at_layers(pairs, claim)}: blank in {(left <= BLANK).sum():,} of "
            f"{counted(len(left), 'picture')}."
        )
    return told


def _at_layers(pairs: pd.DataFrame, claim: Claim) -> str:
    """Return what is left at each layer, in brackets, where there are several."""
    means = pairs.groupby("layer", sort=False)["outside_energy_left"].mean()
    if len(means) < 2:
        return ""
    each = ", ".join(f"{claim.written(left)} % at {at}" for at, left in means.items())
    return f" ({each})"


def _alike(bare: pd.DataFrame, ruled: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs without a prior of each picture's first selection with one."""
    first = ruled.drop_duplicates("image_id")[[*SELECTION, "image_id"]]
    return bare.merge(first, on=[*SELECTION, "image_id"])
