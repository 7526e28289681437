"""A finding is a function and a row: nothing else knows of it."""

import pandas as pd

from stages.page.findings import CLAIMS, Claim, findings
from stages.page.findings.evidence import samples, whole

NAMES = [claim.name for claim in CLAIMS]


def brighter(study, claim):
    """Return whether pre-images miss brightness by less than colour."""
    jobs = whole(study.jobs, "luma_error", "chroma_error")
    if jobs.empty:
        return claim.untested()
    means = jobs.groupby("image_id", sort=False)[["luma_error", "chroma_error"]].mean()
    trials = means.set_axis(["value", "null"], axis=1)
    trials["margin"] = trials["null"] - trials["value"]
    trials["holds"] = trials["margin"] > 0
    return claim.tested(
        samples(trials, {"pre-image": jobs}), "Brightness survives colour."
    )


ROW = Claim(
    name="brightness",
    label="brightness",
    text="Brightness survives colour.",
    test=brighter,
    needs="colour pictures",
    holds_if="the error is below",
    null="the error of colour",
    unit="grey levels",
    decimals=1,
)


def test_a_new_finding_is_a_function_and_a_row(job):
    rows = [job(f"p{i}", luma_error=1.0, chroma_error=2.0) for i in range(3)]
    *others, new = findings(pd.DataFrame(rows), {}, claims=(*CLAIMS, ROW))
    assert [one.name for one in others] == NAMES
    assert (new.verdict, new.number, new.null) == ("supported", "1.0", "2.0")
    assert new.tally == "3 of 3 pictures"
    assert new.examples[0].frames[0].role == "pre-image"


def test_without_what_it_needs_a_claim_says_so(job):
    (finding,) = findings(pd.DataFrame([job()]), {}, claims=[ROW])
    assert finding.verdict == "untested"
    assert finding.sentence == "It takes colour pictures."


def test_every_row_says_what_it_needs_and_what_it_is_held_to():
    for claim in CLAIMS:
        assert claim.text.endswith("."), claim.name
        # Half a sentence each: "It takes ...", "The null is ...".
        assert claim.needs
        assert claim.null
        assert not (claim.needs + claim.null).endswith(".")
