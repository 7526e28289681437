import pytest
import torch
from torch import nn

from stages.metrics.judge import Judge


@pytest.fixture
def judge():
    torch.manual_seed(0)
    return Judge(widths=(4, 6, 8, 8), pooled=(1, 3), classes=7)


def colours(n, height, width):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n, 3, height, width, generator=generator) * 255


@pytest.mark.parametrize(("height", "width"), [(64, 64), (16, 16), (50, 37), (8, 96)])
def test_scores_have_one_value_a_class_at_any_size(judge, height, width):
    assert judge(colours(3, height, width)).shape == (3, 7)


def test_features_are_the_rectified_maps_from_fine_to_coarse(judge):
    images = colours(2, 64, 48)
    maps = judge.features(images)
    # Halved by the first convolution and before widths 1 and 3.
    shapes = [(2, 4, 32, 24), (2, 6, 16, 12), (2, 8, 16, 12), (2, 8, 8, 6)]
    assert [tuple(codes.shape) for codes in maps] == shapes
    assert all(codes.min() == 0 and codes.max() > 0 for codes in maps)
    torch.testing.assert_close(judge.scores(maps[-1]), judge(images))


def test_features_are_what_the_layers_give(judge):
    seen = []
    for module in judge.stack:
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda module, x, codes: seen.append(codes))
    images = colours(1, 32, 32)
    maps = judge.features(images)
    assert len(seen) == len(maps) == 4
    assert all(torch.equal(a, b) for a, b in zip(seen, maps, strict=True))


def test_scores_are_linear_in_the_averaged_last_map(judge):
    last = torch.rand(2, 8, 3, 5)
    weight, bias = judge.classify.weight, judge.classify.bias
    expected = last.mean(dim=(2, 3)) @ weight.T + bias
    torch.testing.assert_close(judge.scores(last), expected)


def test_label_is_the_class_with_the_highest_score(judge):
    # Class 5 alone has a bias, larger than any score.
    judge.classify.bias[:] = 0
    judge.classify.bias[5] = 1e6
    assert judge(colours(3, 20, 20)).argmax(dim=1).tolist() == [5, 5, 5]


def test_images_are_judged_one_by_one(judge):
    images = colours(3, 24, 24)
    alone = torch.cat([judge(image[None]) for image in images])
    torch.testing.assert_close(judge(images), alone)


def test_mean_colour_is_subtracted_inside():
    torch.manual_seed(0)
    judge = Judge(widths=(4,), pooled=(), classes=2, mean=(10.0, 20.0, 30.0))
    judge.stack.get_parameter("conv1.bias")[:] = 0
    flat = torch.tensor([10.0, 20.0, 30.0])[:, None, None].expand(1, 3, 8, 8)
    assert judge.features(flat)[0].abs().max() == 0
    assert judge.features(flat + 1)[0].abs().max() > 0


def test_weights_are_frozen_and_the_pixels_have_a_gradient(judge):
    assert not any(weight.requires_grad for weight in judge.parameters())
    assert not judge.training
    images = colours(1, 16, 16).requires_grad_()
    judge(images).sum().backward()
    assert images.grad.abs().max() > 0


def test_it_is_of_another_kind_than_the_network_it_judges():
    kinds = {type(module) for module in Judge().stack}
    assert kinds == {nn.Conv2d, nn.ReLU, nn.MaxPool2d}
    assert {m.groups for m in Judge().stack if isinstance(m, nn.Conv2d)} == {1}


def test_smallest_image_of_the_default_is_16_pixels():
    assert Judge()(colours(1, 16, 16)).shape == (1, 200)


@pytest.mark.parametrize("shape", [(1, 3, 16, 15), (1, 1, 32, 32), (2, 4, 32, 32)])
def test_image_too_small_or_not_rgb_is_refused(shape):
    judge = Judge()
    for measure in (judge, judge.features):
        with pytest.raises(ValueError, match=r"RGB of at least 16 x 16 .*got the sh"):
            measure(torch.zeros(shape))
