"""Two studies compared: by hand, with known noise, and what cannot be compared."""

import math

import pytest

from stages.page.comparison.differences import compared, compared_metrics


@pytest.fixture
def study(score, table):
    """Return a function that makes a study of one cell: PSNR by picture and seed."""

    def make(psnr, **labels):
        blank = dict.fromkeys(compared_metrics())
        return table(
            *(
                score(
                    **{
                        **blank,
                        "psnr": value,
                        "image_id": image,
                        "seed": seed,
                        **labels,
                    }
                )
                for (image, seed), value in psnr.items()
            )
        )

    return make


def psnr(comparison):
    (found,) = [one for one in comparison.differences if one.metric == "psnr"]
    return found


def test_the_change_is_the_mean_over_pairs(study):
    before = study({("a", 0): 10.0, ("b", 0): 20.0, ("c", 0): 99.0})
    after = study({("b", 0): 24.0, ("a", 0): 12.0})
    found = psnr(compared(before, after))
    assert (found.before, found.after, found.change, found.n) == (15.0, 18.0, 3.0, 2)
    assert found.cell == ("hog", "hog", "all", "all", "fast", "default")


def test_noise_by_hand(study):
    # Seeds of a: 10 and 12, variance 2; of b: 20 and 20, variance 0; the same after.
    # Pooled variance 1; four pairs: sqrt(2 * 1 / 4).
    values = {("a", 0): 10.0, ("a", 1): 12.0, ("b", 0): 20.0, ("b", 1): 20.0}
    shifted = {key: value + 1 for key, value in values.items()}
    found = psnr(compared(study(values), study(shifted)))
    assert found.noise == pytest.approx(math.sqrt(0.5))
    assert found.verdict == "within noise"


@pytest.mark.parametrize(("step", "verdict"), [(3.0, "better"), (-3.0, "worse")])
def test_beyond_two_standard_errors_is_better_or_worse(study, step, verdict):
    values = {("a", 0): 10.0, ("a", 1): 12.0, ("b", 0): 20.0, ("b", 1): 20.0}
    shifted = {key: value + step for key, value in values.items()}
    assert psnr(compared(study(values), study(shifted))).verdict == verdict


def test_less_of_an_error_is_better(score, table):
    rows = [
        table(*(score(error + 0.01 * seed, seed=seed) for seed in range(3)))
        for error in (0.5, 0.1)
    ]
    found = {one.metric: one.verdict for one in compared(*rows).differences}
    assert found["relative_error_8bit"] == "better"
    assert found["psnr"] == "worse"


def test_equal_studies_are_the_same_and_one_seed_has_no_known_noise(study):
    one = study({("a", 0): 10.0, ("b", 0): 12.0})
    assert psnr(compared(one, one)).verdict == "same"
    other = study({("a", 0): 11.0, ("b", 0): 13.0})
    found = psnr(compared(one, other))
    assert (found.noise, found.verdict) == (None, "noise unknown")


def test_the_noise_of_the_layer_comes_before_that_of_the_representation(score, table):
    def study(offset):
        own = [score(psnr=10.0 + offset + s, seed=s, layer="relu2") for s in (0, 1)]
        other = [score(psnr=30.0 + 9 * s, seed=s, layer="fc8") for s in (0, 1)]
        lone = [score(psnr=20.0 + offset, seed=0, layer="conv1")]
        return table(*own, *other, *lone)

    found = {
        one.cell[1]: one.noise
        for one in compared(study(0), study(1)).differences
        if one.metric == "psnr"
    }
    assert found["relu2"] == pytest.approx(math.sqrt(2 * 0.5 / 2))
    assert found["fc8"] == pytest.approx(math.sqrt(2 * 40.5 / 2))
    assert found["conv1"] == pytest.approx(math.sqrt(2 * (0.5 + 40.5) / 2))


def test_cells_of_one_study_alone_are_named(study):
    before, after = study({("a", 0): 1.0}), study({("a", 0): 1.0}, layer="fc8")
    found = compared(before, after)
    assert found.differences == []
    assert found.only_before == [("hog", "hog", "all", "all", "fast", "default")]
    assert found.only_after == [("hog", "fc8", "all", "all", "fast", "default")]


def test_failed_jobs_infinite_values_and_missing_columns_are_left_out(study):
    before = study({("a", 0): 10.0, ("b", 0): math.inf, ("c", 0): 12.0})
    before.loc[2, "status"] = "failed"
    after = study({("a", 0): 10.5, ("b", 0): 11.0, ("c", 0): 1.0})
    found = psnr(compared(before.drop(columns="lpips_vgg"), after))
    assert (found.n, found.change) == (1, 0.5)


def test_the_signs_of_single_changes_follow_the_better_end(score, table):
    before = table(*(score(0.5, image_id=name) for name in "abc"))
    after = table(
        *(score(e, image_id=n) for n, e in zip("abc", (0.4, 0.3, 0.9), strict=True))
    )
    found = {one.metric: one for one in compared(before, after).differences}
    tally = [(found[m].n_better, found[m].n_worse) for m in found]
    assert tally[list(found).index("relative_error_8bit")] == (2, 1)
    assert tally[list(found).index("psnr")] == (1, 2)
