"""Styles and scripts: joined in order, names unique, and the policy names them."""

import re
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from stages.page import assets

SCRIPTS = Path(assets.__file__).parent / "scripts"
DECLARED = re.compile(r"^(?:async )?(?:const|let|var|function|class) (\w+)", re.M)


def test_no_name_is_declared_by_two_modules():
    names = Counter(DECLARED.findall(assets.script()))
    assert [name for name, n in names.items() if n > 1] == []


def test_imports_and_the_word_export_are_taken_out():
    imports = 'import { a } from "./a.js";\nimport {\n  b,\n} from "./b.js";\n'
    text = f"{imports}export const c = 1;\n"
    assert assets.joined(text) == "const c = 1;\n"
    assert not re.search(r"^(import|export) ", assets.script(), re.M)


def imported() -> dict[str, set[str]]:
    """Return which modules each module imports."""
    return {
        path.stem: set(re.findall(r'from "\./(\w+)\.js"', path.read_text()))
        for path in SCRIPTS.glob("*.js")
    }


def test_every_import_names_a_module():
    modules = imported()
    assert {name for names in modules.values() for name in names} <= modules.keys()


def test_modules_do_not_import_each_other_in_a_circle():
    # Raises where there is one, and tells it.
    assert set(TopologicalSorter(imported()).static_order()) == imported().keys()


def test_every_module_is_in_the_script_once_and_the_last_one_is_last():
    script = assets.script()
    for path in SCRIPTS.glob("*.js"):
        first = path.read_text().splitlines()[0]
        assert first.startswith("// "), path
        assert script.count(first) == 1
    assert script.rindex("// Start:") > script.rindex("// All jobs as a table")


def test_modules_are_short_and_set_no_html():
    for path in SCRIPTS.glob("*.js"):
        text = path.read_text()
        assert len(text.splitlines()) <= 200, path
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval("):
            assert word not in text, path


def test_the_page_s_own_style_comes_first():
    assert assets.css().startswith(":root")


@pytest.mark.parametrize("folder", [False, True])
def test_pictures_beside_the_page_are_allowed_where_there_are_some(folder):
    policy = assets.policy(["a"], ["b", "c"], folder=folder)
    assert policy.count("sha256-") == 3
    assert ("'self' file:" in policy) == folder
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
