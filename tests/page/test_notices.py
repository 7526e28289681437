"""What stands above all numbers: what is missing, unsteady or mixed."""

import pytest

from stages.page.notices import ROUNDING, notices
from stages.representations import soundness

WHOLE = {"networks": {}, "lpips": {}, "judges": {}, "embedded": [], "later": ""}


def layer(**differences):
    return {"net": {"layers": {"conv": {"stability": differences}}}}


def told(left_out=None, statistics=None, versions=("one",)):
    return notices(WHOLE, left_out or {}, statistics or {}, versions)


def test_a_sound_study_has_none():
    assert told(statistics=layer(company=1e-5, chance=0.0)) == []
    assert told(statistics={"net": {"layers": {"conv": {}}}}) == []


def test_a_representation_without_a_code_is_missing_with_its_reason():
    (line,) = told({"mine": "conv: its code is constant"})
    assert line == "mine is missing from this study: conv: its code is constant."


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        (
            {"company": 0.25, "chance": 0.0},
            "of its batch by 0.2",
        ),
        ({"company": 0.0, "chance": 0.5}, "from one time to the next by 0.5"),
        ({"company": float("nan")}, "by nan"),
    ],
)
def test_a_code_of_more_than_its_picture_is_told_with_its_size(differences, words):
    (line,) = told(statistics=layer(**differences))
    assert line.startswith("The code of net at conv")
    assert words in line


def test_results_of_several_versions_are_told():
    (line,) = told(versions=("torch 2.14, preimages 0.1", "torch 2.15, preimages 0.1"))
    assert "torch 2.14" in line
    assert "torch 2.15" in line


def test_what_rounding_explains_is_the_same_as_where_it_is_measured():
    assert ROUNDING == soundness.ROUNDING
