"""The rule by which a verdict is given, at its edges; intervals; examples."""

import numpy as np
import pytest

from stages.page.findings import finding as findings
from stages.page.findings.claim import Claim
from stages.page.findings.finding import (
    Frame,
    Sample,
    bootstrap_interval,
    decided,
)

CLAIM = Claim(
    name="name",
    label="label",
    text="text",
    test=lambda study, claim: claim.untested(),
    needs="luck",
    holds_if="it is lucky",
    null="chance",
    unit="%",
    decimals=1,
    times=100,
)


def trials(n_holding, n, margin=None):
    """Return so many trials; the claim's side is up, a margin of 1 either way."""
    signs = [i < n_holding for i in range(n)]
    return [
        Sample(f"p{i}", 2.0, 1.0, up, margin or (1.0 if up else -1.0), f"k{i}")
        for i, up in enumerate(signs)
    ]


@pytest.mark.parametrize(
    ("n_holding", "n", "verdict"),
    [
        (3, 3, "supported"),
        (5, 6, "supported"),
        (4, 6, "mixed"),
        (2, 6, "mixed"),
        (1, 6, "contradicted"),
        (0, 3, "contradicted"),
        (2, 2, "mixed"),
        (0, 1, "mixed"),
    ],
)
def test_verdict_by_share_of_pictures(n_holding, n, verdict):
    assert decided(trials(n_holding, n)) == verdict


def test_a_verdict_takes_the_mean_as_well():
    five = trials(5, 6)
    assert decided([*five[:5], five[5]._replace(margin=-6.0)]) == "mixed"
    one = trials(1, 6)
    assert decided([one[0]._replace(margin=6.0), *one[1:]]) == "mixed"


def test_an_interval_is_the_same_drawn_at_once_or_a_few_at_a_time(monkeypatch):
    values = [float(i % 7) for i in range(30)]
    places = np.random.default_rng(0).integers(30, size=(10_000, 30))
    ends = np.percentile(np.array(values)[places].mean(axis=1), [2.5, 97.5])
    for at_once in (1000, 10**6):
        monkeypatch.setattr(findings, "_PLACES_AT_ONCE", at_once)
        assert bootstrap_interval(values) == tuple(ends)


def test_of_very_many_pictures_some_are_told_each_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(findings, "MOST_DOTS", 3)
    found = CLAIM.tested(trials(5, 7), "Said.")
    assert [dot.image_name for dot in found.told] == ["p0", "p3", "p6"]
    assert len(found.strip.places) == 3
    assert found.numbers()["pictures"] == 7
    assert found.tally == "5 of 7 pictures"


def test_numbers_are_means_in_the_claims_unit():
    samples = [
        Sample("a", 0.10, 0.5, True, 0.4),
        Sample("b", 0.31, 0.7, True, 0.39),
        Sample("c", 0.10, 0.6, False, -0.1),
    ]
    finding = CLAIM.tested(samples, "Said.")
    # (10 + 31 + 10) / 3 and (50 + 70 + 60) / 3 per cent.
    assert (finding.number, finding.null) == ("17.0", "60.0")
    assert finding.tally == "2 of 3 pictures"
    assert [dot.value for dot in finding.dots] == pytest.approx([10, 31, 10])
    assert finding.against == ["It does not hold for c."]
    assert finding.holds_if == "it is lucky"
    assert finding.meaning == "this study cannot settle it"


def test_few_pictures_are_told_and_have_no_interval():
    finding = CLAIM.tested(trials(2, 2), "Said.")
    assert finding.sentence == (
        "Said. 2 pictures can settle nothing: a verdict takes at least 3."
    )
    assert finding.meaning == "too few pictures to settle it"
    assert finding.interval == ""
    assert CLAIM.tested(trials(19, 19), "Said.").interval == ""


def test_from_twenty_pictures_on_there_is_an_interval():
    finding = CLAIM.tested(trials(20, 20), "Said.")
    # Each value is 1 above its null: 100 %, whatever is drawn.
    assert finding.interval == "100.0 to 100.0 %"
    assert "100.0 to 100.0 % (95 % interval)" in finding.sentence


def test_the_interval_is_that_of_the_mean_and_ever_the_same():
    # A fair coin of 100 throws: its mean is 0.5 with a deviation of 0.05.
    low, high = bootstrap_interval([0.0, 1.0] * 50)
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.01)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.01)
    assert (low, high) == bootstrap_interval([0.0, 1.0] * 50)


def test_examples_are_the_widest_margins_either_way():
    frames = (Frame("pre-image", "k", "net"), Frame("null", "l", "random"))
    samples = [
        Sample(f"p{m}", 0.1 * m, 0.0, True, m, f"id{m}", "net", frames)
        for m in (3, 1, 2, 5, 4)
    ]
    best, worst = CLAIM.tested(samples, "Said.").examples
    assert (best.words, best.image_name, best.value) == ("best", "p5", "50.0")
    assert (worst.words, worst.image_id, worst.null) == ("worst", "id1", "0.0")
    assert best.frames == frames
    assert best.has_null
    (alone,) = CLAIM.tested([samples[0]._replace(frames=frames[:1])], "Said.").examples
    assert not alone.has_null


def test_many_pictures_against_a_claim_are_counted():
    finding = CLAIM.tested(trials(0, 9), "Said.", ["And more."])
    assert "and 3 more" in finding.against[0]
    assert finding.against[1] == "And more."


def test_a_contradiction_is_told():
    assert CLAIM.tested(trials(0, 3), "Said.").sentence.endswith(
        "This contradicts the claim."
    )


def test_what_is_not_tested_has_no_numbers():
    finding = CLAIM.untested("No data.")
    assert (finding.verdict, finding.sentence) == ("untested", "No data.")
    assert finding.dots == finding.examples == finding.against == []
    assert finding.strip.places == []
