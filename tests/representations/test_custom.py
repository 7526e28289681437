"""Networks of the user's own: found and run; mistakes told in words."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from stages.params.representations import CustomSettings
from stages.plan.representations import definition
from stages.representations.custom import factory
from stages.representations.own_weights import read_own

NET = '''
"""A network."""
from torch import nn
from parts import layer

def make(width=4):
    # How wide.
    return nn.Sequential(layer(width), nn.ReLU())

def function():
    return lambda images: images.mean(dim=(2, 3))

wrong = 3

def nothing():
    return None

def broken():
    raise RuntimeError("out of luck")
'''
PARTS = "from torch import nn\n\ndef layer(width):\n    return nn.Conv2d(3, width, 1)\n"


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """Make a folder of modules, which are forgotten after the test."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/models"
    folder.mkdir(parents=True)
    (folder / "nets.py").write_text(NET)
    (folder / "parts.py").write_text(PARTS)
    known, path = set(sys.modules), list(sys.path)
    yield folder
    sys.path[:] = path
    for name in {"nets", "parts", *sys.modules} - known:
        sys.modules.pop(name, None)


def settings(name="nets:make", **more):
    wanted = {"kind": "custom", "callable": name, "side": 16, **more}
    return CustomSettings.model_validate(wanted)


def built(name="nets:make", **more):
    return definition(settings(name, **more)).build()


def test_a_module_in_the_folder_of_models_is_found():
    network = factory("nets:make", {"width": 6})()
    assert network[0].weight.shape == (6, 3, 1, 1)


def test_a_network_of_one_s_own_is_a_representation():
    phi = built()
    assert phi.layers == ("0", "1")
    assert phi.cut("1")(torch.zeros(2, 3, 16, 16)).shape == (2, 4, 16, 16)
    function = built("nets:function", mean=[128.0])
    assert (function.layers, function.image_channels) == (("output",), 1)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        (
            "missing:make",
            r"missing:make cannot be had \(ModuleNotFoundError.*data/models",
        ),
        ("nets:absent", "AttributeError"),
        ("nets:wrong", "is no function but a int"),
    ],
)
def test_what_is_not_there_is_told(name, match):
    with pytest.raises(ValueError, match=match):
        factory(name, {})


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("nets:nothing", "must return a module or a function"),
        ("nets:broken", "of luck"),
    ],
)
def test_what_makes_no_network_is_told(name, match):
    with pytest.raises((ValueError, RuntimeError), match=match):
        built(name)


@pytest.mark.parametrize("name", ["nets", "nets:", "os.system('x'):f", "../nets:make"])
def test_a_callable_is_a_module_and_a_name(name):
    with pytest.raises(ValidationError, match="must be module:callable"):
        settings(name)


def test_weights_come_from_a_file_of_tensors(models):
    state = {"0.weight": torch.ones(4, 3, 1, 1), "0.bias": torch.zeros(4)}
    save_file(state, models / "mine.safetensors")
    torch.save(state, models / "mine.pt")
    for name in ("mine.safetensors", "mine.pt"):
        phi = built(weights=f"data/models/{name}")
        code = phi.cut("0")(torch.ones(1, 3, 16, 16))
        assert torch.equal(code, torch.full((1, 4, 16, 16), 3.0))


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"no tensors", "cannot be read: "),
        (torch.ones(2), "must hold named tensors, got a Tensor"),
        (print, "cannot be read: "),
    ],
)
def test_weights_that_are_none_are_told(models, content, match):
    if isinstance(content, bytes):
        (models / "w.pt").write_bytes(content)
    else:
        torch.save(content, models / "w.pt")
    with pytest.raises(ValueError, match=match):
        read_own(models / "w.pt")


@pytest.mark.skipif(
    importlib.util.find_spec("timm") is None, reason="needs the extra `timm`"
)
def test_the_example_is_a_vision_transformer_of_timm(models):
    example = Path(__file__).parents[2] / "data/models/dino.py"
    (models / "dino.py").write_text(example.read_text())
    phi = built("dino:vit_small", side=32, arguments=[["side", 32]])
    assert phi.code_shape("blocks.3", 32) == (384, 5, 1)
    code = phi.cut("blocks.3")(255 * torch.rand(1, 3, 32, 32))
    assert code.shape == (1, 384, 5, 1)
    assert code.std() > 0
