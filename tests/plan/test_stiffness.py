"""The weight of the learned prior by layer: known answers of linear codes."""

import math
import os
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
import torch

from stages.images import reference_norm
from stages.params.representations import CaffenetSettings, HogSettings
from stages.plan import stiffness as stiffness_module
from stages.plan.longest_wave import longest_wave
from stages.plan.natural_changes import natural_power
from stages.plan.representations import definition
from stages.plan.stiffness import (
    ROOT,
    SHARE,
    lambda_denoiser,
    natural_noise,
    stiffness,
)
from stages.process.stage import Refusal
from stages.representations.definition import WeightsFile
from stages.representations.hog import HogDefinition

SHAPE = (1, 32, 32)
NORM = reference_norm(SHAPE)
LONGEST = 16.0
MEAN = torch.full((1, 1, 1), 128.0)


def image():
    return natural_noise(SHAPE, MEAN)


def of(phi, x=None):
    return stiffness(phi, image() if x is None else x, NORM, LONGEST)


def steep(x):
    """Half of the pixels have a thrice as steep code."""
    slopes = torch.ones(SHAPE)
    slopes[..., 16:] = 3.0
    return slopes * x


def coarse(x):
    return torch.nn.functional.avg_pool2d(x, 4)


def fine(x):
    return x.diff(dim=-1)


def exact(phi):
    """Return what the probes estimate, from the matrices of a linear code."""
    pixels = torch.eye(math.prod(SHAPE)).reshape(-1, *SHAPE)
    jacobian = phi(pixels).flatten(1).double()
    seen = natural_power(pixels, LONGEST).flatten(1).double() @ jacobian @ jacobian.T
    root = float((seen * seen.T).sum() / len(pixels)) ** 0.5
    return root / float(phi(image()).square().sum())


@pytest.mark.parametrize("phi", [lambda x: x, steep, coarse, fine])
def test_it_is_the_root_mean_square_over_natural_changes_of_the_image(phi):
    assert of(phi) == pytest.approx(exact(phi), rel=0.05)


def test_the_scale_of_the_code_does_not_count():
    assert of(lambda x: 1000 * x) == pytest.approx(of(lambda x: x), rel=1e-3)


@pytest.mark.parametrize("phi", [torch.zeros_like, lambda x: 0 * x, lambda x: x[:, :0]])
def test_a_code_that_says_nothing_is_slack(phi):
    assert of(lambda x: phi(x) + 0 * x.sum()) == 0


def test_the_noise_has_the_energy_and_the_smoothness_of_natural_images():
    x = image()
    assert float((x - MEAN).norm()) == pytest.approx(NORM, rel=0.15)
    assert float(x.min()) >= 0
    assert float(x.max()) <= 255
    # White noise: the root of 2.
    assert x.diff(dim=-1).std() < x.std()
    assert torch.equal(x, image())


def test_the_weight_is_heavier_deep_in_a_trained_network():
    network = definition(CaffenetSettings(kind="caffenet"))
    found = [lambda_denoiser(network, layer) for layer in ("conv1", "relu2", "fc8")]
    assert min(found[1:]) > 1.4 * found[0]
    assert all(float(f"{weight:.2g}") == weight for weight in found)


def test_the_weight_grows_as_a_root_of_the_stiffness_in_units_of_the_norm():
    hog = definition(HogSettings(kind="hog", side=32))
    phi, longest = hog.build(), longest_wave(hog, "hog")
    noise = natural_noise(SHAPE, torch.tensor(phi.mean)[:, None, None])
    expected = SHARE * (NORM**2 * stiffness(phi, noise, NORM, longest)) ** ROOT
    assert lambda_denoiser(hog, "hog") == pytest.approx(expected, rel=0.06)


@dataclass(frozen=True)
class Broken(HogDefinition):
    """A representation that cannot be computed."""

    def build(self, *, trained=True):
        phi = super().build(trained=trained)
        phi.forward = lambda images: images / "none"
        return phi


def test_where_computing_fails_a_number_is_asked_for():
    with pytest.raises(Refusal, match=r"cannot be measured at hog.*TypeError"):
        lambda_denoiser(Broken(side=32), "hog")


class Silent(torch.nn.Module):
    """A code that is 0, whatever it is shown."""

    def forward(self, x):
        return 0 * x


@dataclass(frozen=True)
class Own(HogDefinition):
    """A network of one's own, made of a module."""

    phi: object = None

    def own_code(self):
        return "mine"


def weight_of(phi, monkeypatch):
    monkeypatch.setattr(stiffness_module, "cut", lambda *_: as_code(phi))
    return lambda_denoiser(Own(side=32, phi=phi), "hog")


def as_code(phi):
    code = SimpleNamespace(image_channels=1, mean=[128.0])
    return type("Code", (), {**vars(code), "__call__": lambda _, x: phi(x)})()


def test_a_weight_of_nothing_is_no_weight(monkeypatch):
    with pytest.raises(Refusal, match=r"comes out as 0.*give it a number"):
        weight_of(Silent(), monkeypatch)
    with pytest.raises(Refusal, match=r"comes out as nan"):
        weight_of(lambda x: x / 0 - x / 0, monkeypatch)


def test_a_network_of_ones_own_sees_no_pixels_out_of_range(monkeypatch):
    def strict(x):
        if x.min() < 0 or x.max() > 255:
            raise ValueError("pixels out of range")
        return x.square()

    assert weight_of(strict, monkeypatch) > 0


def test_a_network_that_ends_its_process_does_not_end_the_plan(monkeypatch):
    with pytest.raises(Refusal, match=r"hog of mine .*code 9.*give it a number"):
        weight_of(lambda x: os._exit(9), monkeypatch)


def test_before_the_fetch_the_weight_is_that_of_random_weights(tmp_path):
    known = definition(CaffenetSettings(kind="caffenet", weights="random"))
    lost = WeightsFile(tmp_path / "lost.safetensors", None)
    unfetched = replace(known, weights=lost)
    assert lambda_denoiser(unfetched, "relu2") == lambda_denoiser(known, "relu2")
