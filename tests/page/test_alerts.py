"""Alerts: each kind is found where it is, and nowhere else."""

from urllib.parse import parse_qs

import pytest

from stages.page import alerts


def kinds(jobs, saturation=None, falls=None):
    found = alerts.alerts(jobs, saturation or {}, falls or {})
    return [(alert.kind, alert.count, alert.reason) for alert in found]


def test_an_ordinary_study_has_nothing_to_report(score, table):
    jobs = table(score(key="a"), score(key="b", seed=1))
    assert kinds(jobs, {"a": 0.1, "b": 0.25}, {"a": 0.01, "b": -0.2}) == []


def test_jobs_that_failed_diverged_or_had_no_gradient(score, table):
    jobs = table(
        score(status="diverged", reason="step 7"),
        score(status="failed", reason="memory"),
        score(status="failed", reason="memory", seed=1),
        score(status="dead-gradient", reason="off"),
        score(reason="moved"),
    )
    assert kinds(jobs) == [
        ("failed", "2 jobs", "memory"),
        ("diverged", "1 job", "step 7"),
        ("dead-gradient", "1 job", "off"),
        ("remark", "1 job", "moved"),
    ]


def test_saturated_and_unfinished_jobs_by_their_share(score, table):
    jobs = table(score(key="a"), score(key="b"), score(key="c", layer="fc8"))
    found = kinds(jobs, {"a": 0.5, "b": 0.3, "c": 0.1}, {"a": 0.0, "c": 0.2})
    assert found == [
        ("saturated", "2 jobs", "up to 50% at black or white"),
        ("not converged", "1 job", "up to 20% lost in the last tenth of the steps"),
    ]


def test_a_spread_far_above_that_of_the_layer_is_wide(score, table):
    jobs = table(
        *[score(image_id=name, diversity=10.0) for name in "abc"],
        score(image_id="d", diversity=25.0),
        score(image_id="d", diversity=25.0, seed=1),
        # Another layer has its own measure.
        score(image_id="d", layer="fc8", diversity=80.0),
    )
    assert kinds(jobs) == [
        ("wide seed spread", "2 jobs", "25.0 grey levels, usually 10.0")
    ]


def test_an_alert_links_to_its_view_of_the_gallery(score, table):
    evil = 'a&b="><x'
    jobs = table(score(prior=evil, status="failed", reason="no"))
    (alert,) = alerts.alerts(jobs, {}, {})
    assert alert.link.startswith("#at=gallery&")
    view = parse_qs(alert.link[1:])
    assert (view["prior"], view["picture"], view["layer"]) == ([evil], ["a"], ["hog"])
    assert not set('"<>') & set(alert.link)


def test_many_pictures_are_counted_and_not_linked(score, table):
    jobs = table(
        *[
            score(image_id=f"{i}", image_name=f"p{i}", status="failed", reason="no")
            for i in range(10)
        ]
    )
    (alert,) = alerts.alerts(jobs, {}, {})
    assert alert.images.endswith("and 2 more")
    assert "picture=" not in alert.link


def point(step, value):
    priors = dict.fromkeys(("alpha_term", "tv_term", "denoiser_term"), 0.0)
    return {"step": step, "data_term": value, **priors}


@pytest.mark.parametrize(
    ("trace", "share"),
    [
        # At step 90 the objective is 2, at 100 it is 1: half of it.
        ([point(0, 9.0), point(90, 2.0), point(95, 1.5), point(100, 1.0)], 0.5),
        ([point(0, 9.0), point(50, 2.0), point(100, 2.0)], 0.0),
        ([point(0, 9.0)], None),
        ([], None),
        ([point(0, 0.0), point(100, 0.0)], None),
        # The pull of a denoiser fades with the steps, whatever becomes of the picture.
        (
            [
                point(90, 2.0) | {"denoiser_term": 8.0},
                point(100, 1.5) | {"denoiser_term": 1.0},
            ],
            0.25,
        ),
    ],
)
def test_the_fall_over_the_last_tenth(trace, share):
    assert alerts.fall(trace) == share
