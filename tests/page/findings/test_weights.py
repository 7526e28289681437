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
    assert "code error 20.0 % against 20.0 %" in alike
    labels = "3 of 3 trained pre-images (3 at conv1) and 0 of 3 untrained pre-images."
    assert labels in sentence


def test_labels_are_counted_over_pre_images_that_both_have(found, job):
    rows = [
        *twins(job, (0.1, 0.2, 0.3)),
        job("cat", seed=1, judge_distance=0.1, judge_agrees=1.0),
    ]
    assert "3 of 3 trained" in found("trained-weights", rows).sentence


def test_labels_that_say_otherwise_speak_against_it(found, job):
    finding = found("trained-weights", twins(job, (0.1, 0.2, 0.3), agrees=(0.0, 1.0)))
    told = "label to 0 of 3 trained pre-images and 3 of 3 untrained pre-images"
    assert any(told in line for line in finding.against)
    assert "label" not in finding.sentence


def test_metrics_that_say_otherwise_stand_beside(found, job):
    rows = twins(job, (0.1, 0.2, 0.3))
    for row in rows:
        row["psnr"] = 14.0 if row["representation"] == "net" else 15.0
        row["ssim"] = 0.5 if row["representation"] == "net" else 0.4
    (told,) = found("trained-weights", rows).against
    assert "By PSNR the untrained network is nearer in 3 of 3 pictures" in told
    assert "15.00 dB against 14.00 dB" in told


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


def test_jobs_that_do_not_count_are_told(found, job):
    part = job("cat", relative_error_8bit=0.1, channels="first-half")
    random = job("cat", representation="random", relative_error_8bit=0.1)
    rows = [*coded(job, (0.1, 0.2, 0.3)), part, random]
    sentence = found("own-code", rows).sentence
    assert "Left out of 5: 1 of random weights and 1 of a part of a code." in sentence
