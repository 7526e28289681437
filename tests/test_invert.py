"""The invert stage: only what is missing, nothing lost, one failure stops no other."""

import itertools
import json
import os
import signal

import pytest
import torch
from safetensors.torch import save_file

from stages import extract, invert
from stages.execution import runner, targets
from stages.execution.batch import Batch
from stages.preimage.denoiser import Denoiser
from stages.preimage.priors import PRIORS
from stages.process.stage import _MAILBOX, Interrupted
from stages.store import files, paths, tables
from stages.store.jobs import JobStore
from stages.store.schemas import OUTCOME, TRACE
from tests.conftest import PARAMS


@pytest.fixture
def study(small_study):
    extract.main()
    targets._opened.cache_clear()
    yield small_study
    targets._opened.cache_clear()


@pytest.fixture
def computed(monkeypatch):
    """Count the jobs of every batch that runs."""
    counts = []
    compute = Batch.compute
    monkeypatch.setattr(
        Batch,
        "compute",
        lambda self, after: (counts.append(len(self.jobs)), compute(self, after))[1],
    )
    return counts


def rows():
    return list(tables.rows(paths.PREIMAGES))


def pictures():
    return {row["key"]: row["image"]["bytes"] for row in rows()}


def test_every_job_of_the_plan_has_its_row_in_order(study):
    invert.main()
    found = [
        (r["representation"], r["image_name"], r["seed"], r["solver"]) for r in rows()
    ]
    fast = itertools.product(["hog", "hogb"], ["oval", "box"], [0, 1], ["fast"])
    assert found == [*fast, ("hogb", "oval", 0, "paper"), ("hogb", "box", 0, "paper")]
    assert {row["status"] for row in rows()} == {"done"}
    assert all(row["trace"][-1]["step"] == row["steps"] for row in rows())
    assert all(row["lambda_tv"] == 0 for row in rows() if row["prior"] == "none")


def test_a_second_run_computes_nothing_and_writes_the_same(study, computed):
    invert.main()
    first, n = pictures(), len(computed)
    invert.main()
    assert len(computed) == n
    assert pictures() == first


def test_a_damaged_job_is_computed_again(study, computed):
    invert.main()
    before = pictures()
    path = next((paths.work() / "jobs").rglob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-1])
    del computed[:]
    invert.main()
    assert computed == [1]
    assert pictures() == before


def test_adding_a_seed_or_a_picture_computes_only_that(study, computed):
    invert.main()
    before = pictures()
    del computed[:]
    study(PARAMS.replace("seeds: 2", "seeds: 3"))
    invert.main()
    assert sum(computed) == 4  # 2 representations x 2 pictures
    study(names=("oval", "box", "moon"))
    extract.main()
    targets._opened.cache_clear()
    del computed[:]
    invert.main()
    assert sum(computed) == 5  # 2 representations x 2 seeds, and the paper's solver
    assert before.items() <= pictures().items()


def test_a_failing_job_is_named_kept_apart_and_tried_again(study, monkeypatch, capsys):
    make_batch = runner.make_batch

    def sabotage(chosen, *arguments):
        if any(job.image_name == "box" and job.seed == 1 for job in chosen):
            raise RuntimeError("out of\nmemory")
        return make_batch(chosen, *arguments)

    monkeypatch.setattr(runner, "make_batch", sabotage)
    invert.main()
    failed = [row for row in rows() if row["status"] == "failed"]
    assert [(row["image_name"], row["seed"]) for row in failed] == [("box", 1)] * 2
    assert {row["reason"] for row in failed} == {"RuntimeError: out of memory"}
    assert all(row["image"] is None for row in failed)
    assert "failed: hog / hog" in capsys.readouterr().err
    monkeypatch.setattr(runner, "make_batch", make_batch)
    invert.main()
    assert {row["status"] for row in rows()} == {"done"}
    assert JobStore(paths.work()).failed() == {}


