"""A study that is killed, and what the soak test calls broken."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import soak


@pytest.mark.slow
def test_killed_three_times_a_study_ends_as_if_nothing_had_been(tmp_path):
    calm = soak.project(tmp_path / "calm", 120, steps=200)
    stormy = soak.project(tmp_path / "stormy", 120, steps=200)
    seen = soak.disturbed(stormy, 10.0, 3, random.Random(3), lives=(0.0, 4.0))
    soak.undisturbed(calm)
    assert seen.kills.total() == 3
    assert list(soak.broken(calm.folder, stormy.folder, 120)) == []


ROWS = [
    {"key": name, "status": "done", "image": {"bytes": name.encode()}} for name in "abc"
]


def study(folder: Path, rows):
    place = folder / "data" / "preimages"
    place.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), place / "part-00000.parquet")
    return folder


def told(tmp_path, rows, *left):
    stormy = study(tmp_path / "stormy", rows)
    for name in left:
        place = stormy / "data" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    return list(soak.broken(study(tmp_path / "calm", ROWS), stormy, 3))


def test_an_equal_study_is_whole(tmp_path):
    assert told(tmp_path, ROWS, ".gitignore", "work/jobs/0a/x.safetensors") == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[:2], "2 and 3 rows, not 3"),
        ([ROWS[0], ROWS[0], ROWS[2]], "a job is there twice"),
        ([*ROWS[:2], {**ROWS[2], "status": "failed"}], "1 jobs are not done"),
        ([*ROWS[:2], {**ROWS[2], "image": {"bytes": b"x"}}], "1 pictures differ from"),
    ],
)
def test_what_is_missing_double_failed_or_different_is_told(tmp_path, rows, words):
    assert any(line.startswith(words) for line in told(tmp_path, rows))


@pytest.mark.parametrize(
    "name",
    ["work/.x.safetensors.1-a", "work/checkpoints/a.safetensors", "work/damaged/a"],
)
def test_what_is_left_behind_is_told(tmp_path, name):
    assert told(tmp_path, ROWS, name) == [f"data/{name} was left behind"]


def test_growth_shows_in_the_last_quarter_of_a_run():
    assert soak.halves([9, 9, 9, 9, 1, 2, 3, 4]) == (2, 4)
    assert soak.halves([]) == (0, 0)
