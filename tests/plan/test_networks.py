"""The embedded networks: what is loaded, what is refused."""

import pytest
import torch

from stages.params.representations import CaffenetSettings
from stages.plan import networks
from stages.plan.representations import cut, placed
from stages.process.stage import Refusal

TRAINED = CaffenetSettings(kind="caffenet")
UNTRAINED = CaffenetSettings(kind="caffenet", weights="random")


def test_trained_and_untrained_differ_in_weights_alone():
    trained, untrained = networks.caffenet(TRAINED), networks.caffenet(UNTRAINED)
    shapes = [
        {name: tensor.shape for name, tensor in network.state_dict().items()}
        for network in (trained, untrained)
    ]
    assert shapes[0] == shapes[1]
    assert not torch.equal(trained.stack[0].weight, untrained.stack[0].weight)


def test_random_weights_follow_their_seed():
    first, again, other = (
        networks.caffenet(UNTRAINED.model_copy(update={"seed": seed})).stack[0].weight
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_paper_s_network_has_its_widths():
    settings = CaffenetSettings(kind="caffenet", side=227, weights="random")
    assert tuple(networks.caffenet(settings).stack[0].weight.shape) == (96, 3, 11, 11)


def test_weights_are_those_of_the_file():
    weights = networks.stored("caffenet")[1]
    found = networks.caffenet(TRAINED).state_dict()
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    assert found.keys() == weights.keys()


def test_the_judge_is_made_once_and_frozen():
    judge = networks.judge()
    assert judge is networks.judge()
    assert not any(parameter.requires_grad for parameter in judge.parameters())
    assert not judge.training


def test_the_hash_is_that_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "EMBEDDED", tmp_path)
    (tmp_path / "judge.safetensors").write_bytes(b"abc")
    # The sha256 of "abc" stands in FIPS 180-2, appendix B.1.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert networks.weights_hash("judge") == expected


def test_a_missing_file_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(networks, "EMBEDDED", networks.EMBEDDED / "elsewhere")
    with pytest.raises(Refusal, match=r"`git checkout -- .*judge\.safetensors` brings"):
        networks.weights_hash("judge")


def test_cuts_on_the_cpu_share_the_weights():
    part = cut(UNTRAINED, "relu2", torch.device("cpu"))
    whole = placed(UNTRAINED, torch.device("cpu"))
    assert part.stack[0].weight.data_ptr() == whole.stack[0].weight.data_ptr()
