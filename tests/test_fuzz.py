"""Damaged inputs, some of each kind; `python -m tests.fuzz` runs thousands."""

import warnings

import pytest

from stages.sources.candidate import FORMATS
from tests import fuzz, fuzz_weights


@pytest.mark.parametrize("kind", [name.upper() for name in FORMATS])
def test_a_damaged_picture_is_refused_with_a_reason_or_read_as_pillow_reads_it(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow remarks on when it reads alone
        for number in range(50):
            fuzz.pictures(fuzz.drawn(1, number), kind)


@pytest.mark.parametrize("kind", list(fuzz._FILES))
def test_a_damaged_file_of_the_project_is_told_or_says_the_same(kind):
    for number in range(50):
        fuzz.damaged_files(fuzz.drawn(1, number), kind)


def test_params_with_mistakes_are_a_valid_study_or_told():
    found = fuzz.outcomes("params", 1, 50)
    assert found["mistakes told"] > found["valid"] > 0
    assert set(found) <= {"mistakes told", "valid", "refused"}


@pytest.mark.parametrize("kind", list(fuzz_weights.FORMATS))
def test_a_damaged_file_of_weights_is_refused_or_read_as_tensors(kind):
    for number in range(50):
        fuzz_weights.weights(fuzz.drawn(1, number), kind)


def test_every_kind_can_be_asked_for_on_the_command_line(monkeypatch, capsys):
    for kind in fuzz.KINDS:
        monkeypatch.setattr("sys.argv", ["fuzz", kind, "--count", "1"])
        fuzz.main()
        assert capsys.readouterr().out.startswith("     1  ")


def test_an_input_is_drawn_from_the_seed_and_its_number_alone():
    once, again = (fuzz._encoded("PNG", fuzz.drawn(3, 7)) for _ in range(2))
    assert once == again
    assert once != fuzz._encoded("PNG", fuzz.drawn(3, 8))


def test_each_way_of_damage_changes_the_bytes():
    data = bytes(range(256)) * 4
    for damage in fuzz.DAMAGES:
        assert damage(data, fuzz.drawn(0, 0)) != data
