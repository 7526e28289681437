"""The file of the weights that the paper inverted: Caffe's reference model, CaffeNet.

Mahendran & Vedaldi (arXiv:1412.0035) name it, and MatConvNet's page of pre-trained
models offers it. Its sha256 is not published: whoever has the file states it, or it is
recorded at the first fetch and wanted from then on. The model's licence, BVLC's, allows
non-commercial use alone.
"""

from typing import NamedTuple


class WeightsFile(NamedTuple):
    """A file of weights: its name, where it is offered, and how long it is."""

    name: str
    address: str
    megabytes: int


# 228,031,200 bytes, says the configuration of WeizmannVision/ssfmri2im, which gets it.
CAFFE_REFERENCE = WeightsFile(
    "imagenet-caffe-ref.mat",
    "https://www.vlfeat.org/matconvnet/models/imagenet-caffe-ref.mat",
    228,
)
