"""The times of stages: kept beside the data, until the stage runs again."""

import time

import pytest

from stages.process.stage import Refusal
from stages.store import paths
from stages.store.times import stage_times, timed

STAGES = ("fetch", "score")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_stage_that_ended_has_the_seconds_that_it_took():
    timed("score", lambda: time.sleep(0.05))()
    found = stage_times(STAGES)
    assert list(found) == ["score"]
    assert found["score"].wall >= 0.05
    assert found["score"].cpu >= 0.0


def test_a_stage_that_runs_again_has_its_last_time_and_the_others_keep_theirs():
    timed("fetch", lambda: None)()
    timed("score", lambda: time.sleep(0.05))()
    before = stage_times(STAGES)
    timed("score", lambda: None)()
    after = stage_times(STAGES)
    assert after["fetch"] == before["fetch"]
    assert after["score"].wall < 0.05 <= before["score"].wall


def test_a_stage_that_fails_keeps_the_time_before():
    timed("score", lambda: None)()
    before = stage_times(STAGES)

    def fail():
        raise Refusal("no")

    with pytest.raises(Refusal, match="no"):
        timed("score", fail)()
    assert stage_times(STAGES) == before


def test_a_damaged_time_is_none_and_stops_nothing():
    timed("score", lambda: None)()
    place = paths.work() / "times" / "score.json"
    place.write_bytes(place.read_bytes()[:-3])
    assert stage_times(STAGES) == {}


def test_a_time_that_cannot_be_kept_stops_nothing():
    paths.work().mkdir(parents=True)
    (paths.work() / "times").write_text("a file where the folder should be")
    ran = []
    timed("score", lambda: ran.append(1))()
    assert ran == [1]
    assert stage_times(STAGES) == {}
