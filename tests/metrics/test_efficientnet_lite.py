"""EfficientNet-Lite0 as published: shapes, size, padding."""

import torch

from stages.metrics.efficientnet_lite import EfficientNetLite0, _Padded


def test_codes_at_several_depths():
    codes = EfficientNetLite0().features(torch.rand(1, 3, 224, 224))
    sides = [112, 56, 28, 14, 14, 7, 7, 7]
    channels = [16, 24, 40, 80, 112, 192, 320, 1280]
    assert [code.shape[1:] for code in codes] == [
        (k, s, s) for k, s in zip(channels, sides, strict=True)
    ]


def test_it_has_the_published_number_of_parameters():
    # 4.7 millions in the authors' table.
    n = sum(weight.numel() for weight in EfficientNetLite0().parameters())
    assert round(n / 1e6, 1) == 4.7


def test_what_is_odd_in_the_padding_is_behind():
    convolution = _Padded(1, 1, 3, 2)
    convolution.weight.data.zero_()
    convolution.weight.data[..., 0, 0] = 1
    image = torch.arange(16.0).view(1, 1, 4, 4)
    # No row nor column before: the corner of each window is a cell of the image.
    assert convolution(image).flatten().tolist() == [0, 2, 8, 10]


def test_logits_are_read_off_the_last_code():
    network = EfficientNetLite0()
    images = 255 * torch.rand(2, 3, 224, 224)
    torch.testing.assert_close(
        network(images), network.scores(network.features(images)[-1])
    )
