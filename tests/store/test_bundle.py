"""Bundles: what goes in comes out, and nothing that was changed."""

from dataclasses import replace

import pytest
import torch

from stages.store.bundle import HEAD, bundled, keys_in, unbundled, whole_bytes
from stages.store.seals import BrokenSeal
from tests.conftest import RECORD

RECORDS = {"a" * 32: RECORD, "b" * 32: replace(RECORD, png=b"other", status="diverged")}


def same(one, other):
    return torch.equal(one.trace, other.trace) and (
        replace(one, trace=other.trace) == other
    )


def test_records_come_out_as_they_went_in():
    found = unbundled(bundled(RECORDS))
    assert list(found) == list(RECORDS)
    assert all(same(found[key], RECORDS[key]) for key in RECORDS)


def test_the_head_alone_tells_the_keys_and_the_length():
    data = bundled(RECORDS)
    head = data[:HEAD] + b"what follows it in a pack"
    assert keys_in(head) == list(RECORDS)
    assert whole_bytes(head) == len(data)


@pytest.mark.parametrize("place", [0, 3, 20, -3])
def test_a_changed_byte_is_noticed(place):
    data = bytearray(bundled(RECORDS))
    data[place] ^= 1
    with pytest.raises(BrokenSeal):
        unbundled(bytes(data))


def test_a_changed_number_in_the_head_is_noticed():
    data = bundled(RECORDS)
    changed = data.replace(b'\\"steps\\": 3', b'\\"steps\\": 4', 1)
    assert changed != data
    with pytest.raises(BrokenSeal, match="checksum differs"):
        unbundled(changed)


@pytest.mark.parametrize("length", [0, 5, 40, 300])
def test_a_bundle_that_is_cut_short_is_noticed(length):
    with pytest.raises(BrokenSeal):
        unbundled(bundled(RECORDS)[:length])
