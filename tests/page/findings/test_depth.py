"""Early layers and several seeds: true, false, mixed, untestable."""

import math

import pytest

PICTURES = ["cat", "dog", "owl"]


def falling(job, floor, shallow, deep=10.0, baseline=15.0):
    """Return jobs of one PSNR a picture at the shallowest layer, and baselines."""
    values = zip(PICTURES, shallow, strict=True)
    return [
        row
        for picture, psnr in values
        for row in (
            job(picture, psnr=psnr),
            job(picture, "conv2", psnr=deep),
            floor(picture, psnr=baseline),
            floor(picture, psnr=baseline - 3, baseline="mean-grey"),
            floor(picture, "conv2", psnr=baseline),
        )
    ]


@pytest.mark.parametrize(
    ("shallow", "verdict"),
    [
        ((20.0, 25.0, 30.0), "supported"),
        ((14.0, 13.0, 12.0), "contradicted"),
        ((20.0, 25.0, 14.0), "mixed"),
    ],
)
def test_early_layers_against_the_best_baseline(found, job, floor, shallow, verdict):
    finding = found("early-layers", falling(job, floor, shallow))
    assert finding.verdict == verdict
    assert [dot.value for dot in finding.dots] == list(shallow)
    assert [dot.null for dot in finding.dots] == [15.0] * 3


def test_early_layers_say_where_they_fall_below_the_baseline(found, job, floor):
    finding = found("early-layers", falling(job, floor, (20.0, 25.0, 30.0)))
    assert (finding.number, finding.null) == ("25.0", "15.0")
    assert "first falls below that baseline at conv2" in finding.sentence
    assert "correlation of PSNR with depth is −1.00" in finding.sentence  # noqa: RUF001
    above = found("early-layers", falling(job, floor, (20.0, 25.0, 30.0), deep=18.0))
    assert "stays above that baseline at every layer" in above.sentence


def test_early_layers_must_be_better_than_deep_ones(found, job, floor):
    rows = falling(job, floor, (20.0, 25.0, 30.0), deep=40.0)
    assert found("early-layers", rows).dots[0].holds is False


def test_an_infinite_psnr_is_no_trouble(found, job, floor):
    finding = found("early-layers", falling(job, floor, (math.inf, 25.0, 30.0)))
    assert finding.verdict == "supported"
    assert finding.dots[0].value == 60.0


def test_early_layers_take_depth_and_baselines(found, job, floor):
    assert found("early-layers", [job(psnr=20.0)]).verdict == "untested"
    rows = [job(psnr=20.0), job(layer="conv2", psnr=10.0)]
    finding = found("early-layers", rows)
    assert finding.sentence == "There are no baselines for net at conv1."


def seeded(job, pairs):
    return [
        job(picture, layer, seed=seed, diversity=value)
        for picture, values in zip(PICTURES, pairs, strict=True)
        for layer, value in zip(("conv1", "fc6"), values, strict=True)
        for seed in (0, 1)
    ]


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        ([(10, 40), (12, 50), (14, 60)], "supported"),
        ([(40, 10), (50, 12), (60, 14)], "contradicted"),
        ([(10, 40), (12, 50), (60, 14)], "mixed"),
        # Farther apart by less than a tenth: by no more than chance may do.
        ([(10.0, 10.9), (12.0, 13.1), (14.0, 15.3)], "contradicted"),
    ],
)
def test_seeds_against_the_shallowest_layer(found, job, pairs, verdict):
    assert found("seeds", seeded(job, pairs)).verdict == verdict


def test_seeds_tell_their_distances(found, job):
    finding = found("seeds", seeded(job, [(10, 40), (12, 50), (14, 60)]))
    assert (finding.number, finding.null) == ("50.0", "12.0")
    assert "over 2 layers is 1.00" in finding.sentence


def test_seeds_tell_where_they_are_farthest_apart_if_that_is_in_the_middle(found, job):
    rows = seeded(job, [(10, 40), (12, 50), (14, 60)])
    assert "farthest" not in found("seeds", rows).sentence
    middle = [
        job(picture, "conv2", seed=seed, diversity=70.0)
        for picture in PICTURES
        for seed in (0, 1)
    ]
    told = "50.0 grey levels apart at fc6 and 12.0 at conv1, but 70.0 at conv2, where"
    assert told in found("seeds", rows + middle).sentence


def test_seeds_take_two_layers_of_several(found, job):
    rows = [job(diversity=3.0), job(layer="conv2")]
    assert found("seeds", rows).verdict == "untested"
