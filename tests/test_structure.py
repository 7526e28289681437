"""What DVC cannot see: that the pipeline's files say what the program really needs."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.params.reading import read_study
from stages.params.representations import KINDS
from stages.params.study import Study
from stages.plan.sections import SECTIONS
from stages.plan.source_text import ROOT, closure, imports
from stages.plan.study import expand

PIPELINE = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text())
STAGES = ["fetch", "extract", "invert", "score", "report"]
HOUSE = ROOT / "stages"
# The folders from the top of the house to its ground: imports run down alone.
FLOORS = [
    "page",
    "metrics",
    "execution",
    "plan",
    "params",
    "weights",
    "sources",
    "preimage",
    "representations",
    "store",
    "process",
]
# A list of layers on the command line, as a stage is.
COMMANDS = {"stages/representations/__main__.py"}
MOST_FILES = 20


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def deps(stage: str) -> set[str]:
    """Return the files of the program that a stage depends on, those of folders too."""
    listed = PIPELINE["stages"][stage]["deps"]
    places = [ROOT / dep for dep in listed if dep.startswith("stages/")]
    files = {file for place in places for file in [place, *place.rglob("*")]}
    return {relative(path) for path in files if path.is_file()}


def test_there_are_exactly_five_stages_in_order():
    assert list(PIPELINE["stages"]) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_every_file_that_it_imports(stage):
    imported = {relative(path) for path in closure(f"stages.{stage}")}
    assert imported <= deps(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_no_folder_that_it_does_not_import(stage):
    imported = {relative(path) for path in closure(f"stages.{stage}")}
    for dep in PIPELINE["stages"][stage]["deps"]:
        # Packages of nothing but words are imported, and tell nothing.
        if dep.startswith("stages/") and not dep.endswith("__init__.py"):
            assert any(f"{name}/".startswith((dep, f"{dep}/")) for name in imported)


def test_a_change_of_the_page_concerns_the_report_alone():
    concerned = [stage for stage in STAGES if "stages/page/page.py" in deps(stage)]
    assert concerned == ["report"]


def test_a_change_of_the_method_concerns_no_stage_before_the_inversion():
    for file in (HOUSE / "preimage").glob("*.py"):
        concerned = [stage for stage in STAGES if relative(file) in deps(stage)]
        # The start of a descent is what energies are measured against.
        scored = file.name in ("__init__.py", "start.py")
        assert concerned == (["invert", "score"] if scored else ["invert"])


@pytest.mark.parametrize("stage", ["score", "report"])
def test_scores_and_report_import_no_solver_and_no_representation_of_a_kind(stage):
    imported = {relative(path) for path in closure(f"stages.{stage}")}
    kinds = {f"{kind.definition.partition(':')[0]}.py" for kind in KINDS.values()}
    solvers = {f"preimage/{name}.py" for name in ("adam", "momentum", "descent")}
    unwanted = {name.replace(".", "/", name.count(".") - 1) for name in kinds}
    unwanted |= {f"stages/{name}" for name in solvers}
    assert all((ROOT / name).is_file() for name in unwanted)
    assert not imported & unwanted


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_sections_that_it_reads(stage):
    assert tuple(PIPELINE["stages"][stage]["params"]) == SECTIONS[stage]


def test_the_pipeline_is_short():
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 150


def test_a_reader_who_opens_stages_sees_the_pipeline():
    files = {path.name for path in HOUSE.glob("*.py")}
    assert files == {"__init__.py", "images.py", "study.py"} | {
        f"{stage}.py" for stage in STAGES
    }
    folders = {path.name for path in HOUSE.iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == {*FLOORS, "presets"}


def test_no_folder_holds_more_files_than_a_reader_takes_in():
    folders = [path for path in HOUSE.rglob("*") if path.is_dir()]
    for folder in folders:
        files = [p for p in folder.iterdir() if p.is_file() and p.suffix != ".pyc"]
        assert len(files) <= 1.5 * MOST_FILES, folder


def floor(name: str) -> str:
    """Return the folder that a module of the house is in, or the module itself."""
    return name.split(".")[1] if name.count(".") else ""


@pytest.mark.parametrize("folder", FLOORS)
def test_imports_run_down_alone(folder):
    """No folder imports one above it, and none imports a stage."""
    below = FLOORS[FLOORS.index(folder) :]
    for path in (HOUSE / folder).rglob("*.py"):
        if relative(path) in COMMANDS:
            continue
        foreign = {floor(name) for name in imports(path)} - {"", "images", *below}
        assert not foreign, path


def test_stages_do_not_import_each_other():
    for stage in STAGES:
        others = {f"stages.{other}" for other in STAGES if other != stage}
        assert not imports(HOUSE / f"{stage}.py") & others


def test_the_default_params_are_the_embedded_preset():
    preset = HOUSE / "presets" / "embedded.yaml"
    assert (ROOT / "params.yaml").read_text() == preset.read_text()


PRESETS = sorted((HOUSE / "presets").glob("*.yaml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_valid(path):
    expand(path)


def keys(value):
    if isinstance(value, dict):
        return set(value) | {k for part in value.values() for k in keys(part)}
    return (
        {k for part in value for k in keys(part)} if isinstance(value, list) else set()
    )


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_no_key_has_a_name_that_the_run_cache_overlooks(path):
    read_study(path)
    declared = {
        name
        for part in Study.model_json_schema()["$defs"].values()
        for name in part.get("properties", {})
    }
    declared |= {name for kind in KINDS.values() for name in kind.settings.model_fields}
    written = keys(YAML(typ="safe", pure=True).load(path.read_text()))
    assert not (declared | written) & {"size", "nfiles"}


def test_the_top_level_holds_what_was_agreed():
    allowed = set(
        "dvc.yaml params.yaml stages data tests reports pyproject.toml README.md "
        "dvc.lock constraints.txt LICENSE CITATION.cff dvc_plots".split()
    )
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found <= allowed
