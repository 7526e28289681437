"""Jobs in columns: the same jobs as one by one, and little memory for many."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from stages.plan.jobs import planned
from stages.plan.planned import ROW, Batches, Jobs, Pictured
from tests.plan.studies import study

MANY = [Pictured(f"{n:032x}", f"picture {n}") for n in range(200)]


@pytest.fixture(scope="module")
def found():
    """Return jobs of two cells, in columns."""
    return planned(study({"representation": ["hog", "dsift"], "seeds": 3}), MANY[:4])


def test_a_job_is_the_same_wherever_it_is_looked_at(found):
    listed = list(found)
    assert len(listed) == len(found) == 24
    assert [found[place] for place in range(-24, 24)] == listed * 2
    assert list(found[3:20:4]) == listed[3:20:4]
    with pytest.raises(IndexError):
        found[24]


def test_keys_are_hexadecimal_also_where_they_begin_or_end_with_zeros(found):
    rows = np.array([(0, 1, 2, 10, 0), (1, 0, 0, 0, 2**64 - 1)], ROW)
    first, second = Jobs(found._cells, MANY, rows)
    assert first.key == "000000000000000a" + 16 * "0"
    assert second.key == 16 * "0" + 16 * "f"
    assert (first.cell, second.cell) == (found[0].cell, found[-1].cell)
    assert (first.image_name, first.seed) == ("picture 1", 2)


def test_of_jobs_with_one_key_the_first_stays(found):
    places = np.array([5, 2, 7, 2, 5, 5, 0])
    assert list(found.at(places).once()) == [found[place] for place in (5, 2, 7, 0)]
    assert found.once() is found


def test_jobs_are_chosen_by_their_keys(found):
    keys = {found[place].key for place in (20, 3, 11)}
    assert [job.key for job in found.where(keys.__contains__)] == [
        found[place].key for place in (3, 11, 20)
    ]
    assert found.where(lambda key: True) is found
    assert not found.where(lambda key: False)


def test_batches_are_those_of_the_same_jobs_in_a_list(found):
    mixed = found.at(np.random.default_rng(0).permutation(len(found)))
    made = Batches(mixed)
    assert [len(one) for one in made] == [6, 6, 6, 6] == [6] * len(made)
    assert made[:] == list(Batches(list(mixed)))
    assert made[-1] == made[3]
    first = mixed[0].cell.representation
    of_first = [job for job in mixed if job.cell.representation == first]
    assert made[0] + made[1] == of_first
    small = [replace(job, batch_size=5) for job in mixed]
    assert [len(one) for one in Batches(small)] == [5, 5, 2, 5, 5, 2]
    assert len(Batches([])) == 0


def test_a_planned_job_takes_a_third_of_what_an_object_would():
    whole = study({"seeds": 100})
    planned(whole, MANY[:1])  # what is made once a process
    tracemalloc.start()
    found = planned(whole, MANY)
    made = Batches(found)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 20_000
    assert len(made) > 3000
    assert held / len(found) < 60
