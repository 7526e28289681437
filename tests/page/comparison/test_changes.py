"""The pre-images that changed most between two studies."""

from stages.page.comparison.changes import MOST_CHANGES, keys_before, largest_changes


def test_the_largest_changes_come_first_with_both_keys(score, table):
    before = table(
        score(0.5, seed=0, key="a0"), score(0.4, seed=1, key="a1"), score(0.3, seed=2)
    )
    after = table(
        score(0.6, seed=0, key="b0"), score(0.1, seed=1, key="b1"), score(0.3, seed=2)
    )
    first, second = changes = largest_changes(before, after)
    assert (first.key_before, first.key_after) == ("a1", "b1")
    assert (first.before, first.after) == ("40.0", "10.0")
    assert first.setting == "hog · fast · default · seed 1"
    assert second.key_after == "b0"
    assert keys_before(changes) == {"a0", "a1"}


def test_twelve_at_most_and_only_of_what_both_have(score, table):
    before = table(*(score(0.5, seed=i) for i in range(20)))
    after = table(*(score(0.5 + i / 100, seed=i) for i in range(5, 30)))
    changes = largest_changes(before, after)
    assert len(changes) == MOST_CHANGES
    assert changes[0].setting.endswith("seed 19")
    assert largest_changes(before.assign(status="failed"), after) == []
