"""Finished jobs shared among machines: none is lost, whoever wrote and was killed."""

from dataclasses import replace

import pytest

from stages.process.stage import Refusal
from stages.store import shared_records
from stages.store.objects import Objects
from stages.store.shared_records import SharedRecords, write_batch
from tests.conftest import RECORD


@pytest.fixture
def objects(tmp_path):
    place = Objects(f"{tmp_path / 'place'}")
    place.create()
    return place


def batch(n, size=3):
    """Return a batch of records by key; the picture tells the key."""
    keys = [f"{n:016x}{i:016x}" for i in range(size)]
    return {key: replace(RECORD, png=key.encode()) for key in keys}


def written(objects, n_batches, known=None):
    """Write batches, as workers do; return their keys."""
    keys = []
    for n in range(n_batches):
        place = write_batch(objects, batch(n))
        if known is not None:
            known.note(place, list(batch(n)))
        keys += batch(n)
    return keys


def holds(records, keys):
    found = [records.load(key) for key in keys]
    return [one and one.png.decode() for one in found] == keys


def test_what_nobody_noted_is_found_by_its_head(objects):
    keys = written(objects, 3)
    records = SharedRecords(objects)
    assert set(records.places) == set(keys)
    assert holds(records, keys)
    assert records.load("f" * 32) is None


def test_an_index_spares_the_heads(objects, monkeypatch):
    records = SharedRecords(objects)
    keys = written(objects, 3, records)
    records.write_index()
    again = SharedRecords(objects)
    monkeypatch.setattr(again, "_head", None)
    assert set(again.places) == set(keys)


def test_an_index_is_written_every_so_many_batches(objects, monkeypatch):
    monkeypatch.setattr(shared_records, "BATCHES_AN_INDEX", 2)
    written(objects, 5, SharedRecords(objects))
    assert len(objects.names("index")) == 2


def test_many_batches_are_packed_into_few_objects(objects, monkeypatch):
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 4)
    monkeypatch.setattr(shared_records, "PACK_BYTES", 4000)
    records = SharedRecords(objects)
    keys = written(objects, 6, records)
    records.pack()
    assert objects.names("records") == {}
    assert 1 < len(objects.names("packs")) < 6
    assert len(objects.names("index")) == 1
    assert holds(records, keys)
    assert holds(SharedRecords(objects), keys)


def test_many_jobs_are_packed_and_indexed_some_at_a_time(objects, monkeypatch):
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 4)
    monkeypatch.setattr(shared_records, "JOBS_AT_ONCE", 6)
    records = SharedRecords(objects)
    keys = written(objects, 5, records)  # of three jobs each
    records.pack()
    sizes = {folder: len(objects.names(folder)) for folder in ("packs", "index")}
    assert sizes == {"packs": 3, "index": 3}
    assert objects.names("records") == {}
    again = SharedRecords(objects)
    monkeypatch.setattr(again, "_head", None)  # the indexes tell all
    assert holds(again, keys)


def test_few_batches_stay_as_they_are(objects):
    records = SharedRecords(objects)
    keys = written(objects, 3, records)
    records.pack()
    assert len(objects.names("records")) == 3
    assert holds(SharedRecords(objects), keys)


@pytest.mark.parametrize("step", ["before the index", "before the old ones go"])
def test_killed_while_it_packs_nothing_is_lost(objects, monkeypatch, step):
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 4)
    records = SharedRecords(objects)
    keys = written(objects, 6, records)

    def killed(*ignored):
        raise KeyboardInterrupt

    name = "_write_index" if step == "before the index" else None
    if name:
        records.write_index()
        monkeypatch.setattr(records, name, killed)
    else:
        monkeypatch.setattr(objects, "drop", killed)
    with pytest.raises(KeyboardInterrupt):
        records.pack()
    monkeypatch.undo()
    assert holds(SharedRecords(Objects(objects.url)), keys)


def test_a_pack_without_its_index_is_found_by_its_heads(objects, monkeypatch):
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 4)
    records = SharedRecords(objects)
    keys = written(objects, 6, records)
    records.pack()
    objects.drop(objects.names("index"))
    assert holds(SharedRecords(objects), keys)


