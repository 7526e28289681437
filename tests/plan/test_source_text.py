"""The text behind a result: what counts, what does not, what is followed."""

import pytest

from stages.plan import source_text

MODULE = '''"""Docstring."""
# A comment.
def double(x):
    """Return twice x."""
    return 2 * x  # twice
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `stages` of three modules: a imports b, c stands alone."""
    monkeypatch.setattr(source_text, "ROOT", tmp_path)
    for cached in (source_text.closure, source_text.digest):
        cached.cache_clear()
    folder = tmp_path / "stages"
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "__init__.py").write_text("import os\n")
    (folder / "a.py").write_text("from stages.part import b\nimport torch\n")
    (folder / "part" / "b.py").write_text(MODULE)
    (folder / "c.py").write_text("x = 1\n")
    yield folder
    for cached in (source_text.closure, source_text.digest):
        cached.cache_clear()


def digest_of(path, text):
    path.write_text(text)
    source_text.digest.cache_clear()
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
