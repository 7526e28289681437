import json

import pytest
import torch

from data.embedded import weights
from data.embedded.evaluate import (
    RootMeanSquares,
    accuracies,
    achromatic_halves,
    evaluate,
    shipped,
)
from data.embedded.fold import fold_file
from data.embedded.networks import NAMES
from data.embedded.pictures import load
from data.embedded.recipe import settings
from data.embedded.train import Training
from stages.representations.caffenet import LAYERS


@pytest.fixture
def ship(folder):
    """Return a function that ships an untrained network, as after some steps."""

    def write(name, step=8):
        training = Training(name, settings(name, folder), folder / "work")
        training.step = step
        training.save()
        return fold_file(name, folder, checkpoint=True)

    return write


class Ranks(torch.nn.Module):
    """Scores that are the first six pixels."""

    def forward(self, images):
        return images[:, 0, 0, :6, None, None]


def test_accuracies_are_shares_of_first_and_of_first_five_places():
    pictures = torch.zeros(4, 3, 1, 6, dtype=torch.uint8)
    pictures[:, 0, 0] = torch.tensor([60, 50, 40, 30, 20, 10])
    # Places 1, 5, 6 and 2 of the ranking.
    found = accuracies(Ranks(), pictures, torch.tensor([0, 4, 5, 1]))
    assert found == {"top1": 0.25, "top5": 0.75}


def test_share_of_grey_by_hand():
    filters = torch.zeros(4, 3, 2, 2)
    filters[0] = torch.tensor([[1.0, -2.0], [3.0, 0.0]])  # alike in R, G, B: 1
    filters[1, 0] = 5.0  # red alone: 1/3
    filters[2, 0, 0, 0], filters[2, 1, 0, 0] = 1.0, -1.0  # red against green: 0
    filters[3, :2] = 1.0  # (1 + 1)^2 / 3 / 2 = 2/3
    first, second = achromatic_halves(filters)
    assert first == pytest.approx(2 / 3, rel=1e-3)
    assert second == pytest.approx(1 / 3, rel=1e-3)


def test_random_filters_have_a_third_of_grey():
    generator = torch.Generator().manual_seed(0)
    filters = torch.randn(4000, 3, 5, 5, generator=generator)
    assert achromatic_halves(filters) == (
        pytest.approx(1 / 3, abs=0.01),
        pytest.approx(1 / 3, abs=0.01),
    )


def test_root_mean_square_is_a_mean_over_pictures():
    stack = torch.nn.Sequential()
    stack.add_module("same", torch.nn.Identity())
    rms = RootMeanSquares(stack)
    stack(torch.full((1, 2, 3, 3), 3.0))
    stack(torch.full((2, 2, 3, 3), -6.0))
    assert rms.mean() == {"same": 5.0}  # (3 + 6 + 6) / 3


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_those_of_the_file_and_the_pictures(folder, ship, name):
    path = ship(name)
    found = evaluate(name, folder)
    assert json.loads((folder / f"{name}.json").read_text()) == found
    assert found["sha256"] == weights.sha256(path)
    assert found["bytes"] == len(path.read_bytes())
    assert (found["n_val"], found["n_train"]) == (10, 29)
    tensors, _ = weights.read(path)
    assert found["n_parameters"] == sum(t.numel() for t in tensors.values())
    plain, _ = shipped(name, folder)
    pictures, labels = load(folder / "pictures", "val.parquet")
    right = plain(pictures.float()).flatten(1).argmax(dim=1) == labels
    assert found["top1"] == round(right.double().mean().item(), 4)
    # Four classes: every label is among the first five.
    assert found["top5"] == 1
    assert list(found["rms"]) == [n for n, _ in plain.stack.named_children()]
    assert ("grey_first_half" in found) == (name == "caffenet")


def test_mean_rms_is_that_of_the_codes_of_each_cut(folder, ship):
    ship("caffenet")
    rms = evaluate("caffenet", folder)["rms"]
    plain, _ = shipped("caffenet", folder)
    pictures, _ = load(folder / "pictures", "val.parquet")
    assert list(rms) == list(LAYERS)
    for layer in ("conv1", "norm2", "fc8"):
        codes = plain.cut(layer)(pictures.float())
        expected = codes.square().mean(dim=(1, 2, 3)).sqrt().mean().item()
        assert rms[layer] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_evaluating_again_gives_the_same_bytes(folder, ship, name):
    ship(name)
    evaluate(name, folder)
    first = [(folder / f"{name}.{kind}").read_bytes() for kind in ("json", "md")]
    evaluate(name, folder)
    again = [(folder / f"{name}.{kind}").read_bytes() for kind in ("json", "md")]
    assert again == first


@pytest.mark.parametrize(
    ("name", "bias"), [("caffenet", "stack.fc8.bias"), ("judge", "classify.bias")]
)
def test_card_follows_the_weights(folder, ship, name, bias):
    path = ship(name)
    evaluate(name, folder)
    before = (folder / f"{name}.md").read_text()
    tensors, metadata = weights.read(path)
    # Held-out labels 0..3 in turn, 10 pictures: three of class 0, two of class 3.
    for label, share in ((0, "30.00%"), (3, "20.00%")):
        tensors[bias][:] = 0
        tensors[bias][label] = 1e6
        weights.write(path, tensors, metadata)
        evaluate(name, folder)
        text = (folder / f"{name}.md").read_text()
        assert f"top-1: **{share}**" in text
        assert text != before
        assert weights.sha256(path) in text


def test_weights_of_another_architecture_than_params_are_refused(folder, ship, edit):
    ship("judge")
    edit("widths: [4, 6, 6, 8]", "widths: [4, 6, 6, 9]")
    with pytest.raises(ValueError, match=r"data\.embedded\.fold judge"):
        evaluate("judge", folder)


def test_weights_with_a_tensor_missing_are_refused(folder, ship):
    path = ship("judge")
    tensors, metadata = weights.read(path)
    del tensors["stack.conv2.bias"]
    weights.write(path, tensors, metadata)
    with pytest.raises(RuntimeError, match=r"Missing key.*conv2\.bias"):
        shipped("judge", folder)
