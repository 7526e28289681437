"""The user's own code in keys: the module, what it imports beside it, its version."""

import importlib.metadata
import sys

import pytest

from stages.plan import source_text
from stages.plan.own_code import own_source

NET = '''
"""A network."""
from torch import nn
from parts import layer

def make(width=4):
    # How wide.
    return nn.Sequential(layer(width), nn.ReLU())
'''
PARTS = "from torch import nn\n\ndef layer(width):\n    return nn.Conv2d(3, width, 1)\n"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function from the texts of modules to the source of `nets`."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/models"
    folder.mkdir(parents=True)
    known, path = set(sys.modules), list(sys.path)

    def source(net=NET, parts=PARTS, **others):
        for name, text in {"nets": net, "parts": parts, **others}.items():
            (folder / f"{name}.py").write_text(text)
        for cached in (source_text.essence, source_text._run):
            cached.cache_clear()
        return own_source("nets")

    yield source
    sys.path[:] = path
    for name in {"nets", "parts", *sys.modules} - known:
        sys.modules.pop(name, None)


def test_the_module_counts_and_so_does_what_it_imports(own):
    first = own()
    assert own(NET.replace("width=4", "width=5")) != first
    assert own(parts=PARTS.replace("width, 1", "width, 3")) != first
    assert own() == first


def test_comments_and_docstrings_do_not_count(own):
    remarked = NET.replace("# How wide.", "# Its width.").replace("A network.", "Mine.")
    assert own() == own(remarked)


def test_a_module_beside_it_that_it_does_not_import_does_not_count(own):
    assert own() == own(other="x = 1\n")


def test_an_installed_package_goes_by_its_version():
    version = importlib.metadata.version("torchvision")
    assert own_source("torchvision.models") == f"torchvision {version}"
