"""Parts without places, blanks with a prior: true, false, mixed, untestable."""

import pytest

PICTURES = ["cat", "dog", "owl"]


def patched(job, anywhere, same=0.3, other=0.5):
    return [
        job(
            picture,
            layer,
            patch_anywhere=value,
            patch_same=same,
            patch_other=other,
            patch_displacement=0.25,
        )
        for picture, value in zip(PICTURES, anywhere, strict=True)
        for layer in ("conv1", "pool5", "fc6")
    ]


@pytest.mark.parametrize(
    ("anywhere", "verdict"),
    [
        ((0.7, 0.8, 0.9), "supported"),
        ((0.4, 0.45, 0.5), "contradicted"),
        ((0.7, 0.8, 0.4), "mixed"),
        # Not clearly: 0.04 above the other picture's.
        ((0.54, 0.54, 0.54), "contradicted"),
    ],
)
def test_parts_against_another_picture(found, job, anywhere, verdict):
    assert found("parts-not-places", patched(job, anywhere)).verdict == verdict


def test_parts_in_their_places_are_no_evidence(found, job):
    rows = patched(job, (0.9, 0.9, 0.9), same=0.88)
    assert found("parts-not-places", rows).verdict == "contradicted"


def test_parts_are_tested_at_the_deepest_map_and_tell_how_far(found, job):
    finding = found("parts-not-places", patched(job, (0.7, 0.8, 0.9)))
    assert finding.sentence.startswith("At pool5 of net")
    assert "25 % of the side away" in finding.sentence
    lost = found("parts-not-places", patched(job, (0.4, 0.4, 0.4)))
    assert "where they lie means nothing" in lost.sentence


def test_parts_take_a_map_and_another_picture(found, job):
    rows = patched(job, (0.7, 0.8, 0.9), other=None)
    assert found("parts-not-places", rows).verdict == "untested"
    full = [row for row in patched(job, (0.7, 0.8, 0.9)) if row["layer"] == "fc6"]
    assert found("parts-not-places", full).verdict == "untested"


def selected(job, with_prior, without):
    return [
        job(picture, region="centre 1", prior=prior, outside_energy=value)
        for picture, *pair in zip(PICTURES, with_prior, without, strict=True)
        for prior, value in zip(("default", "none"), pair, strict=True)
    ]


@pytest.mark.parametrize(
    ("with_prior", "without", "verdict"),
    [
        ((0.01, 0.02, 0.03), (0.9, 0.9, 0.9), "supported"),
        ((0.5, 0.5, 0.5), (0.9, 0.9, 0.9), "contradicted"),
        # Blank even without a prior.
        ((0.01, 0.02, 0.03), (0.05, 0.05, 0.05), "contradicted"),
        ((0.01, 0.02, 0.9), (0.9, 0.9, 0.9), "mixed"),
    ],
)
def test_the_outside_goes_blank_and_only_with_a_prior(
    found, job, with_prior, without, verdict
):
    finding = found("receptive-field", selected(job, with_prior, without))
    assert finding.verdict == verdict


def test_the_outside_in_numbers(found, job):
    rows = selected(job, (0.01, 0.02, 0.03), (0.8, 0.9, 1.0))
    finding = found("receptive-field", rows)
    assert (finding.number, finding.null) == ("2.0", "90.0")
    for example in finding.examples:
        assert [frame.role for frame in example.frames] == ["with the prior", "null"]
        assert "prior none" in example.frames[1].label


def test_the_outside_takes_both_priors(found, job):
    rows = selected(job, (0.01, 0.02, 0.03), (None, None, None))
    assert found("receptive-field", rows).verdict == "untested"


def test_what_further_priors_leave_outside_is_told_besides(found, job):
    rows = selected(job, (0.05, 0.05, 0.05), (0.9, 0.9, 0.9))
    kept = {"region": "centre 1", "prior": "learned", "outside_energy": 0.4}
    learned = [job(picture, **kept) for picture in PICTURES]
    alone, both = (found("receptive-field", few) for few in (rows, rows + learned))
    assert "learned" not in alone.sentence
    besides = "With the prior learned, 40.0 % is left: blank in 0 of 3 pictures."
    assert both.sentence == f"{alone.sentence} {besides}"
    assert both.verdict == alone.verdict == "supported"


def test_the_first_prior_of_the_study_is_asked_whatever_it_is_called(found, job):
    rows = selected(job, (0.05, 0.05, 0.05), (0.9, 0.9, 0.9))
    for row in rows:
        row["prior"] = {"default": "bounded"}.get(row["prior"], row["prior"])
    kept = {"region": "centre 1", "prior": "default", "outside_energy": 0.4}
    learned = [job(picture, **kept) for picture in PICTURES]
    # A code that does not see the border, of which there is no twin without a prior.
    border = [job(picture, layer="dsift", outside_energy=0.9) for picture in PICTURES]
    finding = found("receptive-field", rows + learned + border)
    assert (finding.verdict, finding.number) == ("supported", "5.0")
    assert finding.sentence.startswith("With the prior bounded, 5.0 % of the start's")
    told = " With the prior default, 40.0 % is left: blank in 0 of 3 pictures."
    assert finding.sentence.endswith(told)


def test_what_is_left_outside_is_told_layer_by_layer(found, job):
    shallow = selected(job, (0.2, 0.2, 0.2), (0.9, 0.9, 0.9))
    deep = selected(job, (0.02, 0.02, 0.02), (0.9, 0.9, 0.9))
    rows = shallow + [row | {"layer": "conv2"} for row in deep]
    sentence = found("receptive-field", rows).sentence
    assert "the receptive field (20.0 % at conv1, 2.0 % at conv2)" in sentence
