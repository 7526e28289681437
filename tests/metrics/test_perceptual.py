"""LPIPS against the package itself, given the same random backbone; no network."""

import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import lpips
import pytest
import torch
import torchvision

from stages.metrics.perceptual import BATCH, SMALLEST_SIDES, Lpips

NETWORKS = {"squeeze": "squeezenet1_1", "alex": "alexnet", "vgg": "vgg16"}
BACKBONES = [
    "squeeze",
    # The package draws the weights of all layers, of which these have many.
    pytest.param("alex", marks=pytest.mark.slow),
    pytest.param("vgg", marks=pytest.mark.slow),
]
PACKAGE = Path(lpips.__file__).parent


@cache
def package(backbone):
    """Return the package's own network, with a random backbone of seed 0."""
    with warnings.catch_warnings(), torch.random.fork_rng():
        torch.manual_seed(0)
        # torchvision's word on the manner in which the package calls it.
        warnings.filterwarnings("ignore", category=UserWarning, module="torchvision")
        return lpips.LPIPS(net=backbone, pnet_rand=True, verbose=False)


def weights(backbone):
    """Return the random backbone by torchvision's names: `slice1.0.x` is number 0."""
    state = package(backbone).net.state_dict()
    return {f"features.{name.split('.', 1)[1]}": value for name, value in state.items()}


def adapter(backbone="squeeze"):
    return Lpips(backbone, weights(backbone))


def pairs(n=3, channels=3, height=40, width=52):
    generator = torch.Generator().manual_seed(1)
    shape = (n, channels, height, width)
    originals = torch.randint(0, 256, shape, generator=generator).float()
    noise = torch.randn(shape, generator=generator) * 40
    return (originals + noise).clamp(0, 255).round(), originals


