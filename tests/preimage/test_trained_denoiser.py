"""Denoisers out of files: their architecture, their weights, their precision."""

import json

import pytest
import torch
from safetensors.torch import save_file

from stages.preimage.denoiser import Denoiser
from stages.preimage.trained_denoiser import trained
from stages.representations.definition import WeightsFile
from stages.store.file_hash import sha256

ARCHITECTURE = {"widths": [8, 16], "down": [0, 1], "up": [1, 0]}
CPU = torch.device("cpu")


def write(network, path):
    told = {"architecture": json.dumps(ARCHITECTURE)}
    save_file(network.state_dict(), path, metadata=told)


def kept(folder, seed):
    """Write a denoiser whose output is not its input."""
    torch.manual_seed(seed)
    network = Denoiser(**ARCHITECTURE)
    torch.nn.init.normal_(network.tail.weight, std=0.1)
    path = folder / f"{seed}.safetensors"
    write(network, path)
    return network, WeightsFile(path, sha256(path))


def images(channels=3):
    return 255 * torch.rand(2, channels, 10, 14)


@torch.no_grad()
def test_it_is_the_network_of_the_file(tmp_path):
    network, file = kept(tmp_path, 0)
    sigma, x = torch.tensor([20.0, 40.0]), images()
    torch.testing.assert_close(trained(file, CPU)(x, sigma), network(x, sigma))
    assert not any(one.requires_grad for one in trained(file, CPU).parameters())


@torch.no_grad()
def test_it_is_made_once_a_file_by_its_bytes(tmp_path):
    (_, one), (_, other) = kept(tmp_path, 0), kept(tmp_path, 1)
    moved = WeightsFile(tmp_path / "gone.safetensors", one.sha256)
    assert trained(one, CPU) is trained(moved, CPU)
    sigma, x = torch.full((2,), 30.0), images()
    assert not torch.equal(trained(one, CPU)(x, sigma), trained(other, CPU)(x, sigma))


@torch.no_grad()
def test_in_bfloat16_it_says_nearly_the_same_of_grey_images(tmp_path):
    _, file = kept(tmp_path, 2)
    sigma, x = torch.full((2,), 30.0), images(channels=1)
    exact = trained(file, CPU)(x, sigma)
    rough = trained(file, CPU, torch.bfloat16)(x, sigma)
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, exact)
    assert (rough - exact).abs().max() < 0.1 * (exact - x).abs().max()


def other_network(path):
    torch.save({"weights": 1}, path)


def cut_short(path):
    _, file = kept(path.parent, 5)
    path.write_bytes(file.path.read_bytes()[:-100])


def nameless(path):
    save_file({"weights": torch.zeros(2)}, path)


def other_shape(path):
    network = Denoiser(**{**ARCHITECTURE, "widths": [8, 24]})
    write(network, path)


@pytest.mark.parametrize("damaged", [other_network, cut_short, nameless, other_shape])
def test_a_file_of_something_else_is_named(tmp_path, damaged):
    path = tmp_path / "other.safetensors"
    damaged(path)
    with pytest.raises(ValueError, match=r"other\.safetensors holds no denoiser"):
        trained(WeightsFile(path, sha256(path)), CPU)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    network, _ = kept(tmp_path, 6)
    network.tail.weight.data.fill_(torch.nan)
    path = tmp_path / "nan.safetensors"
    write(network, path)
    with pytest.raises(ValueError, match=r"nan\.safetensors has weights that are not"):
        trained(WeightsFile(path, sha256(path)), CPU)
