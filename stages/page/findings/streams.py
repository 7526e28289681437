"""The claim about the two streams of channels: one keeps colour, the other shape.

Source: Mahendran and Vedaldi, arXiv:1412.0035, section 5 and figure 9: in the first
layers of CNN-A one group of filters learned colour, the other luminance.
"""

from itertools import combinations
from typing import NamedTuple

import pandas as pd

from stages.page.findings.claim import Claim
from stages.page.findings.evidence import Evidence, samples
from stages.page.findings.finding import NULL, Finding
from stages.page.wording import counted, number

_HALVES = ["first-half", "second-half"]
# The same of a network without groups: channels ranked by the colour they answer to.
_RANKED = ["chromatic half", "achromatic half"]
_ERRORS = ["chroma_error", "luma_error"]
_CELL = ["representation", "layer", "region", "prior", "solver", "image_id"]


class Halves(NamedTuple):
    """Which half carries colour in this study, and which shape."""

    colour: str
    shape: str


def streams(study: Evidence, claim: Claim) -> Finding:
    """Return whether one half has less chroma error, the other less luma error.

    Of colour pictures, both halves of the same cell. The half with less mean chroma
    error is taken for the colour stream; of halves by rank, the chromatic one. The
    split is the shape stream's chroma error less the colour stream's, plus the colour
    stream's luma error less the shape stream's, in grey levels. The null is the same
    number between random halves: the largest between any two, or between one and all
    channels if there is but one. It holds for a picture if both differences are above
    0 and the split above the null.
    """
    jobs = study.jobs.dropna(subset=_ERRORS)
    table = jobs.pivot_table(_ERRORS, _CELL, "channels", aggfunc="mean", sort=False)
    named = set(table.columns.get_level_values("channels")) if len(table) else set()
    randoms = sorted(name for name in named if f"{name}".startswith("random "))
    pair = next((one for one in (_HALVES, _RANKED) if set(one) <= named), None)
    if pair is None:
        return claim.untested()
    pairs, kind = _null_pairs(randoms, "all" in named)
    if not pairs:
        return claim.untested(
            "Both halves were inverted, but no random halves to compare them with."
        )
    trials, halves = _trials(table, pair, pairs)
    if trials.empty:
        return claim.untested("No colour picture has both halves and random halves.")
    roles = {
        "the colour half": halves.colour,
        "the shape half": halves.shape,
        NULL: pairs[0][0],
    }
    # Of each picture the first is shown: where the halves split most.
    clearest = _clearest(table, halves)
    shown = jobs.sort_values(
        "layer", key=lambda names: names != clearest, kind="stable"
    )
    frames = {role: shown[shown["channels"] == name] for role, name in roles.items()}
    return claim.tested(samples(trials, frames), _sentence(halves, trials, kind))


def _clearest(table: pd.DataFrame, halves: Halves) -> str:
    """Return the layer whose halves split most, on the mean: its pictures are shown."""
    split = _split(table, *halves).sum(axis=1, skipna=False)
    return str(split.groupby("layer", sort=False).mean().idxmax())


def _null_pairs(randoms: list[str], has_all: bool) -> tuple[list[tuple[str, str]], str]:
    """Return the pairs of selections between which nothing should split, in words."""
    if len(randoms) > 1:
        n = len(randoms)
        return list(combinations(randoms, 2)), f"the largest between {n} random halves"
    if randoms and has_all:
        return [(randoms[0], "all")], "between one random half and all channels"
    return [], ""


def _split(table: pd.DataFrame, colour: str, shape: str) -> pd.DataFrame:
    """Return both differences; positive if `colour` keeps colour, `shape` shape."""
    chroma, luma = table["chroma_error"], table["luma_error"]
    return pd.DataFrame(
        {
            "chroma": chroma[shape] - chroma[colour],
            "luma": luma[colour] - luma[shape],
        }
    )


def _trials(
    table: pd.DataFrame, pair: list[str], pairs: list[tuple[str, str]]
) -> tuple[pd.DataFrame, Halves]:
    """Return a row a picture, means over its cells; and which half carries colour."""
    spreads = [_split(table, *pair).sum(axis=1, skipna=False).abs() for pair in pairs]
    splits = _split(table, *pair).assign(null=pd.concat(spreads, axis=1).max(axis=1))
    trials = splits.dropna().groupby("image_id", sort=False).mean()
    halves = Halves(*pair)
    if pair == _HALVES and trials["chroma"].mean() < 0:
        halves = Halves(*reversed(pair))
        trials[["chroma", "luma"]] *= -1
    trials["value"] = trials["chroma"] + trials["luma"]
    trials["margin"] = trials["value"] - trials["null"]
    both = (trials["chroma"] > 0) & (trials["luma"] > 0)
    trials["holds"] = both & (trials["margin"] > 0)
    return trials, halves


def _sentence(halves: Halves, trials: pd.DataFrame, kind: str) -> str:
    means = {name: float(trials[name].mean()) for name in trials.columns}
    split, null = (number(means[name], 1) for name in ("value", "null"))
    side = "above" if means["luma"] >= 0 else "below, too"
    nearer = "nearer in colour" if means["chroma"] >= 0 else "no nearer in colour"
    below = "below" if means["chroma"] >= 0 else "above"
    told = (
        "Which half is which was read off these very pictures."
        if halves.colour in _HALVES
        else "Which channels are chromatic was measured on the network, not on these."
    )
    return (
        f"In {counted(len(trials), 'colour picture')} the {halves.colour} is {nearer}: "
        f"its chroma error is {number(abs(means['chroma']), 1)} grey levels {below} "
        f"the {halves.shape}'s, and its luma error {number(abs(means['luma']), 1)} "
        f"{side}. The split, both together, "
        f"is {split}; the null, {kind}, is {null}. {_met(trials)} {told}"
    )


def _met(trials: pd.DataFrame) -> str:
    """Return in how many pictures each of the three conditions is met."""
    n = [int((trials[name] > 0).sum()) for name in ("chroma", "luma", "margin")]
    return (
        f"Of {counted(len(trials), 'picture')}, {n[0]:,} are nearer in colour in the "
        f"one half, {n[1]:,} in shape in the other, and in {n[2]:,} the split is above "
        "the null."
    )