@pytest.mark.parametrize("backbone", BACKBONES)
def test_distance_is_the_packages_own_for_images_in_minus_one_to_one(backbone):
    preimages, originals = pairs()
    found = adapter(backbone)(preimages, originals)
    with torch.no_grad():
        own = package(backbone)(preimages * (2 / 255) - 1, originals * (2 / 255) - 1)
    assert found.dtype == torch.float64
    assert found.shape == (3,)
    assert found.min() > 0.01
    torch.testing.assert_close(found, own.flatten().double(), rtol=1e-5, atol=1e-7)
    # The package's own scaling of [0, 1], an independent way to the range.
    with torch.no_grad():
        scaled = package(backbone)(preimages / 255, originals / 255, normalize=True)
    torch.testing.assert_close(found, scaled.flatten().double(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_linear_weights_are_the_published_ones(backbone):
    file = PACKAGE / "weights" / "v0.1" / f"{backbone}.pth"
    published = torch.load(file, map_location="cpu", weights_only=True)
    network = adapter(backbone)._network
    assert len(published) == len(network.lins) == (7 if backbone == "squeeze" else 5)
    for i, layer in enumerate(network.lins):
        assert torch.equal(layer.model[1].weight, published[f"lin{i}.model.1.weight"])
    # Version 0.0 had other weights, and no scaling of the colours.
    older = torch.load(
        PACKAGE / "weights" / "v0.0" / file.name, map_location="cpu", weights_only=True
    )
    assert not torch.equal(
        network.lins[0].model[1].weight, older["lin0.model.1.weight"]
    )


@pytest.mark.parametrize("backbone", BACKBONES)
def test_identical_images_have_distance_zero(backbone):
    _, originals = pairs()
    assert adapter(backbone)(originals, originals).tolist() == [0.0, 0.0, 0.0]


def test_distance_is_symmetric_and_does_not_change_from_call_to_call():
    preimages, originals = pairs()
    metric = adapter()
    there = metric(preimages, originals)
    torch.testing.assert_close(there, metric(originals, preimages))
    assert torch.equal(there, metric(preimages, originals))


def test_grey_images_are_repeated_thrice():
    preimages, originals = pairs(channels=1)
    grey = adapter()(preimages, originals)
    rgb = adapter()(preimages.repeat(1, 3, 1, 1), originals.repeat(1, 3, 1, 1))
    assert grey.min() > 0
    assert torch.equal(grey, rgb)


def test_each_pair_of_a_long_batch_has_the_distance_that_it_has_alone():
    preimages, originals = pairs(n=BATCH + 2, height=20, width=20)
    found = adapter()(preimages, originals)
    assert found.shape == (BATCH + 2,)
    for i in (0, BATCH, BATCH + 1):
        alone = adapter()(preimages[i : i + 1], originals[i : i + 1])
        torch.testing.assert_close(found[i : i + 1], alone, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_images_below_the_smallest_side_are_refused_and_those_of_it_are_not(backbone):
    side = SMALLEST_SIDES[backbone]
    preimages, originals = pairs(n=1, height=side, width=side)
    assert adapter(backbone)(preimages, originals).isfinite().all()
    for small in (pairs(1, 3, side - 1, 64), pairs(1, 3, 64, side - 1)):
        with pytest.raises(ValueError, match=f"must be at least {side} pixels high"):
            adapter(backbone)(*small)
        # The package itself does not get so far either.
        with pytest.raises(RuntimeError, match="size"):
            package(backbone)(*small)


def test_images_of_two_channels_are_refused():
    with pytest.raises(ValueError, match="must have 1 or 3 channels, got 2"):
        adapter()(*pairs(channels=2))


def test_unknown_backbone_is_refused():
    with pytest.raises(ValueError, match="one of squeeze, alex, vgg; got 'resnet'"):
        Lpips("resnet", {})


def lost(state):
    del state["features.3.squeeze.bias"]


def added(state):
    state["features.13.weight"] = torch.zeros(3)


def reshaped(state):
    state["features.0.weight"] = torch.zeros(64, 3, 5, 5)


@pytest.mark.parametrize(
    ("change", "name"),
    [(lost, "3.squeeze.bias"), (added, "13.weight"), (reshaped, "slice1.0.weight")],
)
def test_weights_that_are_not_the_backbones_are_refused(change, name):
    state = weights("squeeze")
    change(state)
    with pytest.raises(ValueError, match=f"(?s)torchvision's squeeze: .*{name}"):
        Lpips("squeeze", state)


def test_weights_given_are_neither_changed_nor_ignored():
    state = weights("squeeze")
    before = {name: value.clone() for name, value in state.items()}
    found = Lpips("squeeze", state)(*pairs())
    assert all(torch.equal(state[name], value) for name, value in before.items())
    other = Lpips("squeeze", {name: value + 0.05 for name, value in state.items()})
    assert not torch.allclose(found, other(*pairs()))


def test_network_is_frozen_evaluates_and_holds_nothing_random():
    network = adapter()._network
    assert not network.training
    assert not any(module.training for module in network.modules())
    assert not any(weight.requires_grad for weight in network.parameters())
    assert not adapter()(*pairs()).requires_grad


def test_making_it_draws_no_random_number_and_prints_nothing(capfd):
    before = torch.random.get_rng_state()
    adapter()
    assert torch.equal(before, torch.random.get_rng_state())
    assert capfd.readouterr() == ("", "")


ALONE = """
import socket, sys, torch, torchvision
def refuse(*arguments, **more): raise AssertionError("network")
socket.socket.connect = socket.getaddrinfo = refuse
torch.hub.load_state_dict_from_url = refuse
import stages.metrics.perceptual as perceptual
assert "lpips" not in sys.modules
state = torchvision.models.squeezenet1_1().state_dict()
state = {k: v for k, v in state.items() if k.startswith("features.")}
images = torch.rand(1, 3, 32, 32) * 255
assert perceptual.Lpips("squeeze", state)(images, images).tolist() == [0.0]
"""


@pytest.mark.slow
def test_no_network_no_hub_folder_no_warning_and_no_noise(tmp_path):
    environment = {"HOME": f"{tmp_path}", "TORCH_HOME": f"{tmp_path / 'hub'}"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_distance_on_a_gpu_is_that_of_the_cpu():
    preimages, originals = pairs()
    metric = adapter()
    there = metric(preimages.cuda(), originals.cuda())
    assert there.device.type == "cuda"
    assert metric(originals.cuda(), originals.cuda()).tolist() == [0.0] * 3
    torch.testing.assert_close(
        there.cpu(), adapter()(preimages, originals), rtol=2e-2, atol=1e-3
    )


def test_torchvisions_networks_have_the_features_that_the_package_slices():
    for backbone, name in NETWORKS.items():
        with torch.device("meta"):
            state = getattr(torchvision.models, name)().state_dict()
        features = {k: v for k, v in state.items() if k.startswith("features.")}
        if backbone == "squeeze":
            assert features.keys() == weights(backbone).keys()
        zeros = {k: torch.zeros(v.shape) for k, v in features.items()}
        side = SMALLEST_SIDES[backbone]
        images = torch.full((1, 3, side, side), 7.0)
        assert Lpips(backbone, zeros)(images, images * 2).tolist() == [0.0]
