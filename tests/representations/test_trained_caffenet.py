"""CaffeNet by its definition: trained or not, of the project's sizes or the paper's."""

from dataclasses import replace

import pytest
import torch

from stages.params.representations import CaffenetSettings
from stages.plan.representations import definition
from stages.representations import trained_caffenet
from stages.representations.definition import WeightsFile
from stages.representations.loading import cut, placed

TRAINED = definition(CaffenetSettings(kind="caffenet"))
UNTRAINED = definition(CaffenetSettings(kind="caffenet", weights="random"))


def first_weights(defined):
    return defined.build().stack[0].weight


def test_trained_and_untrained_differ_in_weights_alone():
    shapes = [
        {name: tensor.shape for name, tensor in one.build().state_dict().items()}
        for one in (TRAINED, UNTRAINED)
    ]
    assert shapes[0] == shapes[1]
    assert not torch.equal(first_weights(TRAINED), first_weights(UNTRAINED))


def test_random_weights_follow_their_seed():
    seeds = (0, 0, 1)
    first, again, other = (first_weights(replace(UNTRAINED, seed=s)) for s in seeds)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_paper_s_network_has_its_widths():
    settings = CaffenetSettings(kind="caffenet", side=227, weights="random")
    assert first_weights(definition(settings)).shape == (96, 3, 11, 11)


def test_weights_are_those_of_the_file():
    wanted, has = TRAINED.weights.tensors(), TRAINED.build().state_dict()
    assert has.keys() == wanted.keys()
    assert all(torch.equal(has[name], wanted[name]) for name in wanted)


def test_its_shape_is_known_without_a_tensor_of_the_file(monkeypatch):
    def read(file: WeightsFile) -> None:
        pytest.fail(f"{file.path} was read")

    monkeypatch.setattr(trained_caffenet.WeightsFile, "tensors", read)
    phi = TRAINED.build(trained=False)
    assert phi.code_shape("fc8", 64) == UNTRAINED.build().code_shape("fc8", 64)


def test_the_file_s_architecture_is_in_the_identity_not_its_place():
    identity = UNTRAINED.identity()
    assert identity["weights"] is None
    assert identity["like"] == TRAINED.like.architecture()


def test_cuts_on_the_cpu_share_the_weights():
    cpu = torch.device("cpu")
    part, whole = cut(UNTRAINED, "relu2", cpu), placed(UNTRAINED, cpu)
    assert part.stack[0].weight.data_ptr() == whole.stack[0].weight.data_ptr()
