"""All metrics of a batch, on random pictures, with stubs for large networks."""

import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d

from stages.metrics.code import pairwise_statistics
from stages.metrics.judge import Judge
from stages.metrics.judges import Judges
from stages.metrics.measured import Measured
from stages.metrics.measures import measures, seed_measures
from stages.metrics.table import METRICS, of_images


@cache
def judge():
    torch.manual_seed(0)
    return Judge()


class Averages:
    """A network whose features are averages and whose classes are their pixels."""

    def features(self, images):
        assert images.shape[1:] == (3, 224, 224)
        return [adaptive_avg_pool2d(images, side) for side in (16, 4)]

    def scores(self, last):
        return last.flatten(1)


def random_images(seed, side, n=3):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(n, 3, side, side, generator=generator) * 255).round()


def batch(side=16, **changes):
    """Return three random pre-images whose codes are their pixels."""
    pictures, originals, others = (random_images(seed, side) for seed in range(3))
    entries = torch.ones(3, side, side, dtype=torch.bool)
    measured = Measured(
        pictures=pictures,
        originals=originals,
        others=others,
        starts=random_images(3, side),
        mean_colour=torch.full((3, 1, 1), 128.0),
        codes=pictures,
        targets=originals,
        foreign=[(others[0], torch.zeros(3, dtype=torch.bool))],
        entries=entries,
        pairs=pairwise_statistics(originals, entries),
        field=(0, side // 2, 0, side),
        computed_distances=torch.tensor([1.0, 2.0, torch.nan], dtype=torch.float64),
        judges=Judges(judge(), torch.device("cpu"), imagenet=Averages()),
    )
    return replace(measured, **changes)


@pytest.mark.parametrize("side", [16, 128])
def test_every_metric_is_in_its_range_or_null(side):
    for row in measures(batch(side)):
        assert list(row) == [metric.name for metric in of_images()]
        for metric in of_images():
            value, (low, high) = row[metric.name], metric.span
            assert value is None or low <= value <= high, metric.name
            assert value is None or isinstance(value, bool) == metric.is_truth
            if not metric.name.startswith(("lpips", "imagenet")):
                known = value is not None or metric.name.endswith("_float")
                assert known, metric.name


def test_the_best_end_is_where_a_picture_equals_its_original():
    pictures = random_images(1, 128)
    same = measures(batch(128, pictures=pictures, codes=pictures))[0]
    for metric in of_images():
        if metric.better and same[metric.name] is not None:
            best = metric.span[metric.better == "higher"]
            if not metric.name.endswith("_float"):
                assert same[metric.name] == pytest.approx(best, abs=1e-6), metric.name


def test_a_metric_belongs_to_its_own_image():
    together = measures(batch())
    alone = measures(
        batch(
            **{
                name: getattr(batch(), name)[1:2]
                for name in ("pictures", "originals", "others", "starts", "codes")
            },
            targets=batch().targets[1:2],
            foreign=[(batch().others[0], torch.zeros(1, dtype=torch.bool))],
            computed_distances=batch().computed_distances[1:2],
        )
    )
    numbers = {name: value for name, value in together[1].items() if value is not None}
    assert {name: alone[0][name] for name in numbers} == pytest.approx(numbers)


def test_a_distance_that_was_not_computed_is_null():
    first, _, last = measures(batch())
    assert last["relative_error_float"] is last["normalised_error_float"] is None
    assert first["relative_error_float"] > 0
    assert last["relative_error_8bit"] > 0


def test_what_has_no_start_has_no_energy():
    row = measures(batch(starts=None))[0]
    assert row["inside_energy"] is row["outside_energy"] is None


def test_the_null_of_patches_needs_another_picture():
    row = measures(batch(others=None))[0]
    assert row["patch_other"] is None
    assert row["patch_anywhere"] is not None


def test_lpips_is_where_its_network_is():
    distances = {"lpips_alex": lambda one, other: (one - other).amax(dim=(1, 2, 3))}
    judges = replace(batch().judges, lpips=distances)
    row = measures(batch(judges=judges))[0]
    assert row["lpips_alex"] > 0
    assert row["lpips_vgg"] is row["lpips_squeeze"] is None


IMAGENET = [metric.name for metric in METRICS if metric.name.startswith("imagenet")]


def test_the_imagenet_network_judges_from_128_pixels_on():
    assert len(IMAGENET) == 4
    judged, small = measures(batch(128))[0], measures(batch(127))[0]
    assert all(judged[name] is not None for name in IMAGENET)
    assert all(small[name] is None for name in IMAGENET)
    assert small["judge_distance"] is not None


def test_without_its_weights_the_imagenet_network_judges_nothing():
    judges = replace(batch().judges, imagenet=None)
    row = measures(batch(128, judges=judges))[0]
    assert all(row[name] is None for name in IMAGENET)


def test_the_rank_of_the_imagenet_label_by_hand():
    # The original's brightest sixteenth, a corner, has eight above it in the pre-image.
    original, picture = torch.zeros(2, 3, 128, 128)
    original[0, :32, :32] = 200
    picture[0, :32, :32] = 100
    picture[1, :32, :] = picture[2, :32, :] = 150
    row = measures(
        batch(
            128,
            pictures=picture.expand(3, -1, -1, -1),
            originals=original.expand(3, -1, -1, -1),
        )
    )[0]
    assert row["imagenet_rank"] == 9.0
    assert row["imagenet_agrees"] is row["imagenet_top5"] is False


def test_seeds_have_their_distance_in_common():
    levels = torch.tensor([10.0, 14.0]).reshape(2, 1, 1, 1).expand(2, 1, 4, 4)
    assert seed_measures(levels) == {"diversity": 4.0}


def test_a_value_that_is_infinite_is_kept():
    pictures = random_images(1, 16)
    assert measures(batch(pictures=pictures))[0]["psnr"] == math.inf
