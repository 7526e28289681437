"""The job store with a shared place: finished here or there is finished."""

import pytest

from stages.store.objects import Objects
from stages.store.shared_jobs import SharedJobStore
from stages.store.shared_records import write_batch
from tests.conftest import RECORD

HERE, THERE, NOWHERE = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture
def job_store(tmp_path):
    objects = Objects(f"{tmp_path / 'place'}")
    objects.create()
    write_batch(objects, {THERE: RECORD})
    store = SharedJobStore(tmp_path / "work", objects)
    store.save(HERE, RECORD)
    return store


def test_jobs_are_finished_in_either_place(job_store):
    assert job_store.finished() == {HERE, THERE}
    held = [job_store.holds(key) for key in (HERE, THERE, NOWHERE)]
    assert held == [True, True, False]
    assert job_store.load(HERE).png == job_store.load(THERE).png == RECORD.png
    assert job_store.load(NOWHERE) is None


def test_a_job_that_is_finished_has_not_failed(job_store):
    job_store.save_failure(NOWHERE, "its worker died")
    place = write_batch(job_store.objects, {NOWHERE: RECORD})
    job_store.note_finished(place, [NOWHERE])
    assert job_store.failed() == {}
    assert job_store.holds(NOWHERE)


def test_what_is_needed_no_more_is_dropped_with_what_a_run_left(job_store):
    write_batch(job_store.objects, {NOWHERE: RECORD})
    for folder in ("inputs", "codes", "scores"):
        job_store.objects.put(f"{folder}/one", b"1")
    told = job_store.unneeded_objects({THERE})
    folders = sorted(name.partition("/")[0] for name in told)
    assert folders == ["codes", "inputs", "records", "scores"]
    assert set(told) == set(job_store.objects.names("")) - {*_kept(job_store)}
    job_store.drop_objects({THERE})
    assert job_store.unneeded_objects({THERE}) == {}
    assert [job_store.holds(key) for key in (THERE, NOWHERE)] == [True, False]


def _kept(job_store):
    """Return the names of the batch that is needed, and of what marks the place."""
    place = job_store._shared.places[THERE]
    return place.name, "preimages-store"
