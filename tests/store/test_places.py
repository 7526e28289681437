"""Where finished jobs lie: what a dict would say, in a tenth of its memory."""

import random
import tracemalloc

import pytest

from stages.store import places as module
from stages.store.places import Place, Places

# The last byte of a key may be 0, which numpy's texts leave out.
KEYS = [f"{n * 0x9E3779B97F4A7C15 % 2**64:016x}{n:08x}{0:08x}" for n in range(40)]


@pytest.fixture(params=[1, 7, 1000])
def few_at_once(request, monkeypatch):
    monkeypatch.setattr(module, "MOST_RECENT", request.param)


def place(n):
    return Place(f"records/{n}", n, 2 * n + 1)


def test_places_are_those_of_a_dict_also_of_what_is_noted_again(few_at_once):
    known, expected, chance = Places(), {}, random.Random(0)
    for n in range(30):
        keys = chance.sample(KEYS[:-1], 5)
        known.note(place(n), keys)
        expected |= dict.fromkeys(keys, place(n))
        assert {key: known.get(key) for key in KEYS} == {
            key: expected.get(key) for key in KEYS
        }
    assert dict(known) == expected
    assert len(known) == len(expected)
    assert KEYS[-1] not in known


def test_a_batch_keeps_its_keys_where_it_is_moved():
    known = Places()
    for n in range(4):
        known.note(place(n), KEYS[3 * n : 3 * n + 3])
    known.note(place(9), KEYS[:3])  # twice: the first is no batch any more
    found = [(at, set(keys)) for _, at, keys in known.batches()]
    assert found == [
        (place(n), set(KEYS[first : first + 3]))
        for n, first in ((1, 3), (2, 6), (3, 9), (9, 0))
    ]
    for number, _, _ in known.batches():
        known.move(number, place(100 + number))
    assert known[KEYS[4]] == place(101)
    assert known[KEYS[0]] == place(104)


def test_what_is_no_key_is_not_there_and_cannot_be_noted():
    known = Places()
    known.note(place(0), KEYS[:2])
    assert "nothing" not in known
    assert KEYS[0][:-2] not in known
    with pytest.raises(ValueError, match="a key has 32 digits, got 'abcd'"):
        known.note(place(1), ["abcd"])
    assert dict(known) == dict.fromkeys(KEYS[:2], place(0))


def test_a_job_takes_some_twenty_bytes():
    keys = [f"{n:032x}" for n in range(30_000)]
    pack = Place("packs/one", 0, 1)
    tracemalloc.start()
    known = Places()
    known.note(pack, keys)
    assert len(known) == len(keys)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / len(keys) < 30
