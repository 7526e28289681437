"""The picture that a network cannot take is named, with the layer."""

import pytest
import torch

from stages import extract
from stages.execution import blame
from stages.representations.hog import HogDefinition

CPU = torch.device("cpu")
HOG = HogDefinition(side=32)


@pytest.fixture
def failing(small_study, monkeypatch):
    """Return a function that lets the n-th code fail."""

    def at(number):
        seen = []

        def code(defined, layer, image, device):
            seen.append(layer)
            if len(seen) == number:
                raise RuntimeError("too\n bright")

        monkeypatch.setattr(blame, "single_code", code)

    return at


def told(layers):
    return blame.culprit(layers, ValueError("of a\nbatch"), HOG, CPU)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "a, oval: too bright"),
        (2, "a, box: too bright"),
        (3, "b, oval: too bright"),
        (4, "b, box: too bright"),
    ],
)
def test_layer_and_picture_are_those_where_it_comes_again(failing, number, words):
    failing(number)
    assert told(["a", "b"]) == words


def test_what_does_not_come_again_has_no_picture(failing):
    failing(99)
    assert told(["a", "b"]) == "of a batch"


def test_an_error_without_words_is_told_by_its_name():
    assert blame.one_line(MemoryError()) == "MemoryError"


def test_codes_are_those_of_every_picture_alone(small_study):
    extract.main()
    passed = []
    blame.one_by_one(["hog"], passed.append, defined=HOG, device=CPU)
    assert passed == [1.0, 1.0]
