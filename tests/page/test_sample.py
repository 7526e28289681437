"""Which of very many jobs a page tells one by one: whole pictures, evenly spaced."""

import pytest

from stages.page import sample


@pytest.fixture
def scores(score, table):
    """Return a function that makes the scores of so many jobs of each picture."""

    def rows(sizes):
        for name, n in sizes.items():
            for seed in range(n):
                yield score(image_id=name, seed=seed, key=f"{name}{seed}")
        floor = {"kind": "baseline", "baseline": "mean-grey", "key": None}
        yield from (score(image_id=name, **floor) for name in sizes)

    return lambda **sizes: table(*rows(sizes))


def keys(told):
    return list(told["key"].dropna())


def test_of_few_jobs_all_are_told(scores):
    few = scores(a=2, b=2)
    assert sample.sampled(few, most=4) is few
    assert sample.words(few, few) == ""


def test_of_many_whole_pictures_evenly_spaced_are_told_with_their_baselines(scores):
    told = sample.sampled(scores(a=2, b=2, c=2, d=2, e=2), most=7)
    assert keys(told) == ["a0", "a1", "c0", "c1", "e0", "e1"]
    floors = told[told["kind"] == "baseline"]
    assert list(floors["image_id"]) == ["a", "c", "e"]


def test_what_stands_elsewhere_on_the_page_is_told_in_any_case(scores):
    told = sample.sampled(scores(a=2, b=2, c=2), {"b1"}, most=4)
    assert keys(told) == ["a0", "a1", "b1", "c0", "c1"]
    assert set(told["image_id"]) == {"a", "b", "c"}


def test_where_no_picture_has_so_few_evenly_spaced_jobs_are_told(scores):
    assert keys(sample.sampled(scores(a=5, b=4), most=3)) == ["a0", "a4", "b3"]
    assert keys(sample.sampled(scores(a=9), {"a1"}, most=0)) == ["a1"]


def test_pictures_of_different_sizes_stay_below_the_most(scores):
    told = sample.sampled(scores(a=1, b=8, c=1, d=8, e=1), most=10)
    assert keys(told) == ["a0", "e0"]


def test_what_is_told_of_what_and_where_the_others_are_is_said(scores):
    every = scores(a=2, b=2, c=2)
    words = sample.words(sample.sampled(every, most=4), every)
    assert "4 of 6 pre-images one by one" in words
    assert "a sample of 2 of 3 pictures" in words
    assert "data/scores.parquet" in words
    assert "data/preimages" in words
