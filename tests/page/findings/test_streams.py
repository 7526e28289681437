"""Colour and shape in two halves, against random halves."""

import pytest

PICTURES = ["cat", "dog", "owl"]


def halves(job, first, second, randoms=((10, 20),), pictures=PICTURES, whole=(9, 19)):
    """Return the jobs of pairs of chroma and luma error, the same for each picture."""
    named = {"first-half": first, "second-half": second, "all": whole}
    for i, pair in enumerate(randoms):
        named["random half" + (f" (seed {i})" if i else "")] = pair
    return [
        job(picture, channels=name, chroma_error=pair[0], luma_error=pair[1])
        for picture in pictures
        for name, pair in named.items()
        if pair
    ]


def test_a_split_is_supported_and_says_which_half_is_which(found, job):
    finding = found("streams", halves(job, (5, 30), (12, 10)))
    assert finding.verdict == "supported"
    # (12 - 5) + (30 - 10) = 27; the null |(10 - 9) - (20 - 19)| = 0.
    assert (finding.number, finding.null) == ("27.0", "0.0")
    assert "the first-half is nearer in colour" in finding.sentence
    assert "between one random half and all channels" in finding.sentence
    assert "Of 3 pictures, 3 are nearer in colour" in finding.sentence
    assert "3 in shape in the other, and in 3 the split is above" in finding.sentence


def test_the_layer_whose_halves_split_most_is_shown(found, job):
    one, other = (
        halves(job, *pair) for pair in (((9, 12), (12, 10)), ((5, 30), (12, 10)))
    )
    deep = [row | {"layer": "deep", "key": f"deep {row['key']}"} for row in other]
    finding = found("streams", [*one, *deep])
    frames = [frame for example in finding.examples for frame in example.frames]
    assert {frame.role for frame in frames} == {
        *("the colour half", "the shape half", "null"),
    }
    assert all(frame.key.startswith("deep ") for frame in frames)


def test_the_other_half_may_be_the_colour_stream(found, job):
    finding = found("streams", halves(job, (12, 10), (5, 30)))
    assert finding.verdict == "supported"
    assert "the second-half is nearer in colour" in finding.sentence


def test_a_half_that_is_better_at_both_is_no_split(found, job):
    assert found("streams", halves(job, (5, 10), (12, 30))).verdict == "contradicted"


RANKED = {"first-half": "chromatic half", "second-half": "achromatic half"}


def ranked(job, chromatic, achromatic):
    """Return the same jobs of halves by rank: which carries colour is known before."""
    named = halves(job, chromatic, achromatic)
    return [
        one | {"channels": RANKED.get(one["channels"], one["channels"])}
        for one in named
    ]


def test_halves_by_rank_stand_for_streams_where_a_network_has_no_groups(found, job):
    finding = found("streams", ranked(job, (5, 30), (12, 10)))
    assert finding.verdict == "supported"
    assert "the chromatic half is nearer in colour" in finding.sentence
    assert "was measured on the network" in finding.sentence


def test_a_chromatic_half_that_loses_colour_contradicts(found, job):
    finding = found("streams", ranked(job, (12, 10), (5, 30)))
    assert finding.verdict == "contradicted"
    assert "the chromatic half is no nearer in colour" in finding.sentence
    assert "7.0 grey levels above" in finding.sentence


def test_random_halves_that_split_as_much_contradict(found, job):
    randoms = ((5, 40), (12, 10))
    finding = found("streams", halves(job, (5, 30), (12, 10), randoms))
    assert finding.verdict == "contradicted"
    # (12 - 5) + (40 - 10) = 37.
    assert finding.null == "37.0"
    assert "the largest between 2 random halves" in finding.sentence


def test_pictures_that_disagree_are_mixed(found, job):
    rows = halves(job, (5, 30), (12, 10), pictures=["cat", "dog"])
    rows += halves(job, (12, 10), (11, 30), pictures=["owl"])
    assert found("streams", rows).verdict == "mixed"


@pytest.mark.parametrize(
    ("first", "randoms", "word"),
    [(None, ((10, 20),), "both halves"), ((5, 30), (), "no random halves")],
)
def test_streams_take_halves_and_random_ones(found, job, first, randoms, word):
    finding = found("streams", halves(job, first, (12, 10), randoms))
    assert finding.verdict == "untested"
    assert word in finding.sentence


def test_grey_pictures_do_not_count(found, job):
    grey = halves(job, (None, 30), (None, 10), ((None, 20),), ["fog"], (None, 9))
    assert found("streams", grey).verdict == "untested"
    rows = grey + halves(job, (5, 30), (12, 10))
    assert found("streams", rows).tally == "3 of 3 pictures"
