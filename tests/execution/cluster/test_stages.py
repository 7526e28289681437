"""Codes and scores by a cluster's workers are those of one process, byte by byte."""

import pytest
from PIL import Image

from stages import extract, invert, score
from stages.execution.cluster import extraction
from stages.execution.cluster.client import in_order
from stages.metrics import chunks, scoring_task
from stages.metrics.scoring import Scorer
from stages.store import paths, tables
from stages.store.objects import Objects
from tests import conftest
from tests.conftest import PARAMS, write_pictures

pytest.importorskip("distributed", reason="Dask is not installed")

PLACE = paths.work() / "shared"


def left(folder):
    """Return what lies in a folder of the shared place, with its time."""
    return {path: path.stat().st_mtime_ns for path in (PLACE / folder).rglob("*.*")}


# codes ------------------------------------------------------------------------------

# More pictures than a batch holds, and a network of several layers.
NAMES = [f"{i}" for i in range(18)]
NET = PARAMS.replace("priors:", "  net: {kind: caffenet}\npriors:", 1).replace(
    "grid:", "grid:\n  - {representation: net, layers: [conv1, relu2, pool5]}"
)


def noisy(name):
    """Return a picture that no other name has."""
    return Image.effect_noise((32, 32), 50 + len(name)).convert("RGB")


def stored():
    return {path: path.read_bytes() for path in paths.TARGETS.rglob("*.*")}


@pytest.mark.parametrize("die", [False, True], ids=["workers", "workers that die"])
# Codes that are recomputed are those of a picture by itself, and are looked at alone.
@pytest.mark.parametrize("kept", ["store", "recompute"])
def test_codes_by_workers_have_the_same_bytes_and_leave_nothing(
    study, one_thread, two_workers, monkeypatch, die, kept
):
    monkeypatch.setattr(conftest, "drawing", noisy)
    study(f"processes: 1, targets: {kept}", text=NET)
    write_pictures(NAMES)
    extract.main()
    alone, batches = stored(), []

    def counted(client, run, items, execution):
        items = list(items)
        batches.extend(item.task.places for item in items)
        # What workers die of comes back as None: here the last pictures.
        taken = [*items[:1], None] if die else items
        return in_order(client, run, iter(taken), execution)

    monkeypatch.setattr(extraction, "in_order", counted)
    text, dask = paths.PARAMS.read_text(), f"address: '{two_workers.address}'"
    paths.PARAMS.write_text(text.replace("processes: 1", f"backend: dask, {dask}"))
    extract.main()
    assert stored() == alone
    # HOG, DSIFT, and the network: its layers at once, or as many as the largest takes.
    n = 3 if kept == "store" else 4
    assert batches == n * [range(16), range(16, 18)]
    assert not Objects(f"{PLACE.absolute()}").names("codes")


# scores -----------------------------------------------------------------------------


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


def test_scores_by_workers_are_the_same_and_made_once(
    study, two_workers, scored, here, monkeypatch
):
    study(f"backend: dask, address: '{two_workers.address}'")
    with monkeypatch.context() as killed:
        # As if the run had ended before it took away what it had read.
        killed.setattr(Objects, "drop", lambda *names: None)
        score.main()
    assert rows() == scored
    before = left("scores")
    assert len(before) == 4
    monkeypatch.setattr(scoring_task, "Pending", None)
    score.main()
    assert rows() == scored
    assert here == []
    assert not left("scores")


def test_what_workers_die_of_and_what_was_taken_away_is_scored_here(
    study, two_workers, scored, here, monkeypatch
):
    def lost(client, run, items, execution):
        for i, _ in enumerate(items):
            yield "scores/of-another-run.parquet" if i % 2 else None

    monkeypatch.setattr(scoring_task, "in_order", lost)
    study(f"backend: dask, address: '{two_workers.address}'")
    score.main()
    assert rows() == scored
    assert len(here) == 4


def test_scores_to_codes_that_workers_compute(study, two_workers, scored, here):
    study(f"targets: recompute, backend: dask, address: '{two_workers.address}'")
    score.main()
    assert here == []
    for found, expected in zip(rows(), scored, strict=True):
        error = expected["relative_error_8bit"]
        assert found["relative_error_8bit"] == pytest.approx(error, rel=1e-4)
