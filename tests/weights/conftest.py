"""A folder of one's own, and a pip that is configured for what a test says alone."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stages.params import networks
from stages.params.zoo import published
from stages.sources.download import Patience
from stages.weights import obtaining
from stages.weights.catalogue import FEATURES
from stages.weights.description import WeightsFile
from tests.weights.squeezenet import sha256


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


@pytest.fixture
def pip(monkeypatch):
    """Return a function that configures pip, which by itself has no index here."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    # With this name pip reads no file.
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    def configure(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"PIP_{name.upper()}", f"{value}")

    return configure


@pytest.fixture
def no_pip(monkeypatch, tmp_path):
    """Take pip away: this Python has no such module, and there is no such program."""
    (tmp_path / "no-pip").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "no-pip").chmod(0o755)
    monkeypatch.setattr(sys, "executable", f"{tmp_path / 'no-pip'}")
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def short_timeouts(monkeypatch):
    """Wait for tenths of seconds where the program waits for seconds."""
    monkeypatch.setattr(obtaining, "SILENCE", 0.3)
    monkeypatch.setattr(obtaining, "STRICT", Patience(0.3, 2, 0.01, total=2.0))


@pytest.fixture
def publish(server, monkeypatch):
    """Return a function that publishes a file as SqueezeNet's weights, all or part."""

    def set_file(data, *answers, prefix=None):
        name = f"squeezenet-{prefix or sha256(data)[:8]}.pth"
        url = f"{server.url}/{name}"
        known = replace(published("squeezenet1_1", "DEFAULT"), url=url)
        monkeypatch.setattr(networks, "published", lambda model, entry: known)
        file = FEATURES["squeezenet1_1"]
        known_hash = f"prefix:{Path(name).stem[-8:]}"
        source = replace(file.sources[0], address=url, known_hash=known_hash)
        served = WeightsFile(file.name, (source,))
        monkeypatch.setitem(FEATURES, "squeezenet1_1", served)
        if answers:
            server.serve(f"/{name}", *answers)
        return name

    return set_file
