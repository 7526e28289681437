"""Findings: the claims of the literature, each tested on this study against its null.

- `registry`: all claims, a row each: what is claimed, how it is tested, on what;
- `claim`: a row of it; `finding`: what a study says of it, and the rule of verdicts;
- `evidence`: the done jobs, their means by picture, ranks;
- `depth`: pixels near the photograph in early layers, seeds apart in deep ones;
- `places`: parts without their places, blanks outside the receptive field;
- `streams`: colour and shape in two halves of the channels;
- `weights`: trained against random weights, one's own code against another's;
- `descriptors`: HOG against HOGb against DSIFT;
- `strip`: the dots of a finding as a drawing.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from stages.page.findings.claim import Claim
from stages.page.findings.evidence import evidence
from stages.page.findings.finding import Dot, Finding
from stages.page.findings.registry import CLAIMS

__all__ = ["CLAIMS", "Claim", "Dot", "Finding", "findings"]


def findings(
    scores: pd.DataFrame,
    layers: Mapping[str, Sequence[str]],
    *,
    untrained: Mapping[str, str] | None = None,
    descriptors: Mapping[str, str] | None = None,
    claims: Sequence[Claim] = CLAIMS,
) -> list[Finding]:
    """Return what the study says of each claim, in the order in which to read them.

    `scores` is the whole table, `layers` each representation's from shallow to deep.
    `untrained` maps a trained representation to the same with random weights,
    `descriptors` the words hog, hogb and dsift to the names they have in this study.
    """
    study = evidence(
        scores,
        {name: list(order) for name, order in layers.items()},
        dict(untrained or {}),
        dict(descriptors or {}),
    )
    return [claim.tested_on(study) for claim in claims]
