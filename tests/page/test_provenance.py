"""The facts that the page states of where the study comes from."""

import platform

import torch

from stages.page import provenance
from stages.store.times import timed


def test_versions_are_those_in_use():
    found = provenance.versions()
    assert found["python"] == platform.python_version()
    assert found["torch"] == torch.__version__.partition("+")[0]
    assert list(found) == ["python", *provenance.PACKAGES]


def test_a_missing_package_is_named_as_missing(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("no-such-package",))
    assert provenance.versions()["no-such-package"] == "not installed"


def test_weights_and_what_was_unreachable_are_told_apart():
    here = {"file": "a.safetensors", "sha256": "12ab", "status": "fetched"}
    gone = {"file": None, "sha256": None, "status": "unreachable"}
    gone |= {"reason": "no network"}
    manifest = {
        "lpips": {"squeeze": here, "vgg": gone},
        "networks": {"resnet": gone},
        "embedded": [{"name": "net", "file": "net.safetensors", "sha256": "34cd"}],
    }
    assert provenance.weight_hashes(manifest) == {
        "net.safetensors": "34cd",
        "a.safetensors": "12ab",
    }
    assert provenance.unreachable(manifest) == [
        "LPIPS, backbone vgg: no network",
        "resnet, its weights: no network",
    ]


def test_the_stages_that_ran_are_told_with_their_times(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert provenance.stage_times() == []
    timed("score", lambda: None)()
    timed("no stage of the study", lambda: None)()
    (only,) = provenance.stage_times()
    assert only == ("score", "0 s (0 s of processor time)")


def test_the_citation_is_an_entry_of_bibtex():
    text = "title: A study\nversion: 0.1.0\ndate-released: 2026-11-22\nauthors:\n"
    text += "  - {family-names: Doe, given-names: Jo}\n  - {name: The lab}\n"
    assert provenance.bibtex(text) == (
        "@software{preimages,\n  author = {Doe, Jo and The lab},\n"
        "  title = {{A study}},\n  version = {0.1.0},\n  year = {2026}\n}\n"
    )
    assert provenance.bibtex("") == ""
