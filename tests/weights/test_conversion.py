"""Published files as tensors: named, laid out and checked as the network wants them."""

import io
import os
import pickle

import numpy as np
import pytest
import torch
import torchvision
from torch.nn.functional import conv2d

from stages.params.zoo import published
from stages.representations.zoo import untrained
from stages.weights.conversion import converted
from stages.weights.description import (
    CaffeReference,
    FlaxConvolutions,
    Tensors,
    Torchvision,
)
from tests.weights import matconvnet_files
from tests.weights.packages import convolutions, pickled

ALEXNET = FlaxConvolutions("alexnet", "AlexNet_0")
SQUEEZENET = Torchvision("squeezenet1_1", part="features.")


@pytest.fixture(scope="module")
def state():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torchvision.models.squeezenet1_1().state_dict()


def packed(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def test_convolutions_have_torchvisions_names_and_layout():
    arrays = convolutions()
    found = converted(
        pickled({"AlexNet_0": arrays, "NetLinLayer_0": {}} | NET), ALEXNET
    )
    with torch.device("meta"):
        features = torchvision.models.alexnet().features
    assert {n: one.shape for n, one in found.items()} == {
        f"features.{n}": one.shape for n, one in features.state_dict().items()
    }
    # A convolution written out: rows, columns, in, out.
    kernel, bias = arrays["Conv_1"]["kernel"], arrays["Conv_1"]["bias"]
    image = np.random.default_rng(1).standard_normal((5, 5, 64)).astype(np.float32)
    by_hand = np.einsum("hwi,hwio->o", image, kernel) + bias
    images = torch.from_numpy(image).permute(2, 0, 1)[None]
    code = conv2d(images, found["features.3.weight"], found["features.3.bias"])
    np.testing.assert_allclose(code.flatten().numpy(), by_hand, rtol=1e-3, atol=1e-3)


NET = {"NetLinLayer_0": {"Conv_0": {"kernel": np.ones((1, 1, 64, 1), np.float32)}}}


def test_convolutions_that_are_missing_or_of_another_shape_are_told():
    arrays = convolutions()
    short = {name: one for name, one in arrays.items() if name != "Conv_4"}
    with pytest.raises(ValueError, match="it has no AlexNet_0/Conv_4/kernel"):
        converted(pickled({"AlexNet_0": short}), ALEXNET)
    other = arrays | {"Conv_2": arrays["Conv_1"]}
    with pytest.raises(ValueError, match=r"differs in features\.6\.weight"):
        converted(pickled({"AlexNet_0": other}), ALEXNET)


def test_a_path_is_read_as_its_bytes_are(tmp_path):
    data = pickled({"AlexNet_0": convolutions()})
    (tmp_path / "a.ckpt").write_bytes(data)
    one, other = converted(data, ALEXNET), converted(tmp_path / "a.ckpt", ALEXNET)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_part_of_torchvisions_state_is_kept(state):
    found = converted(packed(state), SQUEEZENET)
    assert found.keys() == {n for n in state if n.startswith("features.")}
    assert all(torch.equal(found[name], state[name]) for name in found)
    whole = converted(packed(state), Torchvision("squeezenet1_1"))
    assert whole.keys() == state.keys()


def test_the_older_format_of_torch_and_half_precision_are_read_too(state):
    data = packed(state, _use_new_zipfile_serialization=False)
    assert (
        converted(data, SQUEEZENET).keys()
        == converted(packed(state), SQUEEZENET).keys()
    )
    half = {name: one.half() for name, one in state.items()}
    found = converted(packed(half), SQUEEZENET)
    assert {one.dtype for one in found.values()} == {torch.float32}


def test_states_from_before_batches_were_counted_are_read():
    state = torchvision.models.resnet18().state_dict()
    older = {n: one for n, one in state.items() if "num_batches" not in n}
    found = converted(packed(older), Torchvision("resnet18"))
    assert found.keys() == state.keys()
    torchvision.models.resnet18().load_state_dict(found)


@pytest.mark.parametrize("model", ["densenet121", "googlenet", "swin_t", "vit_b_16"])
def test_models_are_known_without_their_memory(model):
    """Zeros of one element, expanded: a file of a few kilobytes."""
    with torch.device("meta"):
        known = published(model, "DEFAULT")
        shapes = untrained(model, known.classes, known.side).state_dict()
    state = {
        name: torch.zeros((), dtype=one.dtype).expand(one.shape)
        for name, one in shapes.items()
    }
    assert converted(packed(state), Torchvision(model)).keys() == shapes.keys()


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


BAD = {
    "evil pickle": (lambda state: pickle.dumps(Evil()), ""),
    "evil archive": (lambda state: packed([Evil()]), "UnpicklingError"),
    "no pickle": (lambda state: b"<html>", ""),
    "empty": (lambda state: b"", "EOFError"),
    "half": (lambda state: packed(state)[:2_000_000], ""),
    "list": (lambda state: packed([torch.zeros(3)]), "it holds a list"),
    "nested": (lambda state: packed({"state_dict": state}), "differs in state_dict"),
    "number": (lambda state: packed({**state, "epoch": 3}), "it differs in epoch"),
    "added": (
        lambda state: packed({**state, "extra": torch.zeros(3)}),
        "it differs in extra",
    ),
    "shape": (
        lambda state: packed({**state, "features.0.bias": torch.zeros(65)}),
        "it differs in features.0.bias",
    ),
    "type": (
        lambda state: packed({**state, "features.0.bias": torch.zeros(64).long()}),
        "it differs in features.0.bias",
    ),
    "other network": (
        lambda state: packed(torchvision.models.squeezenet1_0().state_dict()),
        "it differs in features.0.weight, features.0.bias, features.3.squeeze.weight",
    ),
    "part": (
        lambda state: packed({k: v for k, v in state.items() if "classif" not in k}),
        "it differs in classifier.1.weight, classifier.1.bias",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_other_contents_are_refused_and_run_nothing(state, here, kind):
    make, reason = BAD[kind]
    with pytest.raises(ValueError, match=reason or None):
        converted(make(state), SQUEEZENET)
    assert not (here / "evil").exists()


def test_plain_tensors_are_kept_as_they_are():
    tensors = {"a": torch.arange(3), "b": torch.ones(2, 2)[:, ::2]}
    found = converted(packed(tensors), Tensors())
    assert {n: one.tolist() for n, one in found.items()} == {
        "a": [0, 1, 2],
        "b": [[1.0], [1.0]],
    }
    assert found["b"].is_contiguous()


def test_the_authors_file_of_another_side_is_refused():
    data = matconvnet_files.save(matconvnet_files.network())
    side = matconvnet_files.SIDE
    assert "average" in converted(data, CaffeReference(side))
    with pytest.raises(ValueError, match=f"its images have {side} pixels a side"):
        converted(data, CaffeReference(side + 1))
