"""Where the weights that the paper inverted are: Caffe's reference model, CaffeNet.

Mahendran & Vedaldi (arXiv:1412.0035) name it, and MatConvNet's page of pre-trained
models offers it (228 MB). Its sha256 is not published: whoever has the file states it,
or it is recorded at the first fetch and wanted from then on. The model's licence,
BVLC's, allows non-commercial use alone.
"""

CAFFE_REFERENCE = "https://www.vlfeat.org/matconvnet/models/imagenet-caffe-ref.mat"
