"""Trained against random weights; one's own code against another picture's."""

import pytest

PICTURES = ["cat", "dog", "owl"]


def twins(job, trained, random=0.6, errors=(0.2, 0.2), agrees=(1.0, 0.0)):
    return [
        job(
            picture,
            representation=name,
            judge_distance=distance,
            relative_error_8bit=error,
            judge_agrees=label,
        )
        for picture, own in zip(PICTURES, trained, strict=True)
        for name, distance, error, label in zip(
            ("net", "random"), (own, random), errors, agrees, strict=True
        )
    ]


@pytest.mark.parametrize(
    ("trained", "verdict"),
    [
        ((0.1, 0.2, 0.3), "supported"),
        ((0.7, 0.8, 0.9), "contradicted"),
        ((0.1, 0.2, 0.9), "mixed"),
    ],
)
def test_trained_weights_against_random_ones(found, job, trained, verdict):
    assert found("trained-weights", twins(job, trained)).verdict == verdict


def test_it_tells_what_differs_and_what_does_not(found, job):
    sentence = found("trained-weights", twins(job, (0.1, 0.2, 0.3))).sentence
    differs, alike = sentence.split("What does not")
    assert "judge's distance 0.20 against 0.60" in differs
    assert "agreement of labels 100 % against 0 %" in differs
    assert "code error 20.0 % against 20.0 %" in alike


def test_only_layers_in_common_count(found, job):
    rows = [*twins(job, (0.1, 0.2, 0.3)), job("cat", "fc6", judge_distance=9.0)]
    finding = found("trained-weights", rows)
    assert finding.number == "0.20"
    assert "at conv1." in finding.sentence


def test_pictures_inverted_at_different_layers_are_no_trouble(found, job):
    own = [job("cat", judge_distance=0.1), job("dog", "pool5", judge_distance=0.2)]
    other = [{**row, "representation": "random"} for row in own]
    assert len(found("trained-weights", own + other).dots) == 2


def test_trained_weights_take_the_untrained(found, job):
    rows = [
        row for row in twins(job, (0.1, 0.2, 0.3)) if row["representation"] == "net"
    ]
    assert found("trained-weights", rows).verdict == "untested"


def coded(job, errors, others=0.8):
    return [
        job(picture, relative_error_8bit=error, mismatched_error_8bit=others)
        for picture, error in zip(PICTURES, errors, strict=True)
    ]


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ((0.1, 0.2, 0.3), "supported"),
        ((0.9, 0.9, 0.9), "contradicted"),
        ((0.1, 0.2, 0.9), "mixed"),
    ],
)
def test_own_code_against_the_nearest_other(found, job, errors, verdict):
    assert found("own-code", coded(job, errors)).verdict == verdict


def test_own_code_in_numbers(found, job):
    finding = found("own-code", coded(job, (0.1, 0.2, 0.9)))
    assert (finding.number, finding.null) == ("40.0", "80.0")
    assert "2 of 3 pre-images are nearer" in finding.sentence


def test_own_code_takes_another_picture(found, job):
    assert found("own-code", coded(job, (0.1, 0.2, 0.3), None)).verdict == "untested"
