"""Target codes: stored ones, or the same computed again, and no file left of them."""

import pytest
import torch

from stages import extract, invert, score
from stages.execution import runner as attempts
from stages.execution import targets
from stages.params.representations import HogSettings
from stages.plan import settings
from stages.store import paths, tables
from tests.conftest import PARAMS

CPU = torch.device("cpu")
HOGB = HogSettings(kind="hog", side=32, assignment="bilinear")


@pytest.fixture(autouse=True)
def _fresh():
    targets.targets.cache_clear()
    yield
    targets.targets.cache_clear()


@pytest.fixture
def both(small_study):
    """Return the stored codes of a layer and those computed again."""
    extract.main()
    return [
        targets.targets("hogb", "hog", HOGB, k, CPU) for k in ("store", "recompute")
    ]


def test_codes_computed_again_are_the_stored_ones(both):
    stored, again = both
    assert again.image_ids == stored.image_ids
    assert again.shape == stored.shape
    torch.testing.assert_close(again.all(), stored.all())
    some = stored.image_ids[::-1]
    torch.testing.assert_close(again.of(some), stored.of(some))


def test_a_code_does_not_depend_on_its_company(both):
    _, again = both
    first, second = again.image_ids
    together = again.of([first, second, first])
    assert torch.equal(together[0], again.of([first])[0])
    assert torch.equal(together[0], together[2])


def test_the_scratch_file_is_gone_and_its_codes_stay(both):
    _, again = both
    codes = again.all()
    assert not list(paths.work().rglob("*.safetensors"))
    assert codes.shape == (2, *again.shape)
    assert torch.isfinite(codes).all()


def test_a_study_that_stores_no_codes(small_study):
    text = PARAMS.replace("width: 3}", "width: 3, targets: recompute}")
    small_study(text)
    for stage in (extract, invert, score):
        stage.main()
    assert [path.name for path in paths.TARGETS.rglob("*.*")] == ["statistics.json"]
    rows = list(tables.rows(paths.SCORES, ["kind", "status", "relative_error_8bit"]))
    jobs = [row for row in rows if row["kind"] == "preimage"]
    assert len(jobs) == 10
    assert {row["status"] for row in jobs} == {"done"}
    assert all(row["relative_error_8bit"] < 1.5 for row in jobs)


def test_codes_computed_again_make_other_jobs(small_study):
    def keys(text):
        small_study(text)
        plan = invert.planned(settings.load("invert"), invert.pictures())
        return {job.key for job in plan}

    stored = keys(PARAMS)
    again = keys(PARAMS.replace("width: 3}", "width: 3, targets: recompute}"))
    assert len(stored) == len(again) == 10
    assert not stored & again


def test_a_batch_s_targets_follow_the_params(small_study):
    small_study(PARAMS.replace("width: 3}", "width: 3, targets: recompute}"))
    study = settings.load("invert")
    job = invert.planned(study, invert.pictures())[0]
    assert isinstance(attempts.job_targets(job, study, CPU), targets.Recomputed)
