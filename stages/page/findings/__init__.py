"""Findings: the claims of the literature, each tested on this study against its null.

- `finding`: what a finding is, and the rule by which a verdict is given;
- `evidence`: the done jobs, their means by picture, ranks;
- `depth`: pixels near the photograph in early layers, seeds apart in deep ones;
- `places`: parts without their places, blanks outside the receptive field;
- `streams`: colour and shape in two halves of the channels;
- `weights`: trained against random weights, one's own code against another's;
- `descriptors`: HOG against HOGb against DSIFT.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from stages.page.findings.depth import early_layers, several_seeds
from stages.page.findings.descriptors import hog_is_worst
from stages.page.findings.evidence import evidence
from stages.page.findings.finding import Claim, Dot, Finding
from stages.page.findings.places import parts_not_places, receptive_field
from stages.page.findings.streams import streams
from stages.page.findings.weights import own_code, trained_weights

__all__ = ["CLAIMS", "Claim", "Dot", "Finding", "findings"]

CLAIMS = [
    early_layers,
    parts_not_places,
    several_seeds,
    receptive_field,
    streams,
    trained_weights,
    hog_is_worst,
    own_code,
]


def findings(
    scores: pd.DataFrame,
    layers: Mapping[str, Sequence[str]],
    *,
    untrained: Mapping[str, str] | None = None,
    descriptors: Mapping[str, str] | None = None,
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
    return [claim(study) for claim in CLAIMS]
