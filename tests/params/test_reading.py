"""Params as a file: read whole, every mistake told at once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.params.mistakes import ParamsError
from stages.params.reading import read_study
from stages.plan.study import expand

ROOT = Path(__file__).parents[2]
STUDY = """\
fetch:
  images: {source: builtin, names: [astronaut], side: 64}
representations:
  hog: {kind: hog, side: 32}
  dsift: {kind: dsift, side: 32, bin: 3}
priors:
  default: {lambda_alpha: auto, lambda_tv: 8e-10}
solvers:
  fast: {kind: fast, steps: 12}
grid:
  - {representation: [hog, dsift]}
  - {representation: hog, region: {centre: 2}}
execution: {}
report: {}
"""


@pytest.fixture
def mistakes(tmp_path):
    """Return a function from a file's text to the lines of its mistakes."""
    path = tmp_path / "params.yaml"

    def find(text: str) -> list[str]:
        path.write_text(text)
        with pytest.raises(ParamsError) as caught:
            expand(path)
        head, *lines = str(caught.value).splitlines()
        found = [line.strip() for line in lines if line.startswith("  ")]
        plural = "mistake" if len(found) == 1 else "mistakes"
        assert head == f"{path} has {len(found)} {plural}:"
        return found

    return find


def changed(*changes: tuple[str, str]) -> str:
    """Return the study with each old text, which it must hold, made new."""
    text = STUDY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_all_mistakes_come_in_one_message_with_path_value_and_what_is_allowed(mistakes):
    text = changed(
        ("side: 64", "siez: 64"),
        ("names: [astronaut]", "names: [astronaut], limit: 0"),
        ("8e-10", ".nan"),
        ("steps: 12", "steps: true"),
        ("bin: 3", "bin: 30"),
        ("[hog, dsift]", "[hog, hogg, dsift]"),
        ("centre: 2", "centre: 5"),
    )
    *found, name, representation, region = mistakes(text)
    assert found == [
        "fetch.images.limit: 0: should be greater than or equal to 1",
        "fetch.images.siez: 64: unknown key; allowed: limit, side, source, names",
        "priors.default.lambda_tv: nan: must be a number of at least 0, three "
        "of them (for thirds of the depth), by-depth or {by-depth: factor}",
        "solvers.fast.steps: True: should be a valid integer",
    ]
    # What can only be known from what the params mean, in the same message.
    assert representation.startswith("representations.dsift: {'kind': 'dsift', ")
    assert "`images` must be at least 152 pixels high and wide" in representation
    assert name == "grid[0].representation: 'hogg': must be one of hog, dsift"
    assert region.startswith("grid[1].region[0]: {'centre': 5}: must lie inside")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("solvers:", "extra: 1\nsolvers:", "extra: 1: unknown key; allowed: fetch, "),
        (
            "hog: {kind: hog, ",
            "hog: {",
            "representations.hog: {'side': 32}: `kind` is required: hog, dsift, caf",
        ),
        ("kind: hog", "kind: hgo", "`kind` must be one of hog, dsift, caffenet, "),
        ("auto", "au", "default.lambda_alpha: 'au': must be auto or a number"),
        ("{lambda_alpha", "{alpha: 3, lambda_alpha", "with `alpha: 3` give a number"),
        ("steps: 12", "rate: 1e400", "solvers.fast.rate: inf: should be a finite"),
        ("centre: 2", "centre: 2, rows: 1", "grid[1].region: {'centre': 2, 'rows'"),
        ("[astronaut]", "[astronaut, cat]", "fetch.images.names[1]: 'cat': should be"),
        ("[hog, dsift]", "[]", "grid[0].representation: []: must be a name or a li"),
        ("fetch:\n  ", "fetch:\n  eyes: 1\n  ", "fetch.eyes: 1: unknown key; "),
        ("fetch:\n  ", "fetch:\n  lpips: 1\n  ", "fetch.lpips: 1: must be a mapping"),
    ],
)
def test_a_single_mistake_is_a_single_line(mistakes, old, new, found):
    (line,) = mistakes(changed((old, new)))
    assert found in line


def test_a_missing_section_is_required(mistakes):
    text = STUDY.replace("execution: {}\n", "").replace("report: {}\n", "")
    expected = [f"{name}: missing: is required" for name in ("execution", "report")]
    assert mistakes(text) == expected


def test_the_rest_of_a_grid_entry_with_a_mistake_is_checked_too(mistakes):
    text = changed(("region: {centre: 2}", "region: {centre: 2}, seeds: x, prior: zip"))
    paths = [line.split(":")[0] for line in mistakes(text)]
    assert paths == ["grid[1].seeds", "grid[1].prior"]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "x\ty", "n" * 65])
