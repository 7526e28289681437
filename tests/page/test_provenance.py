"""The versions that the page states."""

import platform

import torch

from stages.page import provenance


def test_versions_are_those_in_use():
    found = provenance.versions()
    assert found["python"] == platform.python_version()
    assert found["torch"] == torch.__version__.partition("+")[0]
    assert list(found) == ["python", *provenance.PACKAGES]


def test_a_missing_package_is_named_as_missing(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("no-such-package",))
    assert provenance.versions()["no-such-package"] == "not installed"
