import json

import pytest
import torch

from data.embedded import weights
from data.embedded.denoising import chosen_for, train
from data.embedded.denoising_figures import (
    LEVELS,
    evaluate,
    held_out,
    macs,
    measured,
    rivals,
    shipped,
    with_level,
)
from stages.preimage.denoiser import Denoiser


def smooth(n=2, channels=3):
    """Return pictures of slopes, the easiest to denoise."""
    slope = torch.linspace(40, 200, 32)
    return (slope[:, None] / 2 + slope[None] / 2).expand(n, channels, 32, 32).clone()


def test_noise_is_white_of_its_level_always_the_same_and_not_clipped():
    black = torch.zeros(2, 3, 40, 40)
    noise = with_level(black, 25)
    assert float(noise.std()) == pytest.approx(25, rel=0.03)
    assert noise.min() < -50
    torch.manual_seed(3)
    assert torch.equal(with_level(black, 25), noise)
    assert not torch.equal(with_level(black, 50) / 2, noise)


def test_noise_left_alone_has_the_psnr_of_its_level():
    found = measured(lambda noisy, level: noisy, torch.zeros(4, 3, 64, 64))
    # 20 log10(255 / level), by hand.
    expected = {"5": 34.15, "15": 24.61, "25": 20.17, "50": 14.15, "100": 8.13}
    assert found == pytest.approx(expected, abs=0.1)
    assert list(found) == [str(level) for level in LEVELS]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(rivals()))
def test_rivals_take_noise_out_and_keep_the_scale(name, channels):
    if name == "BM3D":
        pytest.importorskip("bm3d", reason="in the extra `embedded` alone")
    clean = smooth(channels=channels)
    found = rivals()[name](with_level(clean, 25), 25)
    assert found.shape == clean.shape
    assert (found - clean).square().mean() < 0.35 * 25**2


def test_held_out_pictures_were_not_trained_on(folder):
    found = held_out(chosen_for("denoiser", folder))
    # Red is 40 times the place in the order of names: 0, 80 and 160 are for fitting.
    reds = found["photographs"][:, 0].mean(dim=(1, 2)).round()
    assert reds.tolist() == [40, 120, 200]
    assert found["photographs"].shape == (3, 3, 224, 224)
    assert found["grey"].shape == (3, 1, 224, 224)
    assert found["thumbnails"].shape == (10, 3, 64, 64)  # all that there are


def test_multiplications_are_those_of_the_layers():
    network = Denoiser((8, 16), (0, 0), (0, 0))
    # At 4 x 4 places 13 to 8 and 8 to 12 by 3 x 3; at 2 x 2 8 to 16 and back by 2 x 2.
    by_hand = 16 * 9 * (13 * 8 + 8 * 12) + 4 * 4 * (8 * 16) + 4 * 4 * (16 * 8)
    assert macs(network, 8) == by_hand


@pytest.fixture
def quick(monkeypatch):
    """Let the rivals be none and photographs small: they take minutes otherwise."""
    monkeypatch.setattr("data.embedded.denoising_figures.rivals", dict)
    monkeypatch.setattr("data.embedded.denoising_figures.SIDE", 40)


def test_figures_and_card_are_written_and_agree(folder, quick):
    path = train("denoiser", folder)
    found = evaluate("denoiser", folder)
    assert json.loads((folder / "denoiser.json").read_text()) == found
    assert found["sha256"] == weights.sha256(path)
    assert (found["step"], found["bytes"]) == (8, path.stat().st_size)
    text = (folder / "denoiser.md").read_text()
    psnr = found["psnr"]["photographs"]["denoiser"]["25"]
    assert f"{psnr:.2f}" in text
    assert (
        "The goal of 99.0 dB on photographs at a noise of 25 is **not reached**" in text
    )
    assert "8 of 8 steps, in 7 minutes on a small machine" in " ".join(text.split())
    assert max(len(line) for line in text.splitlines()) < 100


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [("rate: 1.0e-3", "rate: 2.0e-3", "recipe"), ("up: [1, 0]", "up: [0, 0]", "arch")],
)
def test_weights_of_other_params_are_refused(folder, edit, old, new, part):
    train("denoiser", folder)
    edit(old, new)
    with pytest.raises(ValueError, match=f"has another {part}.* train it again"):
        evaluate("denoiser", folder)


def test_shipped_network_is_the_one_that_was_trained(folder):
    train("denoiser", folder)
    network, metadata = shipped("denoiser", folder)
    tensors, _ = weights.read(folder / "denoiser.safetensors")
    assert torch.equal(network.head.weight, tensors["head.weight"])
    assert metadata["step"] == "8"
    assert not any(parameter.requires_grad for parameter in network.parameters())