def test_a_run_stopped_by_a_signal_goes_on_to_the_same_bytes(study, monkeypatch):
    invert.main()
    undisturbed = pictures()
    for path in sorted(paths.work().rglob("*.safetensors")):
        path.unlink()
    steps = itertools.count()
    compute = Batch.compute

    def interrupted(self, after_step):
        def step_and_stop(step):
            if next(steps) == 10:
                os.kill(os.getpid(), signal.SIGTERM)
            after_step(step)

        return compute(self, step_and_stop)

    previous = signal.signal(signal.SIGTERM, _MAILBOX.receive)
    try:
        monkeypatch.setattr(Batch, "compute", interrupted)
        with pytest.raises(Interrupted, match="SIGTERM"):
            invert.main()
    finally:
        signal.signal(signal.SIGTERM, previous)
    job_store = JobStore(paths.work())
    (checkpoint,) = job_store.checkpoints()
    assert checkpoint.tensors["progress"][0] > 0
    assert len(job_store.finished()) == 3  # the first batch
    invert.main()
    assert pictures() == undisturbed
    assert job_store.checkpoints() == []


def test_checkpoints_are_written_while_a_batch_runs(study, monkeypatch):
    saved = []
    monkeypatch.setattr(runner, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(
        JobStore, "save_checkpoint", lambda self, one: saved.append(one.tensors)
    )
    invert.main()
    assert {int(tensors["progress"][0]) for tensors in saved} == set(range(1, 7))


def with_denoiser(folder):
    """Return the small study with a prior of a small, untrained denoiser."""
    architecture = {"widths": [8, 8], "down": [0, 1], "up": [1, 0]}
    torch.manual_seed(0)
    network = Denoiser(**architecture)
    torch.nn.init.normal_(network.tail.weight, std=0.1)
    told = {"architecture": json.dumps(architecture)}
    save_file(network.state_dict(), folder / "own.safetensors", metadata=told)
    prior = "{lambda_tv: 0.05, denoiser: own.safetensors, lambda_denoiser: auto}"
    return PARAMS.replace("  none:", f"  learned: {prior}\n  none:").replace(
        "hogb, prior: none, solver: paper", "hog, prior: [default, learned], seeds: 3"
    )


def test_a_learned_prior_is_a_row_of_the_study_with_a_term_of_its_own(study, tmp_path):
    study(with_denoiser(tmp_path))
    invert.main()
    learned = [row for row in rows() if row["prior"] == "learned"]
    plain = [row for row in rows() if row["prior"] == "default"]
    assert len(learned) == 6
    assert {row["status"] for row in rows()} == {"done"}
    assert {row["lambda_denoiser"] for row in plain} == {None}
    assert {row["denoiser_term"] for row in plain} == {None}
    (weight,) = {row["lambda_denoiser"] for row in learned}
    assert weight > 0
    for row in learned:
        assert row["denoiser_term"] > 0
        parts = [row[name] for name in invert.TERMS]
        assert row["objective"] == pytest.approx(sum(parts))
        assert row["trace"][-1]["denoiser_term"] == pytest.approx(row["denoiser_term"])
    hog = {r["image"]["bytes"] for r in plain if r["representation"] == "hog"}
    assert not hog & {row["image"]["bytes"] for row in learned}


def test_company_changes_no_byte_of_a_pre_image_with_a_learned_prior(study, tmp_path):
    study(with_denoiser(tmp_path))
    invert.main()
    before = pictures()
    for path in sorted(paths.work().rglob("*.safetensors")):
        path.unlink()
    study(with_denoiser(tmp_path), names=("box", "oval"))
    extract.main()
    targets._opened.cache_clear()
    invert.main()
    assert pictures() == before


def test_every_prior_has_its_column():
    formulas = {field.name: field.metadata[b"meaning"].decode() for field in OUTCOME}
    assert [field.name for field in TRACE.value_type] == ["step", *invert.TERMS]
    for row in PRIORS:
        assert formulas[f"{row.name}_term"].startswith(row.weight)


def test_parts_of_a_larger_study_are_removed(study):
    stale = paths.PREIMAGES / "part-00007.parquet"
    files.write_bytes(stale, b"stale")
    invert.main()
    assert [path.name for path in paths.PREIMAGES.iterdir()] == ["part-00000.parquet"]


def test_a_study_is_laid_out_in_parts(study, monkeypatch):
    monkeypatch.setattr(invert, "ROWS_A_PART", 4)
    invert.main()
    assert len(list(paths.PREIMAGES.iterdir())) == 3
    assert len(rows()) == 10
