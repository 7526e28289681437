"""The denoiser that is in Git: whole, small enough, and as good as its card says."""

import json

import pytest
import torch

from data.embedded import weights
from data.embedded.denoising import chosen_for, psnr
from data.embedded.denoising_card import card
from data.embedded.denoising_figures import held_out, measured, shipped
from data.embedded.recipe import HERE

PATH = HERE / "denoiser.safetensors"


@pytest.fixture(scope="module")
def told():
    """Return the figures that are shipped with the denoiser."""
    return json.loads(PATH.with_suffix(".json").read_text())


def stripes():
    """Return an image of edges and slopes, unlike noise."""
    rows = torch.arange(64)
    edges = 60 + 120 * ((rows // 16) % 2).float()
    return (edges[:, None] + torch.linspace(0, 60, 64)[None]).expand(1, 3, 64, 64)


def test_weights_are_those_of_the_params_and_small_enough():
    _, metadata = shipped("denoiser")
    chosen = chosen_for("denoiser")
    assert json.loads(metadata["architecture"]) == chosen["architecture"]
    assert json.loads(metadata["recipe"]) == chosen["recipe"]
    assert metadata["step"] == str(chosen["recipe"]["steps"])
    assert PATH.stat().st_size <= 8_000_000


def test_figures_belong_to_the_weights(told):
    tensors, _ = weights.read(PATH)
    assert told["sha256"] == weights.sha256(PATH)
    assert told["bytes"] == PATH.stat().st_size
    assert told["n_parameters"] == sum(tensor.numel() for tensor in tensors.values())


def test_card_says_what_the_figures_say(told):
    expected = card("denoiser", chosen_for("denoiser"), told)
    assert PATH.with_suffix(".md").read_text() == expected


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("level", [10.0, 25.0, 50.0, 100.0])
def test_noise_goes_down(channels, level):
    network, _ = shipped("denoiser")
    clean = stripes()[:, :channels]
    generator = torch.Generator().manual_seed(1)
    noisy = clean + level * torch.randn(clean.shape, generator=generator)
    found = network(noisy, torch.tensor([level]))
    assert psnr(clean, found) > psnr(clean, noisy) + 4


def test_a_clean_image_said_to_be_nearly_clean_stays_as_it_is():
    network, _ = shipped("denoiser")
    clean = stripes()
    assert psnr(clean, network(clean, torch.tensor([1.0]))) > 35


def test_it_costs_less_than_alexnet_up_to_relu5(told):
    # 656 million multiplications at 224 x 224 pixels.
    assert told["macs_224"] < 656e6


@pytest.mark.slow
def test_measuring_gives_the_figures_again(told):
    chosen = chosen_for("denoiser")
    if not chosen["photographs"].exists():
        pytest.skip(f"the photographs are not at {chosen['photographs']}")
    network, _ = shipped("denoiser")

    def denoise(noisy, level):
        return network(noisy, torch.full((len(noisy),), float(level)))

    found = measured(denoise, held_out(chosen)["photographs"])
    assert found == pytest.approx(told["psnr"]["photographs"]["denoiser"], abs=0.05)
