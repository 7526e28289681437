"""Pickles of arrays: read without numpy's help, and nothing else is."""

import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from stages.weights import arrays
from stages.weights.arrays import BadPickle, read_arrays

GENERATOR = np.random.default_rng(0)
NESTED = {
    "net": {
        "kernel": GENERATOR.standard_normal((2, 3, 4, 5)).astype(np.float32),
        "bias": GENERATOR.standard_normal(5).astype(np.float32),
    },
    "turned": np.asfortranarray(GENERATOR.standard_normal((3, 4)).astype(np.float32)),
    "big": GENERATOR.standard_normal(3).astype(">f4"),
    "empty": np.zeros((0, 3), np.float32),
}


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_are_those_that_were_pickled(protocol):
    found = read_arrays(pickle.dumps(NESTED, protocol=protocol))
    assert found.keys() == {"net/kernel", "net/bias", "turned", "big", "empty"}
    np.testing.assert_array_equal(found["net/kernel"], NESTED["net"]["kernel"])
    for name in ("turned", "big", "empty"):
        np.testing.assert_array_equal(found[name], NESTED[name])
        assert found[name].dtype == np.float32


def test_names_of_both_generations_of_numpy_are_known():
    data = pickle.dumps(NESTED["net"], protocol=3)
    old, new = b"numpy.core.multiarray\n", b"numpy._core.multiarray\n"
    for there, other in ((old, new), (new, old)):
        if there in data:
            assert read_arrays(data.replace(there, other)).keys() == {"kernel", "bias"}


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


FOREIGN = {
    "os.system": Evil(os.system, "touch evil"),
    "eval": Evil(eval, "open('evil', 'w')"),
    "getattr": Evil(getattr, Evil, "call"),
    "numpy.load": Evil(np.load, "evil.npy"),
    "numpy.frombuffer": Evil(np.frombuffer, b"1234"),
    "dictionary": OrderedDict(a=NESTED["big"]),
    "array of objects": np.array([Evil(os.system, "touch evil")], dtype=object),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_any_other_name_is_refused_and_nothing_is_called(
    tmp_path, monkeypatch, kind, protocol
):
    monkeypatch.chdir(tmp_path)
    value = {"bad": FOREIGN[kind]}
    with pytest.raises(BadPickle, match=r"which no array needs|must be an array"):
        read_arrays(pickle.dumps(value, protocol=protocol))
    assert list(tmp_path.iterdir()) == []


OTHERS = {
    "number": ({"a": 3}, "`a` is no array: it is a int"),
    "list": ([NESTED["big"]], "is no array: it is a list"),
    "nothing": ({}, "is no array: it is a dict"),
    "doubles": ({"a": np.zeros(3)}, "`a` must be an array of float32"),
    "nan": ({"a": np.full(2, np.nan, np.float32)}, "`a` has numbers that are not"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_array_of_float32_is_refused(kind):
    value, match = OTHERS[kind]
    with pytest.raises(BadPickle, match=match):
        read_arrays(pickle.dumps(value, protocol=3))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        pickle.dumps(NESTED, protocol=3)[:-40],
        # A string of 2**60 bytes, and a frame of 2**50, that are not there.
        b"\x80\x04\x8e" + (2**60).to_bytes(8, "little") + b"x.",
        b"\x80\x04\x95" + (2**50).to_bytes(8, "little") + b"}.",
    ],
)
def test_damaged_and_boundless_pickles_are_refused_at_once(data):
    with pytest.raises(BadPickle):
        read_arrays(data)


def test_results_are_not_numbered_wildly():
    """The reader's table would be as long as the number: 8 GB here."""
    data = b"\x80\x03}r" + (10**9).to_bytes(4, "little") + b"."
    with pytest.raises(BadPickle, match="numbers its results wildly"):
        read_arrays(data)


def test_a_mapping_that_holds_itself_ends():
    value = {}
    value["a"] = value
    with pytest.raises(BadPickle, match="is no array: it is a dict"):
        read_arrays(pickle.dumps(value, protocol=3))


def test_a_mapping_that_multiplies_ends(monkeypatch):
    monkeypatch.setattr(arrays, "_MOST_ARRAYS", 1000)
    value = NESTED["big"]
    for _ in range(14):
        value = {str(i): value for i in range(10)}
    with pytest.raises(BadPickle, match="too many arrays"):
        read_arrays(pickle.dumps(value, protocol=3))
