"""What text says of the program: the modules and files that it names are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from stages.plan.source_text import ROOT, module_file

TEXTS = [ROOT / "README.md", *sorted((ROOT / "stages").rglob("*.py"))]
DOTTED = re.compile(r"\bstages(?:\.[A-Za-z_]\w*)+")
# Names in capitals stand for one that the reader chooses.
FILE = re.compile(r"\b(?:stages|tests|data/embedded)/(?![\w/]*NAME)[\w/.-]+\.py\b")
GONE = re.compile(r"\b(yardsticks?|gleaning|leaking_relu|network_weights)\b")


@cache
def defined(path: Path) -> frozenset[str]:
    """Return the names that a module gives: defined, assigned, or imported."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[-1])
    return frozenset(names)


def is_there(name: str) -> bool:
    """Return whether the dotted name is a module, a folder, or what one of them has."""
    if (ROOT / name.replace(".", "/")).is_dir() or module_file(name) is not None:
        return True
    module, _, last = name.rpartition(".")
    path = module_file(module) if module else None
    if path is not None:
        return last in defined(path)
    # A method or an attribute of a class.
    return module.count(".") > 1 and is_there(module)


def absent(text: str) -> list[str]:
    """Return what the text names of the program and is not there."""
    names = [name for name in DOTTED.findall(text) if not is_there(name)]
    files = [name for name in FILE.findall(text) if not (ROOT / name).is_file()]
    return names + files + GONE.findall(text)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.relative_to(ROOT)}")
def test_what_a_text_names_of_the_program_is_there(path):
    assert not absent(path.read_text())


@pytest.mark.parametrize(
    "name",
    ["stages", "stages.plan", "stages.plan.keys", "stages.plan.keys.cell_content"],
)
def test_modules_folders_and_what_they_define_are_there(name):
    assert not absent(f"see `{name}`")


@pytest.mark.parametrize(
    "name",
    ["stages.settings", "stages.plan.attempts", "stages.plan.keys.no", "stages/no.py"],
)
def test_a_name_of_what_has_gone_is_noticed(name):
    assert absent(f"see `{name}`") == [name]
