"""The table of metrics: whole, cheap to read, and told in its README."""

import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from stages.metrics.measured import Measured
from stages.metrics.table import METRICS, of_images

README = Path(__file__).parents[2] / "stages/metrics/README.md"
WORDS = ("table", "schema", "metric")


def test_names_and_labels_are_given_once():
    for words in ([m.name for m in METRICS], [m.label for m in METRICS]):
        assert len(set(words)) == len(words)


@pytest.mark.parametrize("metric", of_images(), ids=lambda metric: metric.name)
def test_functions_take_their_inputs_from_what_is_measured(metric):
    known = {field.name for field in fields(Measured)} | set(dir(Measured))
    assert set(metric.inputs) <= known
    # Raises TypeError where the function takes other arguments.
    inspect.signature(metric.load()).bind(*metric.inputs, **metric.options)


@pytest.mark.parametrize("module", WORDS)
def test_reading_the_words_imports_no_tensors(module):
    code = f"import sys, stages.metrics.{module}; print('torch' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"


def span(metric):
    low, high = (f"{edge:.4g}".replace("inf", "∞") for edge in metric.span)
    return "yes, no" if metric.is_truth else f"{low} to {high}"


def line(metric):
    unit = "" if metric.unit == "1" else metric.unit
    meaning = metric.meaning.replace("|", "\\|")
    words = (f"`{metric.name}`", meaning, unit, span(metric), metric.better)
    return f"| {' | '.join(words)} |"


def test_readme_has_the_table():
    head = "| metric | what it is | unit | range | better |\n|---|---|---|---|---|"
    table = "\n".join([head, *map(line, METRICS)])
    # To mend it, paste this in.
    assert table in README.read_text(), table
