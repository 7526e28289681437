"""The published files themselves, from this machine's own package index.

Skipped, with the reason, where none is in reach. What was fetched once lies in pytest's
cache, where that is on.
"""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import lpips
import pytest
import torch
import torchvision

from stages.metrics.perceptual import Lpips
from stages.sources.download import Patience, Unfetched
from stages.weights.arrays import read_arrays
from stages.weights.catalogue import BACKBONES, EFFICIENTNET_LITE0, FEATURES, backbone
from stages.weights.conversion import converted
from stages.weights.package import fetch_distribution, lying_there, member_bytes
from stages.weights.recorded import lying_there as copy_of

pytestmark = pytest.mark.slow

# LPIPS of the two drawings below, with the linear layers of the package `lpips`, and
# the sha256 of the file that the convolutions are from.
GOLDEN = {
    "alex": (
        0.27756202,
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    ),
    "vgg": (
        0.38865066,
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    ),
}
DOWNLOADS = Path(__file__).parents[2] / "data" / "work" / "downloads"


@pytest.fixture(scope="module")
def fetched(request, tmp_path_factory):
    """Return a function that gives a package's file of weights."""
    cache = getattr(request.config, "cache", None)  # there is none with its plugin off
    folder = cache.mkdir("packages") if cache else tmp_path_factory.mktemp("packages")

    def get(package):
        try:
            path = lying_there(package, DOWNLOADS) or fetch_distribution(
                package, folder, (), Patience(15.0, 1, total=300.0)
            )
        except Unfetched as refusal:
            pytest.skip(f"{refusal}")
        return member_bytes(package, path)

    return get


def drawings():
    """Return a disc on a slope of grey, and the same moved, softened and tinted."""
    row, col = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")

    def disc(at, width):
        distance = ((row - at) ** 2 + (col - 30) ** 2).sqrt()
        return torch.sigmoid((18 - distance) / width)

    first = torch.stack([60 + 2 * col, 40 + row + col, 200 - 2 * row]) / 255
    sharp, soft = disc(28, 0.5), disc(34, 3.0)
    colour = torch.tensor([0.9, 0.3, 0.1])[:, None, None]
    one = first * (1 - sharp) + colour * sharp
    other = first.flip(0) * (1 - soft) + colour * soft
    return (255 * one).round()[None], (255 * other).round()[None]


@pytest.mark.parametrize("name", GOLDEN)
def test_linear_layers_in_the_package_are_those_of_the_lpips_wheel(fetched, name):
    """Bit for bit: the proof that the file is LPIPS's, and its convolutions with it."""
    arrays = read_arrays(fetched(backbone(name).sources[1]))
    path = Path(lpips.__file__).parent / "weights" / "v0.1" / f"{name}.pth"
    layers = torch.load(path, map_location="cpu", weights_only=True)
    assert len(layers) == 5
    for number in range(5):
        array = arrays[f"NetLinLayer_{number}/Conv_0/kernel"]
        ours = torch.from_numpy(array).permute(3, 2, 0, 1)
        assert torch.equal(ours, layers[f"lin{number}.model.1.weight"])


@pytest.mark.parametrize("name", GOLDEN)
def test_lpips_of_two_drawings_is_what_it_was(fetched, name):
    value, digits = GOLDEN[name]
    source = backbone(name).sources[1]
    assert source.member_sha256 == digits
    data = fetched(source)
    assert hashlib.sha256(data).hexdigest() == digits
    metric = Lpips(name, converted(data, source.form))
    one, other = drawings()
    assert float(metric(other, one)) == pytest.approx(value, rel=1e-4)
    assert float(metric(one, one)) == 0.0
    assert float(metric(other, other)) == 0.0


@pytest.mark.parametrize("name", GOLDEN)
def test_convolutions_load_into_torchvisions_features(fetched, name):
    source = backbone(name).sources[1]
    state = converted(fetched(source), source.form)
    with torch.device("meta"):
        network = torchvision.models.get_model(BACKBONES[name])
    plain = {key.removeprefix("features."): value for key, value in state.items()}
    network.features.load_state_dict(plain, strict=True, assign=True)
    assert all(one.dtype == torch.float32 for one in state.values())


@pytest.mark.parametrize("model", ["alexnet", "vgg16"])
def test_torchvisions_file_gives_the_same_tensors(fetched, model):
    published, packed = FEATURES[model].sources
    path = copy_of(published, DOWNLOADS)
    if path is None:
        pytest.skip(f"{published.file} is not in {DOWNLOADS}")
    ours = converted(fetched(packed), packed.form)
    theirs = converted(path, published.form)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_efficientnet_lite0_has_a_thousand_classes(fetched):
    source = EFFICIENTNET_LITE0.sources[0]
    state = converted(fetched(source), source.form)
    trained = [n for n in state if "running" not in n and "num_batches" not in n]
    # As its authors count: 4.65 million.
    assert sum(state[name].numel() for name in trained) == 4_652_008
    assert [one.shape[0] for one in list(state.values())[-2:]] == [1000, 1000]


def test_a_wrong_hash_of_the_distribution_leads_nowhere(tmp_path, fetched):
    source = EFFICIENTNET_LITE0.sources[0]
    fetched(source)
    wrong = replace(source, sha256="0" * 64)
    find = partial(fetch_distribution, wrong, tmp_path, (), Patience(15.0, 1, total=60))
    with pytest.raises(Unfetched, match=f"no {source.file} of the wanted sha256"):
        find()
