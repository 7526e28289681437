"""What the judge is shown, its distance by hand and by loops, and its labels."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stages.metrics.judge import Judge
from stages.metrics.judged import as_seen, judge_distance, labels_agree


def random_maps(seed, shape=(2, 5, 3, 4)):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).clamp(min=0)


def random_images(seed, shape=(2, 3, 64, 64)):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=generator) * 255).round()


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(0)
    return Judge()


def test_an_image_that_fits_is_seen_as_it_is():
    images = random_images(0)
    assert torch.equal(as_seen(images), images)


def test_grey_images_are_seen_in_three_equal_channels():
    greys = random_images(1, (2, 1, 64, 64))
    seen = as_seen(greys)
    assert all(torch.equal(seen[:, [channel]], greys) for channel in range(3))


def test_pixels_are_clipped_before_they_are_averaged():
    # Clipped: 0 and 255 average to 127.5; the mean of -1000 and 255 would be negative.
    columns = torch.tensor([-1000.0, 255.0]).repeat(64)
    seen = as_seen(columns.expand(1, 1, 128, 128))
    assert float(seen.min()) >= 0
    assert seen[..., 4:-4].mean().item() == pytest.approx(127.5, abs=0.1)


@pytest.mark.parametrize("side", [32, 96, 150])
def test_resizing_agrees_with_pillow(side):
    images = random_images(2, (1, 3, side, side + 10))
    pixels = images[0].permute(1, 2, 0).to(torch.uint8).numpy()
    resized = Image.fromarray(pixels).resize((64, 64), Image.Resampling.BILINEAR)
    expected = torch.tensor(list(resized.tobytes())).reshape(64, 64, 3)
    found = as_seen(images)[0].permute(1, 2, 0)
    # Pillow rounds after the rows and after the columns.
    assert float((found - expected).abs().max()) <= 1.01


def test_the_side_is_the_callers_choice():
    assert as_seen(random_images(3), side=20).shape == (2, 3, 20, 20)


def test_images_of_two_channels_are_refused():
    with pytest.raises(ValueError, match=r"1 or 3 channels, got 2"):
        as_seen(torch.zeros(1, 2, 64, 64))


def test_distance_by_hand():
    # Layer one has two places: (3, 4) against (4, 3) is 2 - 2 * 24 / 25 = 0.08, and
    # equal directions of other lengths 0, so 0.04; layer two is orthogonal, 2.
    a = [
        torch.tensor([[[[3.0, 1.0]], [[4.0, 1.0]]]]),
        torch.tensor([[[[1.0]], [[0.0]], [[0.0]]]]),
    ]
    b = [
        torch.tensor([[[[4.0, 7.0]], [[3.0, 7.0]]]]),
        torch.tensor([[[[0.0]], [[5.0]], [[0.0]]]]),
    ]
    assert judge_distance(a, b).tolist() == pytest.approx([(0.04 + 2) / 2])


def test_distance_agrees_with_loops():
    a, b = ([random_maps(s), random_maps(s + 1, (2, 7, 2, 2))] for s in (0, 2))
    for index in range(2):
        layers = []
        for one, other in zip(a, b, strict=True):
            total = 0.0
            for row in range(one.shape[2]):
                for col in range(one.shape[3]):
                    u, v = (x[index, :, row, col].double() for x in (one, other))
                    u, v = (w / max(float(w.norm()), 1e-9) for w in (u, v))
                    total += float(((u - v) ** 2).sum())
            layers.append(total / (one.shape[2] * one.shape[3]))
        found = float(judge_distance(a, b)[index])
        assert found == pytest.approx(sum(layers) / 2, abs=1e-6)


def test_no_features_are_at_distance_one_from_any_and_zero_from_none():
    nothing, some = [torch.zeros(1, 4, 2, 2)], [torch.ones(1, 4, 2, 2)]
    assert judge_distance(nothing, nothing).tolist() == [0.0]
    assert judge_distance(nothing, some).tolist() == pytest.approx([1.0])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.01, 100))
def test_distance_is_symmetric_bounded_and_blind_to_the_length(seed, gain):
    a, b = [random_maps(seed)], [random_maps(seed + 1)]
    found = judge_distance(a, b)
    assert torch.equal(found, judge_distance(b, a))
    assert bool(((found >= 0) & (found <= 2)).all())
    assert judge_distance(a, a).tolist() == [0.0, 0.0]
    assert torch.allclose(judge_distance([gain * a[0]], b), found, atol=1e-6)


@pytest.mark.parametrize(("layers_a", "layers_b"), [(0, 0), (1, 2), (2, 1)])
def test_unequal_layers_are_refused(layers_a, layers_b):
    maps = [random_maps(0)] * 2
    with pytest.raises(ValueError, match=f"got {layers_a} and {layers_b}"):
        judge_distance(maps[:layers_a], maps[:layers_b])


def test_labels_agree_where_the_highest_scores_do():
    a = torch.tensor([[0.0, 1.0, 2.0], [3.0, 1.0, 0.0]])
    b = torch.tensor([[9.0, 9.5, 9.9], [0.0, 1.0, 0.5]])
    assert labels_agree(a, b).tolist() == [True, False]


def test_the_judge_finds_more_noise_farther_away(judge):
    original = as_seen(random_images(5, (1, 3, 8, 8)))
    noise = random_images(6, (1, 3, 64, 64)) - 127.5
    noisy = torch.cat([original + gain * noise for gain in (0.0, 0.1, 0.5)])
    found = judge_distance(
        judge.features(as_seen(noisy)), judge.features(original.expand_as(noisy))
    ).tolist()
    assert found[0] == pytest.approx(0, abs=1e-9)
    assert found[0] < found[1] < found[2]
    assert math.isfinite(found[2])


def test_the_judge_gives_equal_images_equal_labels(judge):
    scores = judge(as_seen(random_images(7)))
    assert labels_agree(scores, scores).tolist() == [True, True]
