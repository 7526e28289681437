"""Stages without arguments: help and mistakes come before any work."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.process.command_line import no_arguments

ROOT = Path(__file__).parents[2]


def test_nothing_on_the_command_line_is_as_it_should_be(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["stage"])
    no_arguments("invert", "Compute what is missing.")


def test_help_says_what_the_stage_does(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["stage", "--help"])
    with pytest.raises(SystemExit) as left:
        no_arguments("invert", "Compute what is missing.")
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert "python -m stages.invert" in told
    assert "Compute what is missing." in told
    assert "params.yaml" in told


def test_anything_else_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["stage", "--step"])
    with pytest.raises(SystemExit) as left:
        no_arguments("invert", "")
    assert left.value.code == 2
    assert "--step" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["fetch", "extract", "invert", "score"])
def test_asking_a_stage_for_help_starts_no_work(stage, tmp_path):
    command = [sys.executable, "-m", f"stages.{stage}", "--help"]
    asked = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (asked.returncode, asked.stderr) == (0, "")
    assert f"python -m stages.{stage}" in asked.stdout
    assert not list(tmp_path.iterdir())
