"""README and what it speaks of: files that are there, params that are valid."""

import importlib.util
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

import stages
from stages.params.grid import GridEntry
from stages.params.methods import PriorSettings
from stages.params.pictures import PictureSettings
from stages.params.representations import RepresentationSettings
from stages.plan.source_text import module_file

ROOT = Path(__file__).parents[1]
PLACES = [".", "stages/metrics", "tests/benchmarks"]
READMES = [ROOT / place / "README.md" for place in PLACES]
README = READMES[0].read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


def parsed(text):
    return YAML(typ="safe", pure=True).load(text)


def entries(section):
    """Return the named entries of this section in all examples, with their names."""
    found = [parsed(text) for text in EXAMPLES if text.startswith(f"{section}:")]
    assert found
    return [entry for one in found for entry in one[section].items()]


@pytest.mark.parametrize("readme", READMES, ids=PLACES)
def test_links_lead_to_files(readme):
    places = re.findall(r"\]\(([^)]+)\)", readme.read_text())
    inside = [place for place in places if not place.startswith("http")]
    assert [p for p in inside if not (readme.parent / p).exists()] == []


def test_files_and_modules_that_are_named_are_there():
    files = re.findall(r"`((?:stages|tests|data/embedded)/[\w./]+)`", README)
    modules = re.findall(r"`(stages(?:\.[a-z_]+)+)", README)
    assert len(files) > 5
    assert len(modules) > 3
    there = [name for name in files if "NAME" not in name]
    assert [name for name in there if not (ROOT / name).exists()] == []
    assert [name for name in modules if module_file(name) is None] == []


def test_the_house_is_told_as_the_package_tells_it():
    told = dict(re.findall(r"^  (\w+)/ +(.*)$", README, re.MULTILINE))
    assert told == dict(re.findall(r"^- `(\w+)` {2,}(.*)$", stages.__doc__, re.M)[5:])
    listed = re.findall(r"^  (\w+\.py) ", README, re.MULTILINE)
    assert {*listed, "__init__.py"} == {p.name for p in (ROOT / "stages").glob("*.py")}


@pytest.mark.parametrize(("name", "value"), entries("representations"))
def test_representations_of_the_examples_are_valid(name, value):
    if value["kind"] == "timm" and importlib.util.find_spec("timm") is None:
        pytest.skip("needs the extra `timm`")
    TypeAdapter(RepresentationSettings).validate_python(value)


@pytest.mark.parametrize(("name", "value"), entries("priors"))
def test_priors_of_the_examples_are_valid(name, value):
    PriorSettings.model_validate(value)


def test_pictures_of_the_examples_are_valid():
    lines = [line for text in EXAMPLES for line in text.splitlines()]
    asked = [parsed(line.strip()) for line in lines if "images: {" in line]
    assert len(asked) == 3
    for images in asked:
        for file in images["images"].get("files", []):
            file["sha256"] = file["sha256"].replace("<64 digits>", "0" * 64)
        TypeAdapter(PictureSettings).validate_python(images["images"])


def test_entries_of_the_grid_are_valid():
    asked = re.findall(r"`(\{(?:representation|\.\.\.).*?\})`[ ,|]", README)
    grid = next(parsed(text)["grid"] for text in EXAMPLES if "\ngrid:" in text)
    assert len(asked) >= 7
    for text in asked:
        grid.append(parsed(text.replace("...", "representation: alexnet")))
    for entry in grid:
        GridEntry.model_validate(entry)


def test_each_of_the_ten_promises_is_kept_by_a_test_that_is_there():
    section = README.partition("## What it promises")[2].partition("\n## ")[0]
    kept = re.findall(r"^\| .+\. \| `(tests/[\w/]+\.py)::(\w+)` \|$", section, re.M)
    assert len(set(kept)) == 10
    for file, name in kept:
        assert f"\ndef {name}(" in (ROOT / file).read_text(), name


def test_presets_that_are_named_are_there():
    row = next(line for line in README.splitlines() if "cp stages/presets" in line)
    named = set(re.findall(r"`(\w+)`", row))
    assert named == {path.stem for path in (ROOT / "stages/presets").glob("*.yaml")}
