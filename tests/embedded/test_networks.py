import pytest
import torch
from torch import nn

from data.embedded.networks import (
    ACTIVATION,
    NAMES,
    Trainable,
    fold,
    network,
    split_streams,
)
from data.embedded.recipe import settings
from stages.representations.caffenet import LRN_ALPHA, LocalResponseNorm


@pytest.fixture
def trainable(folder):
    """Return a maker of networks whose batch norms are far from the identity."""

    def make(name):
        plain = network(name, settings(name, folder)["architecture"])
        made = Trainable(plain, dropout=0.5)
        generator = torch.Generator().manual_seed(5)
        for module in made.stack.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.data.uniform_(0.5, 2, generator=generator)
                module.bias.data.normal_(0, 1, generator=generator)
                module.running_mean.normal_(0, 1, generator=generator)
                module.running_var.uniform_(0.2, 3, generator=generator)
            elif isinstance(module, nn.Conv2d):
                module.bias.data.normal_(0, 0.5, generator=generator)
        return made.eval()

    return make


def images(n, side=64):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n, 3, side, side, generator=generator).double() * 255


@pytest.mark.parametrize("name", NAMES)
def test_folded_network_computes_the_same_in_float64(trainable, folder, name):
    made = trainable(name).double()
    plain = network(name, settings(name, folder)["architecture"]).double()
    plain.load_state_dict(fold(made))
    with torch.no_grad():
        expected = made(images(4))
        torch.testing.assert_close(
            plain(images(4)).flatten(1), expected, rtol=1e-9, atol=1e-9
        )
    assert expected.std() > 1e-3


def test_folding_changes_nothing_in_the_trained_network(trainable):
    for made in (trainable("caffenet"), trainable("caffenet").double()):
        before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
        fold(made)
        for name, tensor in made.state_dict().items():
            assert torch.equal(tensor, before[name])


def test_normalised_activations_grow_by_the_constant_and_no_others(trainable, folder):
    made = trainable("caffenet").double()
    plain = network("caffenet", settings("caffenet", folder)["architecture"]).double()
    plain.load_state_dict(fold(made))
    ours, theirs = images(2) - plain.centre, images(2) - plain.centre
    with torch.no_grad():
        inner = made.stack.named_children()
        for name, module in plain.stack.named_children():
            ours = module(ours)
            for other, trained in inner:
                theirs = trained(theirs)
                # What stands for a convolution is its batch norm.
                if other == (f"{name}_norm" if name[:4] == "conv" else name):
                    break
            scale = ACTIVATION if name[-1] in "12" and name[:2] != "fc" else 1
            if name in ("relu6", "relu7", "fc6", "fc7", "fc8"):
                break
            torch.testing.assert_close(ours, theirs * scale, rtol=1e-9, atol=1e-9)
    assert name == "fc6"


def test_constant_of_normalisation_fits_the_smaller_activations(trainable):
    modules = trainable("caffenet").modules()
    alphas = [m.alpha for m in modules if isinstance(m, LocalResponseNorm)]
    assert alphas == [pytest.approx(LRN_ALPHA * 100**2)] * 2


@pytest.mark.parametrize("name", NAMES)
def test_every_convolution_but_the_last_is_normalised(trainable, name):
    names = [n for n, _ in trainable(name).stack.named_children()]
    convolutions = [n for n in names if n.startswith(("conv", "fc")) and "_" not in n]
    normalised = [n.removesuffix("_norm") for n in names if n.endswith("_norm")]
    assert normalised == [n for n in convolutions if n != "fc8"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [48, 64])
def test_smaller_images_can_be_trained_on(trainable, name, side):
    assert trainable(name).float()(images(2, side).float()).shape == (2, 4)


@pytest.mark.parametrize("name", NAMES)
def test_all_weights_learn(trainable, name):
    made = trainable(name).train()
    made(images(3).float()).square().sum().backward()
    assert all(p.requires_grad and p.grad is not None for p in made.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_first_weights_are_always_the_same(folder, name):
    architecture = settings(name, folder)["architecture"]
    torch.manual_seed(8)
    first = network(name, architecture).state_dict()
    second = network(name, architecture).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_streams_begin_without_colour_and_without_luminance(folder):
    plain = network("caffenet", settings("caffenet", folder)["architecture"])
    before = plain.stack.get_parameter("conv1.weight").detach().clone()
    split_streams(plain)
    after = plain.stack.get_parameter("conv1.weight").detach()
    half = len(after) // 2
    grey = before.mean(dim=1, keepdim=True)
    # The same grey image in all three channels is nothing to the second half; to the
    # first, only the mean of the channels counts.
    torch.testing.assert_close(after[:half], grey[:half].expand_as(after[:half]))
    torch.testing.assert_close(after[half:], before[half:] - grey[half:])
    assert after[half:].sum(dim=1).abs().max() < 1e-6
    assert before[half:].sum(dim=1).abs().max() > 1e-3
