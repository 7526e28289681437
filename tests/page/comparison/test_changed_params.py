"""The params that differ, in words."""

from stages.page.comparison.changed_params import MOST_LINES, changed_params
from stages.page.wording import MISSING


def test_each_difference_is_a_line():
    before = {"solvers": {"fast": {"steps": 12}}, "seed": 1, "grid": [{"seeds": 1}]}
    after = {"solvers": {"fast": {"steps": 60}}, "grid": [{"seeds": 2}, {"a": [1, 2]}]}
    assert changed_params(before, after) == [
        "solvers.fast.steps 12 → 60",
        f"seed 1 → {MISSING}",
        "grid.1.seeds 1 → 2",
        f"grid.2.a {MISSING} → [1, 2]",
    ]


def test_equal_params_have_none():
    assert changed_params({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []


def test_many_are_cut_and_counted():
    lines = changed_params({}, {f"k{i}": i for i in range(MOST_LINES + 2)})
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 2 more"