def test_two_runs_on_one_place_lose_nothing(objects, monkeypatch):
    """Both computed the same, one packs while the other still knows the old places."""
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 4)
    first, second = SharedRecords(objects), SharedRecords(Objects(objects.url))
    keys = written(objects, 6, first)
    written(second.objects, 6, second)
    assert holds(second, keys[:3])
    first.pack()
    assert holds(second, keys)
    second.pack()
    assert holds(first, keys)
    assert holds(SharedRecords(Objects(objects.url)), keys)


def test_what_another_run_has_packed_meanwhile_is_found_again(objects, monkeypatch):
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 4)
    keys = written(objects, 6)
    knows_old_places = SharedRecords(Objects(objects.url))
    assert holds(knows_old_places, keys[:1])
    SharedRecords(objects).pack()
    assert objects.names("records") == {}
    assert holds(knows_old_places, keys)


def test_an_index_that_comes_after_the_packing_misleads_nobody(objects, monkeypatch):
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 4)
    late = SharedRecords(Objects(objects.url))
    keys = written(late.objects, 6, late)
    SharedRecords(objects).pack()
    assert objects.names("records") == {}
    before = set(objects.names("index"))
    late.write_index()
    (name,) = objects.names("index").keys() - before
    # Whichever is read last.
    (objects.folder / name).rename(objects.folder / "index" / "z.json")
    assert holds(SharedRecords(objects), keys)


@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_batch_is_told_and_computed_again(
    objects, monkeypatch, capsys, packed
):
    if packed:
        monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 1)
    records = SharedRecords(objects)
    keys = written(objects, 4, records)
    records.pack()
    place = records.places[keys[0]]
    file = objects.folder / place.name
    data = bytearray(file.read_bytes())
    data[place.end - 3] ^= 1
    file.write_bytes(data)
    again = SharedRecords(objects)
    with pytest.raises(Refusal, match=r"damaged .*run this again"):
        again.load(keys[0])
    assert "it is not used" in capsys.readouterr().err
    left = SharedRecords(objects)
    assert set(left.places) == set(keys[3:])
    assert holds(left, keys[3:])


def test_half_a_batch_of_a_killed_worker_is_no_batch(objects):
    keys = written(objects, 1)
    (name,) = objects.names("records")
    file = objects.folder / name
    file.with_name("cut.bundle").write_bytes(file.read_bytes()[:100])
    file.with_name(".half.bundle.123-x").write_bytes(b"half")
    assert set(SharedRecords(objects).places) == set(keys)


@pytest.fixture
def packed(objects, monkeypatch):
    """Return records of which three batches are packed and two are not; their keys."""
    monkeypatch.setattr(shared_records, "BATCHES_TO_PACK", 3)
    records = SharedRecords(objects)
    keys = written(objects, 3, records)
    records.pack()
    for n in (3, 4):
        records.note(write_batch(objects, batch(n)), list(batch(n)))
        keys += batch(n)
    return records, keys


def test_what_nobody_needs_is_dropped_and_all_else_stays(objects, packed):
    records, keys = packed
    # One job each of a batch in the pack, and of one by itself.
    needed = {keys[4], keys[9]}
    before = records.unneeded(needed)
    sizes = objects.names("records") | objects.names("packs")
    assert len(before) == 2
    assert 0 < sum(before.values()) < sum(sizes.values())
    records.drop_unneeded(needed)
    kept = [*keys[3:6], *keys[9:12]]
    for found in (records, SharedRecords(objects)):
        assert set(found.places) == set(kept)
        assert holds(found, kept)
    assert records.unneeded(needed) == {}
    left = objects.names("records") | objects.names("packs")
    assert sum(left.values()) == sum(sizes.values()) - sum(before.values())
    assert len(objects.names("index")) == 1


def test_nothing_is_dropped_where_all_is_needed(objects, packed):
    records, keys = packed
    names = objects.names("")
    assert records.unneeded(set(keys)) == {}
    records.drop_unneeded(set(keys))
    assert holds(SharedRecords(objects), keys)
    assert objects.names("records") | objects.names("packs") == {
        name: n for name, n in names.items() if name.startswith(("records", "packs"))
    }
