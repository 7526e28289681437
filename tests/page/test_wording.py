"""How numbers and names are written."""

import math

import pytest

from stages.page import wording

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
TIMES, INFINITY = "\N{MULTIPLICATION SIGN}", "\N{INFINITY}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, DASH),
        (math.nan, DASH),
        (math.inf, INFINITY),
        (-math.inf, f"{MINUS}{INFINITY}"),
        (0.1234, "12.3"),
        (12.0, "1,200.0"),
        (-0.5, f"{MINUS}50.0"),
        (-0.0001, "0.0"),
    ],
)
def test_numbers(value, text):
    assert wording.number(value, 1, times=100) == text


def test_a_mean_without_a_deviation_stands_alone():
    assert wording.mean_and_deviation(1.0, 0.25, 1) == "1.0 ± 0.2"
    assert wording.mean_and_deviation(1.0, math.nan, 1) == "1.0"
    assert wording.mean_and_deviation(math.nan, math.nan, 1) == DASH


def test_counts_and_lists():
    assert wording.counted(1, "job") == "1 job"
    assert wording.counted(1200, "job") == "1,200 jobs"
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed([]) == DASH
    assert wording.shortened(["a", "b", "c"], 2) == "a, b and 1 more"
    assert wording.shortened(["a", "b"], 2) == "a, b"
    assert wording.sides(27, 16) == f"27 {TIMES} 16"


def test_what_all_pre_images_have_in_common_is_said_once(score, table):
    jobs = table(score(), score(seed=1), score(prior="none", region="centre 5"))
    assert wording.shared(jobs) == "solver fast"
    assert wording.shared(table(score())) == "prior default, solver fast and seed 0"
