"""Rows are cut where neither a batch nor a set of seeds is; little is held of them."""

import sys

import pytest

from stages.metrics import chunks
from stages.metrics.chunks import BATCH, Layout, code_part, label_row
from stages.store import schemas

IDS = ["a", "b", "c"]


def row(image_id="a", seed=0, **changes):
    blank = dict.fromkeys(field.name for field in (*schemas.CELL, *schemas.JOB))
    names = {"representation": "net", "layer": "conv", "channels": "all"}
    names |= {"region": "all", "prior": "default", "solver": "fast", "status": "done"}
    of = {"image_id": image_id, "image_name": image_id.upper(), "seed": seed}
    return blank | names | of | changes


def layout(rows):
    return Layout(iter(rows), ["net"], IDS)


@pytest.fixture
def short(monkeypatch):
    """Let a chunk be full with a single row."""
    monkeypatch.setattr(chunks, "CHUNK", 1)


def test_chunks_end_where_batches_of_one_selection_end(short):
    rows = [row(seed=-i, prior=f"{i}") for i in range(20)]
    rows += [row(seed=i, prior=f"{i}", layer="fc") for i in range(3)]
    assert list(layout(rows).chunks()) == [range(16), range(16, 20), range(20, 23)]


def test_no_chunk_parts_the_seeds_of_a_picture(short):
    # Of the seeds of picture c one lies in each of two batches.
    rows = [row("a", i, prior=f"{i}") for i in range(BATCH - 1)]
    rows += [row("c", 0), row("c", 1), row("b", 0, layer="fc")]
    assert list(layout(rows).chunks()) == [range(17), range(17, 18)]
    # The same seeds of another prior are another set.
    rows[BATCH] = row("c", 1, prior="none")
    found = [range(16), range(16, 17), range(17, 18)]
    assert list(layout(rows).chunks()) == found


def test_chunks_are_as_few_as_their_size_allows_and_cover_all():
    rows = [row("a", i, prior=f"{i}") for i in range(1000)]
    found = list(layout(rows).chunks())
    assert [i for chunk in found for i in chunk] == list(range(1000))
    assert {len(chunk) for chunk in found[:-1]} == {256}
    assert list(layout([]).chunks()) == []


def test_baselines_are_of_each_picture_once_as_they_first_came():
    rows = [row("c"), row("a"), row("c", 1), row("b", layer="fc"), row("b")]
    found = list(layout(rows).baselines())
    assert [(part.layer, ids) for part, ids in found] == [
        ("conv", ["c", "a", "b"]),
        ("fc", ["b"]),
    ]


def test_runs_of_a_representation_cover_the_rows_in_order():
    rows = [row("a"), row("b"), row("a", layer="fc"), row("a", representation="hog")]
    made = Layout(iter(rows), ["net", "hog"], IDS)
    assert list(made.runs()) == [(2, "net"), (1, "net"), (1, "hog")]
    assert list(layout([]).runs()) == []


def test_the_labels_of_a_baseline_are_those_of_its_job():
    job = row("b", 3, channel_indices=[1, 2], window=[0, 1, 2, 3], region="corner")
    found = label_row(code_part(job), "b", {"b": "B"})
    blank = {"prior": "none", "solver": "none", "seed": None, "reason": ""}
    assert found == {**job, **blank}


def test_what_is_not_of_the_study_is_told():
    assert layout([row("d"), row(representation="x"), row()]).strange == {"d", "x"}


def test_a_job_takes_some_twenty_bytes():
    def held(n):
        # By turns, so that no picture is the one before.
        rows = (row(IDS[i % 3], i) for i in range(n))
        made = Layout(rows, ["net"], IDS)
        arrays = (made._starts, made._sets, *made._parts.values())
        return sum(map(sys.getsizeof, arrays)), len(vars(made)["_parts"])

    (few, _), (many, parts) = held(100), held(2000)
    assert (many - few) / 1900 < 20
    assert parts == 1
