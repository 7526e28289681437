"""All claims together: on nothing, on little, and ever the same."""

import pandas as pd
import pytest

from stages.page.findings import CLAIMS, findings


def empty(job):
    return pd.DataFrame([job()]).iloc[:0]


def test_every_claim_is_untested_on_nothing(job):
    for scores in (pd.DataFrame(), empty(job), pd.DataFrame([job(status="failed")])):
        every = findings(scores, {"net": ["conv1"]})
        assert len(every) == len(CLAIMS)
        assert {one.verdict for one in every} == {"untested"}
        assert all(one.sentence.endswith(".") for one in every)


def test_a_single_picture_of_one_representation_settles_nothing(job, floor):
    numbers = dict.fromkeys(pd.DataFrame([job()]).filter(regex="error|patch|psnr"), 0.5)
    rows = [job(**numbers), job(layer="fc6", **numbers), floor(psnr=0.1)]
    verdicts = {one.verdict for one in findings(pd.DataFrame(rows), {})}
    assert verdicts <= {"untested", "mixed"}


def test_names_are_each_claims_own(job):
    names = [one.name for one in findings(empty(job), {})]
    assert len(set(names)) == len(names)


def test_the_same_scores_give_the_same_findings(job, floor):
    rows = [
        row
        for i in range(25)
        for row in (
            job(f"p{i}", psnr=20.0 + i),
            job(f"p{i}", "conv2", psnr=9.0),
            floor(f"p{i}", psnr=15.0),
        )
    ]
    once, twice = (findings(pd.DataFrame(rows), {}) for _ in range(2))
    assert once == twice
    # Differences are 5 to 29: 17 on the mean.
    low, high = once[0].interval.removesuffix(" dB").split(" to ")
    assert float(low) == pytest.approx(17 - 1.96 * 7.2 / 5, abs=0.3)
    assert float(high) == pytest.approx(17 + 1.96 * 7.2 / 5, abs=0.3)
