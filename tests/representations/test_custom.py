"""Networks of the user's own: found, run, hashed; mistakes told in words."""

import hashlib
import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from stages.params.representations import CustomSettings
from stages.plan import networks
from stages.representations import custom
from stages.representations.custom import factory, source, weights, weights_hash

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
    custom._sha256.cache_clear()


def settings(name="nets:make", **more):
    wanted = {"kind": "custom", "callable": name, "side": 16, **more}
    return CustomSettings.model_validate(wanted)


def test_a_module_in_the_folder_of_models_is_found():
    network = factory(settings(arguments=[["width", 6]]))()
    assert network[0].weight.shape == (6, 3, 1, 1)


def test_a_network_of_one_s_own_is_a_representation():
    phi = networks.network(settings())
    assert phi.layers == ("0", "1")
    assert phi.cut("1")(torch.zeros(2, 3, 16, 16)).shape == (2, 4, 16, 16)
    function = networks.network(settings("nets:function", mean=[128.0]))
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
        factory(settings(name))


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("nets:nothing", "must return a module or a function"),
        ("nets:broken", "of luck"),
    ],
)
def test_what_makes_no_network_is_told(name, match):
    with pytest.raises((ValueError, RuntimeError), match=match):
        networks.network(settings(name))


@pytest.mark.parametrize("name", ["nets", "nets:", "os.system('x'):f", "../nets:make"])
def test_a_callable_is_a_module_and_a_name(name):
    with pytest.raises(ValidationError, match="must be module:callable"):
        settings(name)


def stored(path, **tensors):
    save_file(tensors, path)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_weights_come_from_a_file_of_tensors(models):
    state = {"0.weight": torch.ones(4, 3, 1, 1), "0.bias": torch.zeros(4)}
    sha256 = stored(models / "mine.safetensors", **state)
    torch.save(state, models / "mine.pt")
    for name in ("mine.safetensors", "mine.pt"):
        wanted = settings(weights=f"data/models/{name}")
        code = networks.network(wanted).cut("0")(torch.ones(1, 3, 16, 16))
        assert torch.equal(code, torch.full((1, 4, 16, 16), 3.0))
    assert weights_hash(settings(weights="data/models/mine.safetensors")) == sha256


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, "data/models/w.pt is not there"),
        (b"no tensors", "cannot be read: "),
        (torch.ones(2), "must hold named tensors, got a Tensor"),
        (print, "cannot be read: "),
    ],
)
def test_weights_that_are_none_are_told(models, content, match):
    if isinstance(content, bytes):
        (models / "w.pt").write_bytes(content)
    elif content is not None:
        torch.save(content, models / "w.pt")
    with pytest.raises(ValueError, match=match):
        weights(settings(weights="data/models/w.pt"))


def test_weights_of_another_hash_are_refused(models):
    stored(models / "w.safetensors", a=torch.ones(1))
    wanted = settings(weights="data/models/w.safetensors", sha256="0" * 64)
    with pytest.raises(ValueError, match=r"has the sha256 [0-9a-f]{64}, another"):
        weights(wanted)


def identities(models, *texts):
    """Return the source's name for each text of a module and its neighbour."""
    found = []
    for net, parts in texts:
        (models / "nets.py").write_text(net)
        (models / "parts.py").write_text(parts)
        found.append(source(settings()))
    return found


def test_the_source_counts_and_so_does_what_it_imports(models):
    remarked = NET.replace("# How wide.", "# Its width.").replace("A network.", "Mine.")
    first, same, other, neighbour = identities(
        models,
        (NET, PARTS),
        (remarked, PARTS),
        (NET.replace("width=4", "width=5"), PARTS),
        (NET, PARTS.replace("width, 1", "width, 3")),
    )
    assert first == same
    assert len({first, other, neighbour}) == 3


def test_an_installed_package_goes_by_its_version():
    wanted = settings("torchvision.models:alexnet")
    assert source(wanted) == f"torchvision {importlib.metadata.version('torchvision')}"


def test_the_identity_covers_source_and_weights(models):
    sha256 = stored(models / "w.safetensors", a=torch.ones(1))
    found = networks.identity(settings(weights="data/models/w.safetensors"))
    assert found["sha256"] == sha256
    assert found["source"] == source(settings())
    assert "weights" not in found


@pytest.mark.skipif(
    importlib.util.find_spec("timm") is None, reason="needs the extra `timm`"
)
def test_the_example_is_a_vision_transformer_of_timm(models):
    example = Path(__file__).parent.parent / "data/models/dino.py"
    (models / "dino.py").write_text(example.read_text())
    wanted = settings("dino:vit_small", side=32, arguments=[["side", 32]])
    phi = networks.network(wanted)
    assert phi.code_shape("blocks.3", 32) == (384, 5, 1)
    code = phi.cut("blocks.3")(255 * torch.rand(1, 3, 32, 32))
    assert code.shape == (1, 384, 5, 1)
    assert code.std() > 0
