"""What a step takes, by arithmetic."""

from stages.execution.step_time import denoiser_seconds, step_seconds
from stages.plan.costs import Costs


def test_a_step_takes_longer_the_more_is_multiplied_and_kept():
    cost = Costs(10**9, 10**8, 0)
    for more in (Costs(2 * 10**9, 10**8, 0), Costs(10**9, 2 * 10**8, 0)):
        assert step_seconds(more) > step_seconds(cost) > 0


def test_a_step_of_what_was_timed_is_within_a_factor_of_two():
    # Milliseconds of one core: AlexNet's conv1 and relu5, CaffeNet's relu4, HOGb.
    timed = {
        (70.3e6, 18.9e6): 7.66,
        (655.6e6, 21.6e6): 36.1,
        (48.3e6, 3.3e6): 4.10,
        (5.3e6, 2.8e6): 2.65,
    }
    for (multiply_adds, n_bytes), milliseconds in timed.items():
        told = 1000 * step_seconds(Costs(int(multiply_adds), int(n_bytes), 0))
        assert milliseconds / 2 < told < 2 * milliseconds


def test_a_denoiser_takes_its_time_by_the_pixel_and_where_it_runs():
    assert denoiser_seconds(64**2, 2) * 4 == denoiser_seconds(128**2, 2)
    assert denoiser_seconds(64**2, 4) * 2 == denoiser_seconds(64**2, 2)
    # 8.9 ms of one core at 224 pixels, as timed.
    assert 0.0089 / 2 < denoiser_seconds(224**2, 1) < 0.0089 * 2