def test_names_that_cannot_name_a_file_are_refused(mistakes, name):
    text = STUDY.replace("  hog: {", f"  {json.dumps(name)}: {{", 1)
    assert any("a name of up to 64 letters" in line for line in mistakes(text))


def test_a_picture_that_the_study_does_not_have_is_a_mistake(mistakes):
    text = changed(("region: {centre: 2}", "images: [nobody]"))
    assert mistakes(text) == ["grid[1].images: 'nobody': must be one of astronaut"]


@pytest.mark.parametrize(
    ("backbones", "side", "said"),
    [
        ("squeeze", 16, "16: must be at least 17 for LPIPS with the backbone squeeze"),
        ("[vgg, alex, squeeze]", 30, "30: must be at least 31 for LPIPS with the "),
        ("squeeze", 17, None),
        ("vgg", 16, None),
        ("[squeeze, alex]", 31, None),
        ("[]", 16, None),
    ],
)
def test_images_too_small_for_a_backbone_are_a_mistake(tmp_path, backbones, side, said):
    path = tmp_path / "params.yaml"
    path.write_text(
        changed(
            ("fetch:\n", f"fetch:\n  lpips: {{backbones: {backbones}}}\n"),
            ("hog: {kind: hog, side: 32}", f"hog: {{kind: hog, side: {side}}}"),
            (", region: {centre: 2}", ""),
        )
    )
    if said is None:
        assert read_study(path).representations["hog"].side == side
    else:
        with pytest.raises(ParamsError) as caught:
            read_study(path)
        assert caught.value.exit_code == 2
        assert f"1 mistake:\n  representations.hog.side: {said}" in f"{caught.value}"


def test_naming_a_part_that_has_a_mistake_is_no_further_mistake(mistakes):
    text = changed(
        ("lambda_alpha: auto", "lamda: 1"), ("kind: fast", "kind: fats"), ("bin", "bn")
    )
    paths = [line.split(":")[0] for line in mistakes(text)]
    assert paths == [
        "representations.dsift.bn",
        "priors.default.lamda",
        "solvers.fast",
    ]


def test_a_long_value_is_cut_short(mistakes):
    (line,) = mistakes(changed(("steps: 12", f"steps: [{'1, ' * 100}]")))
    assert line == f"solvers.fast.steps: [{'1, ' * 18}1,...: should be a valid integer"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fetch: [1", "(file): 'params.yaml': not YAML: while parsing a flow sequence"),
        ("a:\n\tb: 1", "(file): 'params.yaml': not YAML: while scanning"),
        (STUDY + "fetch: {}\n", 'found duplicate key "fetch"'),
        (STUDY.replace("hog:", "dsift:"), 'found duplicate key "dsift"'),
        ("", "(file): None: must be a mapping"),
        ("# Nothing yet.\n", "(file): None: must be a mapping"),
        ("- fetch\n- grid\n", "(file): ['fetch', 'grid']: must be a mapping"),
        ("hog", "(file): 'hog': must be a mapping"),
    ],
)
def test_a_file_that_holds_no_mapping_is_told_so(mistakes, text, found):
    (line,) = mistakes(text)
    assert found in line


def test_bytes_that_are_no_text_are_told_so(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"title: \xff\xfe")
    with pytest.raises(ParamsError, match="not YAML: 'utf-8' codec can't decode"):
        read_study(path)


def test_a_missing_file_names_the_presets(tmp_path):
    with pytest.raises(ParamsError, match="no such file; stages/presets/ holds ready-"):
        read_study(tmp_path / "params.yaml")


def test_numbers_in_scientific_notation_are_numbers(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(STUDY)
    assert read_study(path).priors["default"].lambda_tv == 8e-10


def leaves(value: Any) -> Iterator[Any]:
    """Yield what plain data holds beneath its mappings and lists."""
    parts = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for part in parts:
            yield from leaves(part)
    else:
        yield value


def looks_like_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "path", [ROOT / "params.yaml", *sorted((ROOT / "stages/presets").glob("*.yaml"))]
)
def test_every_number_of_the_params_is_read_as_a_number(path):
    text = path.read_text()
    words = [
        leaf
        for leaf in leaves(YAML(typ="safe", pure=True).load(text))
        if isinstance(leaf, str)
    ]
    assert "builtin" in words
    assert [word for word in words if looks_like_a_number(word)] == []


def test_a_stage_refuses_with_exit_code_2_and_writes_nothing(tmp_path):
    text = changed(("steps: 12", "stpes: 12"))
    (tmp_path / "params.yaml").write_text(text)
    ended = subprocess.run(
        [sys.executable, "-m", "stages.fetch"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "params.yaml has 1 mistake:\n  solvers.fast.stpes: 12: " in ended.stderr
    assert "previous params.yaml in place, `dvc checkout` brings them" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
    assert (tmp_path / "params.yaml").read_text() == text
