"""HOG against HOGb against DSIFT."""

import pytest

PICTURES = ["cat", "dog", "owl"]


def three(job, hog, hogb=0.1, dsift=0.12, decibels=(14.0, 16.0, 16.0)):
    return [
        job(
            picture,
            name,
            representation=name,
            squared_normalised_error_8bit=error,
            psnr_fitted=psnr,
        )
        for picture, own in zip(PICTURES, hog, strict=True)
        for name, error, psnr in zip(
            ("my hog", "my hogb", "my dsift"), (own, hogb, dsift), decibels, strict=True
        )
        if error is not None
    ]


@pytest.mark.parametrize(
    ("hog", "verdict"),
    [
        ((0.3, 0.3, 0.2), "supported"),
        ((0.01, 0.11, 0.05), "contradicted"),
        ((0.3, 0.3, 0.01), "mixed"),
    ],
)
def test_hog_against_the_worse_of_the_others(found, job, hog, verdict):
    finding = found("descriptors", three(job, hog))
    assert finding.verdict == verdict
    assert finding.null == "12.0"


def test_a_better_picture_of_hog_is_no_support(found, job):
    rows = three(job, (0.3, 0.3, 0.3), decibels=(18.0, 16.0, 16.0))
    assert found("descriptors", rows).tally == "0 of 3 pictures"


def test_what_is_missing_is_told(found, job):
    finding = found("descriptors", three(job, (0.3, 0.3, 0.3), dsift=None))
    assert finding.verdict == "supported"
    assert "DSIFT is not in this study" in finding.sentence
    without = three(job, (None,) * 3)
    assert found("descriptors", without).verdict == "untested"
    alone = three(job, (0.3, 0.3, 0.3), hogb=None, dsift=None)
    assert found("descriptors", alone).verdict == "untested"


def test_settings_that_not_all_have_do_not_count(found, job):
    extra = job("cat", "my hog", representation="my hog", solver="paper")
    extra |= {"squared_normalised_error_8bit": 9.0}
    finding = found("descriptors", [*three(job, (0.3, 0.3, 0.3)), extra])
    assert finding.number == "30.0"
