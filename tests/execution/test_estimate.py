"""What a study costs, by arithmetic; and what is beyond a machine."""

from dataclasses import replace

import pytest

from stages.execution import estimate as estimates
from stages.execution.estimate import (
    BYTES_A_RECORD,
    Estimate,
    beyond,
    check,
    clock_seconds,
    estimate,
    rooms,
)
from stages.execution.processes import DENOISER_BYTES_A_PIXEL, process_bytes
from stages.execution.step_time import DENOISER_SECONDS_A_PIXEL, step_seconds
from stages.params.execution import ExecutionSettings
from stages.plan.jobs import jobs
from stages.plan.planned import Pictured
from stages.plan.representations import job_costs
from stages.plan.study import expand
from stages.process.stage import Refusal
from stages.store import paths
from tests.conftest import PARAMS

PICTURES = [Pictured("0" * 16, "astronaut"), Pictured("1" * 16, "camera")]


def changed(old="", new=""):
    paths.PARAMS.write_text(PARAMS.replace(old, new))
    return expand()


def test_an_estimate_is_the_sum_over_the_jobs_of_the_plan(small_study):
    study = changed()
    plan = jobs(study, PICTURES)
    cost = estimate(study, 2)
    # Two representations with two seeds, one more prior, of two pictures each.
    assert cost.jobs == len(plan) == 10
    assert cost.seconds == pytest.approx(sum(map(estimates.job_seconds, plan)))
    assert cost.disk == 10 * (3 * 32 * 32 + BYTES_A_RECORD)
    # 27 channels of 4 x 4 cells, in 4 bytes, of two representations and pictures.
    assert cost.codes == 4 * 2 * 2 * 27 * 4 * 4
    assert cost.process == max(map(process_bytes, plan))


def test_a_batch_costs_what_its_jobs_do(small_study, monkeypatch):
    dear, cheap = (job for job in jobs(changed(), PICTURES)[:2])
    seconds = {dear.key: 30.0, cheap.key: 1.0}
    monkeypatch.setattr(estimates, "job_seconds", lambda job: seconds[job.key])
    assert list(estimates.costs([[dear, dear], [cheap]])) == [(2, 60.0), (1, 1.0)]


@pytest.mark.parametrize(
    ("old", "new", "n_jobs"),
    [
        ("seeds: 2", "seeds: [3, 5, 9]", 14),
        ("seeds: 2", "seeds: 2, images: 1", 6),
        ("seeds: 2", "seeds: 2, images: 9", 10),
        ("seeds: 2", "seeds: 2, images: [camera]", 6),
    ],
)
def test_seeds_and_images_are_counted_in_all_ways_of_writing(
    small_study, old, new, n_jobs
):
    study = changed(old, new)
    assert estimate(study, 2).jobs == len(jobs(study, PICTURES)) == n_jobs


def test_a_job_takes_its_steps_and_what_is_evaluated_at_both_ends(small_study):
    job = jobs(changed(), PICTURES)[0]
    step = step_seconds(job_costs(job.cell.definition, job.cell.layer))
    assert estimates.job_seconds(job) == pytest.approx((6 + 3) * step)


def test_a_denoiser_takes_its_time_by_the_pixel_where_it_runs(small_study):
    plain = jobs(changed(), PICTURES)[0]
    study = changed("lambda_tv: 0.05}", "denoiser: embedded, lambda_denoiser: 2}")
    plan = jobs(study, PICTURES)
    assert estimate(study, 2).seconds == pytest.approx(
        sum(map(estimates.job_seconds, plan))
    )
    more = estimates.job_seconds(plan[0]) - estimates.job_seconds(plain)
    a_step = DENOISER_SECONDS_A_PIXEL * 32 * 32 / 2
    assert more == pytest.approx((6 + 3) * a_step)


def test_a_denoiser_takes_its_memory_by_the_pixel_of_a_batch(small_study):
    plain = jobs(changed(), PICTURES)[0]
    study = changed("lambda_tv: 0.05}", "denoiser: embedded, lambda_denoiser: 2}")
    plan = jobs(study, PICTURES)
    assert estimate(study, 2).process == max(map(process_bytes, plan))
    more = process_bytes(plan[0]) - process_bytes(plain)
    assert more == plan[0].batch_size * DENOISER_BYTES_A_PIXEL * 32 * 32


def test_the_clock_shows_two_starts_and_what_each_core_does():
    # The stage's own and, after it, that of its processes, which start together.
    assert clock_seconds(30.0, 2) == 2 * 4 + 15
    assert clock_seconds(0.0, 2) == 0


SMALL = Estimate(jobs=1, seconds=1.0, disk=1, codes=1, process=1)


@pytest.mark.parametrize(
    ("much", "words"),
    [
        ({"jobs": 200_001}, "200,001 jobs (more than 200,000)"),
        ({"seconds": 1e12}, "of computing"),
        ({"process": 1 << 60}, "of memory ("),
    ],
)
def test_what_is_beyond_the_machine_is_told(much, words):
    cost = Estimate(**{**vars(SMALL), **much})
    (told,) = beyond(cost, ExecutionSettings(device="cpu"))
    assert words in told
    assert beyond(SMALL, ExecutionSettings()) == []


def test_a_gpu_has_memory_and_a_speed_of_its_own(monkeypatch):
    cost = Estimate(**{**vars(SMALL), "process": 1 << 60, "seconds": 1e12})
    assert beyond(cost, ExecutionSettings(device="cuda:1")) == []
    for there in (True, False):
        monkeypatch.setattr("torch.cuda.is_available", lambda there=there: there)
        assert bool(beyond(cost, ExecutionSettings())) is not there


def test_a_study_beyond_the_machine_is_refused_unless_it_is_allowed(small_study):
    study = changed("seeds: 2", "seeds: 100001")
    with pytest.raises(Refusal, match=r"takes 400,006 jobs .*allow_large: true"):
        check(study, 2)
    allowed = study.params.execution.model_copy(update={"allow_large": True})
    params = study.params.model_copy(update={"execution": allowed})
    check(replace(study, params=params), 2)
    check(changed(), 2)


def test_finished_jobs_need_no_more_room_in_the_store(small_study):
    plan = jobs(changed(), PICTURES)
    needed = rooms(plan, plan[:4])
    assert needed[paths.work()] == 4 * (32 * 32 + BYTES_A_RECORD)
    assert needed[paths.PREIMAGES] == 2 * 10 * 32 * 32
