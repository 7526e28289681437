"""One pass over the stored pictures: thumbnails, traces, what stands out."""

import math
import tempfile

import pytest
from PIL import Image

from stages.page import alerts
from stages.page.pictures import survey as surveys
from stages.page.pictures.thumbnails import Spool
from tests.page.browser import fake


@pytest.fixture
def spool():
    with tempfile.TemporaryFile() as file:
        yield Spool(file)


@pytest.fixture
def surveyed(tmp_path, monkeypatch, spool):
    """Return a function that writes a study and surveys it."""
    monkeypatch.chdir(tmp_path)

    def run(changes=lambda *_: {}, wanted=(), told=None):
        fake.write_study(["cat"], ["conv1", "fc8"], 1, changes)
        return spool, surveys.survey(spool, wanted, told)

    return run


def test_each_pre_image_becomes_a_thumbnail_with_its_trace(surveyed):
    spool, found = surveyed()
    assert [entry.name for entry in spool.entries] == ["0k0k0", "0k1k0"]
    assert spool.notes(spool.entries[0]).startswith("[[0,")
    # Of two jobs at 1.5 s each.
    assert found.devices == {"none": 3.0}
    # Not what is well below the levels of the alerts.
    assert found.saturation == {}
    assert min(found.falls.values()) > alerts.STILL_FALLING


def test_what_stands_on_the_page_itself_is_kept_as_uris(surveyed):
    _, found = surveyed(wanted={"0k1k0"})
    assert set(found.shown) == {"0k1k0"}
    assert found.shown["0k1k0"].startswith("data:image/webp;base64,")


def test_originals_are_kept_as_each_representation_saw_them(surveyed):
    spool, _ = surveyed()
    views = {"net": (64, False), "hog": (128, True)}
    ((row, picture),) = surveys.originals(spool, {"id0"}, views)
    shown = surveys.shown_originals(row, picture, views)
    assert set(shown) == {"id0 64", "id0 128 grey"}


def test_a_job_that_the_page_does_not_tell_has_no_thumbnail_and_is_looked_at(surveyed):
    black = fake.stored(Image.new("RGB", (fake.SIDE, fake.SIDE)))
    changes = lambda i, depth, seed: {"image": black} if depth else {}  # noqa: E731
    spool, found = surveyed(changes, told={"0k0k0"})
    assert [entry.name for entry in spool.entries] == ["0k0k0"]
    assert found.saturation == {"0k1k0": 1.0}
    assert found.devices == {"none": 3.0}


def test_a_job_without_a_picture_is_passed_over(surveyed):
    spool, _ = surveyed(lambda i, depth, seed: {"image": None} if depth else {})
    assert [entry.name for entry in spool.entries] == ["0k0k0"]


def test_traces_keep_few_points_and_finite_ones_alone():
    values = [1.0, math.inf, *([0.5] * 100)]
    trace = [
        {"step": n, "data_term": value} | dict.fromkeys(surveys.TERMS[1:], 0.0)
        for n, value in enumerate(values)
    ]
    steps, errors, *_ = surveys._thinned(trace)
    assert len(steps) <= surveys.MOST_POINTS
    assert (steps[0], steps[-1]) == (0, 101)
    assert all(map(math.isfinite, errors))
    short = surveys._thinned(trace[:3])
    assert short[0] == [0, 2]


def test_originals_have_a_form_for_each_view(surveyed):
    spool, _ = surveyed(lambda *_: {"image": None})
    views = {"net": (64, False), "hog": (128, True)}
    (row,) = [row for row, _ in surveys.originals(spool, {"id0"}, views)]
    assert row["name"] == "cat"
    assert {entry.name for entry in spool.entries} == {
        "id0 64",
        "id0 128 grey",
        "id0 128",
    }
    forms = surveys.described(views)
    assert forms["form"] == "128"
    assert forms["forms"] == {"net": "64", "hog": "128 grey"}
