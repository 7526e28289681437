"""The page within its budget, however many jobs there are and however small it is."""

import json

import pytest

from stages.page import sample
from stages.page.fitting import fitted
from stages.page.one_by_one import OneByOne
from stages.page.page import Page, render
from stages.page.pictures import thumbnails
from stages.page.pictures.thumbnails import Entry
from stages.page.provenance import Provenance

N_PICTURES, SEEDS = 40, 5


@pytest.fixture
def page():
    """Return a page that tells nothing one by one yet."""
    lists = ("notices", "facts", "columns", "blocks", "codes", "alerts", "skipped")
    return Page(
        **dict.fromkeys(("title", "sample", "shown", "shared", "study"), ""),
        **{name: [] for name in lists},
        opening=None,
        folder=True,
        provenance=Provenance("", {}, [], "", [], [], {}, ""),
    )


@pytest.fixture
def told(score, table):
    """Return all jobs and the originals of 40 pictures of five seeds each."""
    jobs = [
        score(image_id=f"id{i}", seed=seed, key=f"{i}-{seed}")
        for i in range(N_PICTURES)
        for seed in range(SEEDS)
    ]
    scores = table(*jobs).assign(**dict.fromkeys(OUTCOMES, 1.0))
    pictures = [{"id": f"id{i}", "name": "", "about": ""} for i in range(N_PICTURES)]
    return OneByOne(scores, scores, {"7-3"}, pictures, [], {})


OUTCOMES = ("data_term", "alpha_term", "tv_term", "denoiser_term", "objective")
OUTCOMES = (*OUTCOMES, "code_distance", "steps")


@pytest.fixture
def entries(told):
    """Return thumbnails of 300 bytes of all jobs, and of all originals."""
    jobs = told.scores[["key", "image_id"]].itertuples(index=False)
    originals = ((f"{one['id']} 64", one["id"]) for one in told.pictures)
    return [Entry(name, owner, 0, 300, 9) for name, owner in (*jobs, *originals)]


def size(found):
    """Return the bytes of the page with its thumbnails and their index."""
    inside = {entry.name for entry in found.inside}
    others = [e.n_beside for e in found.entries if e.name not in inside]
    thumbs = sum(entry.n_inside for entry in found.inside) + sum(others)
    return len(render(found.page).encode()) + thumbs


@pytest.fixture
def fit(page, told, entries, monkeypatch):
    """Return a function that fits the page into so many bytes more than its words."""
    bare = len(render(page).encode())

    def run(more):
        monkeypatch.setattr(thumbnails, "MOST_BYTES", bare + more)
        return fitted(page, told, entries, 12, "pictures"), bare + more

    return run


def test_with_room_all_is_told_and_the_thumbnails_of_twelve_pictures_are_inside(fit):
    found, most = fit(10**6)
    assert found.page.sample == ""
    assert len(found.entries) == N_PICTURES * (SEEDS + 1)
    assert len(found.inside) == 12 * (SEEDS + 1)
    assert size(found) <= most


@pytest.mark.parametrize("more", [200_000, 80_000, 40_000, 20_000])
def test_the_page_is_never_larger_than_its_budget(fit, more):
    found, most = fit(more)
    assert size(found) <= most


def test_without_room_for_all_jobs_fewer_are_told_and_have_thumbnails(fit):
    found, _ = fit(20_000)
    keys = json.loads(found.page.study)["jobs"]["key"]["words"]
    assert 1 < len(keys) < N_PICTURES * SEEDS
    assert f"tells {len(keys)} of 200 pre-images" in found.page.sample
    # What stands elsewhere on the page can be opened.
    assert "7-3" in keys
    ids = {one["id"] for one in json.loads(found.page.study)["pictures"]}
    assert {e.name for e in found.entries} == {*keys, *(f"{i} 64" for i in ids)}


def test_beyond_the_most_jobs_a_sample_has_thumbnails(told, monkeypatch):
    monkeypatch.setattr(sample, "MOST_JOBS", 10)
    assert len(sample.sampled(told.scores, told.wanted)) == 11
