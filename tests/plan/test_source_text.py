"""The text behind a result: what counts, what does not, what is followed."""

import pytest

from stages.plan import source_text

MODULE = '''"""Docstring."""
# A comment.
def double(x):
    """Return twice x."""
    return 2 * x  # twice
'''


CACHED = (
    *(source_text.closure, source_text.digest, source_text.essence),
    *(source_text._run, source_text._without_paths, source_text._by_text),
)


def forget():
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `stages` of three modules: a imports b, c stands alone."""
    monkeypatch.setattr(source_text, "ROOT", tmp_path)
    forget()
    folder = tmp_path / "stages"
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "__init__.py").write_text("import os\n")
    (folder / "a.py").write_text("from stages.part import b\nimport torch\n")
    (folder / "part" / "b.py").write_text(MODULE)
    (folder / "c.py").write_text("x = 1\n")
    yield folder
    forget()


def digest_of(path, text):
    path.write_text(text)
    forget()
    return source_text.digest(frozenset([path]))


def test_closure_follows_imports_of_the_package_alone(package):
    names = {path.name for path in source_text.closure("stages.a")}
    assert names == {"a.py", "__init__.py", "b.py"}
    assert {p.name for p in source_text.closure("stages.c")} == {"c.py"}


def test_an_unknown_module_is_refused(package):
    with pytest.raises(ValueError, match=r"got 'stages\.nothing'"):
        source_text.closure("stages.nothing")


def test_comments_docstrings_and_layout_do_not_count(package):
    path = package / "part" / "b.py"
    before = digest_of(path, MODULE)
    assert digest_of(path, "def double(x):\n\n    return (2 *\n        x)\n") == before


def test_code_counts(package):
    path = package / "part" / "b.py"
    before = digest_of(path, MODULE)
    assert digest_of(path, MODULE.replace("2 * x", "3 * x")) != before
    # A string that is no docstring is code.
    assert digest_of(path, MODULE + "name = 'b'\n") != before


def test_the_set_of_files_counts(package):
    a, c = package / "a.py", package / "c.py"
    assert source_text.digest(frozenset([a])) != source_text.digest(frozenset([a, c]))


def test_annotations_of_functions_do_not_count_and_those_of_classes_do(package):
    path = package / "part" / "b.py"
    plain = digest_of(path, "def double(x):\n    return 2 * x\n")
    annotated = "def double(x: int) -> int:\n    return 2 * x\n"
    assert digest_of(path, annotated) == plain
    fields = [digest_of(path, f"class A:\n    x: {kind}\n") for kind in ("int", "str")]
    assert len(set(fields)) == 2


def test_what_is_for_type_checkers_alone_does_not_count(package):
    path = package / "part" / "b.py"
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {}\nx = 1\n"
    first = digest_of(path, text.format("from stages import c"))
    assert source_text.imports(path) == set()
    assert digest_of(path, text.format("import torch")) == first


def test_a_package_that_says_nothing_does_not_count(package):
    silent = package / "part" / "__init__.py"
    silent.write_text('"""A folder."""\n')
    forget()
    alone, together = frozenset([package / "c.py"]), {silent, package / "c.py"}
    assert source_text.digest(alone) == source_text.digest(frozenset(together))


def test_a_module_that_is_named_in_a_string_counts_without_its_place(package):
    path, files = package / "a.py", set()
    for name in ("stages.part.b:f", "stages.c:f"):
        files.add(digest_of(path, f"WHERE = {name!r}\n"))
    assert len(files) == 1
    assert digest_of(path, "WHERE = 'stages.c:g'\n") not in files
