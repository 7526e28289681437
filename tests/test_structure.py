"""What DVC cannot see: that the pipeline's files say what the program really needs."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.params import Study
from stages.settings import SECTIONS, load_study
from stages.source_text import closure, imports, module_file

ROOT = Path(__file__).parent.parent
PIPELINE = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text())
STAGES = ["fetch", "extract", "invert", "score", "report"]
FOLDERS = ["sources", "representations", "preimage", "execution", "metrics", "page"]


def with_packages(files):
    """Add the `__init__.py` that Python runs on the way to each module."""
    found = set(files)
    for path in files:
        found |= {
            p / "__init__.py" for p in path.parents if (p / "__init__.py").exists()
        }
    # A package's own imports come along.
    more = {
        other for path in found for name in imports(path) for other in closure(name)
    } | found
    return found if more == found else with_packages(more)


def source_deps(stage):
    """Return the files that a stage depends on: those of a folder, too."""
    deps = PIPELINE["stages"][stage]["deps"]
    places = [ROOT / dep for dep in deps if dep.startswith("stages/")]
    files = {file for place in places for file in [place, *place.rglob("*")]}
    return {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_there_are_exactly_five_stages_in_order():
    assert list(PIPELINE["stages"]) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_its_module_and_describes_itself(stage):
    entry = PIPELINE["stages"][stage]
    assert entry["cmd"] == f"python -m stages.{stage}"
    assert len(entry["desc"]) > 20


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_every_file_that_it_imports(stage):
    files = with_packages(closure(f"stages.{stage}"))
    python = {path.relative_to(ROOT).as_posix() for path in files}
    listed = {dep for dep in source_deps(stage) if dep.endswith(".py")}
    assert listed == python


def test_the_report_depends_on_its_templates_styles_and_scripts():
    listed = {dep for dep in source_deps("report") if not dep.endswith(".py")}
    assert {Path(name).suffix for name in listed} == {".html", ".css", ".js"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_sections_that_it_reads(stage):
    assert tuple(PIPELINE["stages"][stage]["params"]) == SECTIONS[stage]


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_images_and_siblings_alone(folder):
    """`execution.process` holds the words of errors; every folder may use it."""
    allowed = (f"stages.{folder}", "stages.images", "stages.execution.process")
    allowed += ("stages.file_hash",)
    # `__main__.py` is a command, as the stages are.
    commands = {ROOT / "stages" / folder / "__main__.py"}
    for path in {*(ROOT / "stages" / folder).glob("*.py")} - commands:
        foreign = {
            name
            for name in imports(path)
            if not name.startswith(allowed)
            and name not in ("stages", "stages.execution")
        }
        assert not foreign, path


def test_stages_do_not_import_each_other_but_for_the_plan():
    for stage in STAGES:
        others = {f"stages.{other}" for other in STAGES if other != stage}
        assert not imports(module_file(f"stages.{stage}")) & others


def test_the_default_params_are_the_embedded_preset():
    preset = ROOT / "stages" / "presets" / "embedded.yaml"
    assert (ROOT / "params.yaml").read_text() == preset.read_text()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "stages/presets").glob("*.yaml")), ids=str
)
def test_presets_are_valid(path):
    load_study(path)


def keys(value):
    if isinstance(value, dict):
        return set(value) | {k for part in value.values() for k in keys(part)}
    return (
        {k for part in value for k in keys(part)} if isinstance(value, list) else set()
    )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "stages/presets").glob("*.yaml")), ids=str
)
def test_no_key_has_a_name_that_the_run_cache_overlooks(path):
    schema = Study.model_json_schema()
    declared = {
        name for part in schema["$defs"].values() for name in part["properties"]
    }
    written = keys(YAML(typ="safe", pure=True).load(path.read_text()))
    assert not (declared | written) & {"size", "nfiles"}


def test_the_top_level_holds_what_was_agreed():
    allowed = set(
        "dvc.yaml params.yaml stages data tests reports pyproject.toml README.md "
        "dvc.lock constraints.txt LICENSE CITATION.cff dvc_plots".split()
    )
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found <= allowed
