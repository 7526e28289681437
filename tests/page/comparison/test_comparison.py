"""The words about two studies."""

import pytest

from stages.page.comparison.comparison import MOST_NAMED, comparison_part
from stages.page.comparison.differences import Comparison, Difference

CELL = ("caffenet", "relu2", "all", "all", "fast", "default")


def difference(verdict="better", metric="psnr", before=10.0, after=12.5, noise=0.25):
    return Difference(CELL, metric, before, after, noise, verdict, 6)


def test_a_line_by_hand():
    (line,) = comparison_part("v1", Comparison([difference()], [], [])).lines
    assert line.cell == "caffenet · relu2 · fast · default"
    assert line.metric == "PSNR (dB)"
    assert (line.before, line.after, line.change) == ("10.00", "12.50", "+2.50")
    assert (line.noise, line.verdict, line.n) == ("0.25", "better", 6)


def test_errors_are_in_percent_and_falls_have_a_minus():
    fall = difference(metric="relative_error_8bit", before=0.3, after=0.1, noise=None)
    (line,) = comparison_part("v1", Comparison([fall], [], [])).lines
    assert (line.before, line.change) == ("30.00", "\N{MINUS SIGN}20.00")
    assert line.noise == "\N{EN DASH}"


def test_what_got_worse_comes_first_and_all_is_counted():
    found = [difference(verdict) for verdict in ("same", "better", "worse", "better")]
    part = comparison_part("v1", Comparison(found, [], []))
    assert [line.verdict for line in part.lines] == [
        "worse",
        "better",
        "better",
        "same",
    ]
    assert part.summary == (
        "1 cell in common, with 4 metrics: 1 worse, 2 better, 1 same."
    )


def test_nothing_in_common_is_said():
    part = comparison_part("v1", Comparison([], [CELL], []))
    assert part.summary == "The two studies have no job in common."
    assert part.only_before == ["caffenet · relu2 · fast · default"]


@pytest.mark.parametrize("n_more", [0, 3])
def test_many_cells_of_one_study_alone_are_counted(n_more):
    cells = [(*CELL[:4], "fast", f"{i}") for i in range(MOST_NAMED + n_more)]
    part = comparison_part("v1", Comparison([], [], cells))
    assert len(part.only_after) == MOST_NAMED + (n_more > 0)
    assert (part.only_after[-1] == "and 3 more") == (n_more > 0)


def test_where_noise_is_unknown_the_signs_are_counted():
    one = Difference(CELL, "psnr", 10.0, 12.0, None, "noise unknown", 6, 5, 1)
    (line,) = comparison_part("v1", Comparison([one], [], [])).lines
    assert line.verdict == "noise unknown: 5 better, 1 worse of 6"
