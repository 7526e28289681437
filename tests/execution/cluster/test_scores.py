"""Scores by the workers of a cluster are those of one process, row by row."""

import pytest

from stages import invert, score
from stages.execution.cluster import version
from stages.metrics import chunks
from stages.metrics.scoring import Scorer
from stages.process.stage import Refusal
from stages.store import paths, tables
from stages.store.objects import Objects

pytest.importorskip("distributed", reason="Dask is not installed")

PLACE = paths.work() / "shared"


def rows():
    return list(tables.rows(paths.SCORES))


@pytest.fixture
def scored(study, one_thread, monkeypatch):
    """Invert and score a study in this process; return its rows."""
    # More than one chunk.
    monkeypatch.setattr(chunks, "CHUNK", 2)
    study("processes: 1")
    invert.main()
    score.main()
    return rows()


@pytest.fixture
def here(monkeypatch):
    """Return the chunks that are scored in this process from now on."""
    found, made = [], Scorer.rows

    def noted(scorer, chunk, *advance):
        found.append(chunk)
        return made(scorer, chunk, *advance)

    monkeypatch.setattr(Scorer, "rows", noted)
    return found


def test_workers_make_the_same_rows_and_leave_nothing(study, two_workers, scored, here):
    study(f"backend: dask, address: '{two_workers.address}'")
    score.main()
    assert rows() == scored
    assert here == []
    assert not Objects(f"{PLACE.absolute()}").names("scores")


def test_codes_may_be_computed_by_the_workers(study, two_workers, scored, here):
    study(f"targets: recompute, backend: dask, address: '{two_workers.address}'")
    score.main()
    assert here == []
    for found, expected in zip(rows(), scored, strict=True):
        error = expected["relative_error_8bit"]
        assert found["relative_error_8bit"] == pytest.approx(error, rel=1e-4)


DEADLY = """
import os, signal, sys
if any("dask_worker" in word or "multiprocessing" in word for word in sys.orig_argv):
    from stages.metrics import scoring
    measure = scoring._measures
    def deadly(rows, pictures, held):
        if any(row["prior"] == "none" and row["seed"] == 0 for row in rows):
            os.kill(os.getpid(), signal.SIGKILL)
        return measure(rows, pictures, held)
    scoring._measures = deadly
"""


def test_what_workers_die_of_is_scored_where_the_study_is(study, cluster, scored, here):
    cluster.join(2, DEADLY)
    study(f"backend: dask, address: '{cluster.address}'")
    score.main()
    assert rows() == scored
    assert 0 < len(here) < 5


def test_rows_that_were_left_are_not_made_again(
    study, two_workers, scored, monkeypatch
):
    study(f"backend: dask, address: '{two_workers.address}'")
    monkeypatch.setattr(Objects, "drop", lambda *names: None)
    score.main()
    objects = Objects(f"{PLACE.absolute()}")
    before = {p: p.stat().st_mtime_ns for p in (PLACE / "scores").iterdir()}
    assert len(before) == len(objects.names("scores")) > 5
    score.main()
    assert {p: p.stat().st_mtime_ns for p in (PLACE / "scores").iterdir()} == before
    assert rows() == scored


def test_workers_with_another_version_of_the_program_are_refused(
    study, two_workers, scored, monkeypatch
):
    study(f"backend: dask, address: '{two_workers.address}'")
    monkeypatch.setattr("stages.metrics.scoring_task.program", lambda: "another")
    with pytest.raises(Refusal, match="another version of this program"):
        score.main()
    assert version.program() != "another"
