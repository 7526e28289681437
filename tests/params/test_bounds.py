"""Params files that would fill a memory or a screen are told so, at once."""

import time
from pathlib import Path

import pytest

from stages.params.bounds import DEEPEST, MOST_BYTES, MOST_VALUES, reason_against
from stages.params.mistakes import MOST_TOLD, ParamsError
from stages.params.reading import read_study

ROOT = Path(__file__).parents[2]


def bomb(n_aliases, n_levels):
    """Return a file whose last line stands for `n_aliases ** n_levels` values."""
    lines = ["a0: &a0 [x]"]
    for level in range(n_levels):
        aliases = ", ".join(n_aliases * [f"*a{level}"])
        lines.append(f"a{level + 1}: &a{level + 1} [{aliases}]")
    return "\n".join(lines)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (bomb(9, 8), f"more than {MOST_VALUES:,} values, aliases spelled out"),
        ("a: " + 500 * "[" + 500 * "]", f"nested more than {DEEPEST} deep"),
        ("a: " + 500 * "{b: ", f"nested more than {DEEPEST} deep"),
        ("x" * (MOST_BYTES + 1), "letters; a params file has"),
    ],
)
def test_what_is_beyond_all_bounds_is_told_at_once(tmp_path, text, words):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    begun = time.process_time()
    with pytest.raises(ParamsError, match=words):
        read_study(path)
    assert time.process_time() - begun < 5


def test_values_are_counted_with_what_aliases_stand_for():
    within = "\n".join([f"a: &a [{', '.join(99 * 'x')}]", "b: [*a, *a, *a]"])
    assert reason_against(within) == ""
    # Each *a stands for a list and 99 values in it.
    many = "[" + ", ".join((MOST_VALUES // 100 + 1) * ["*a"]) + "]"
    assert "values" in reason_against(f"a: &a [{', '.join(99 * 'x')}]\nb: {many}")


@pytest.mark.parametrize("path", sorted((ROOT / "stages/presets").glob("*.yaml")))
def test_presets_are_within_all_bounds(path):
    assert reason_against(path.read_text()) == ""


@pytest.mark.parametrize("text", ["a: !!bool 'abc'", "a: !!int 'x'", "a: !!python/x 1"])
def test_a_tag_of_what_is_none_is_no_yaml(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError, match="not YAML: "):
        read_study(path)


@pytest.mark.no_cover
def test_of_a_flood_of_mistakes_some_are_told_and_all_counted(tmp_path):
    smoke = (ROOT / "stages/presets/smoke.yaml").read_text()
    path = tmp_path / "params.yaml"
    path.write_text(smoke + "".join(f"key{i}: 1\n" for i in range(20_000)))
    begun = time.process_time()
    with pytest.raises(ParamsError) as told:
        read_study(path)
    assert time.process_time() - begun < 60
    lines = f"{told.value}".splitlines()
    assert lines[0].endswith("has 20000 mistakes:")
    assert sum(line.startswith("  key") for line in lines) == MOST_TOLD
    assert f"  and {20_000 - MOST_TOLD} more of such mistakes" in lines
    assert len(f"{told.value}") < 20_000
