"""What scores and report read of a params file: checked, nothing built."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.params.mistakes import ParamsError
from stages.params.study import Study
from stages.plan.sections import SECTIONS, report_stage, score_stage
from stages.store import files
from stages.weights import kept
from tests.conftest import PARAMS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def params(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path / "params.yaml"


def test_each_stage_has_its_view(params):
    assert list(score_stage(params).representations) == ["hog", "hogb"]
    report = report_stage(params)
    assert (len(report.grid), report.report.pictures) == (2, 12)


def test_what_could_not_be_fetched_is_not_there(params):
    kept.UNREACHABLE.parent.mkdir(parents=True)
    files.write_json(kept.UNREACHABLE, {"hog": "no network"})
    assert list(score_stage(params).representations) == ["hogb"]
    assert list(report_stage(params).representations) == ["hogb"]


def test_a_stage_checks_sections_that_it_does_not_read(params):
    params.write_text(PARAMS.replace("steps: 6", "steps: 0"))
    with pytest.raises(ParamsError, match=r"solvers\.fast\.steps: 0: should be gre"):
        score_stage(params)


def test_every_section_is_one_of_the_study_and_is_read():
    named = {name for names in SECTIONS.values() for name in names}
    assert named == set(Study.model_fields)


def test_the_views_import_no_solver_and_no_torch():
    program = "import sys, stages.plan.sections; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    loaded = set(ran.stdout.split())
    assert "stages.params.reading" in loaded
    assert not loaded & {"torch", "stages.preimage.adam", "stages.representations.hog"}
