"""The settings of pip, asked of pip itself; no network."""

import subprocess

import pytest

from stages.weights import pip_settings as module
from stages.weights.pip_settings import NoPip, PipSettings, pip_settings


def test_settings_are_those_of_the_environment(pip):
    pip(
        no_index="0",
        index_url="https://mirror.invalid/simple",
        extra_index_url="https://a.invalid/simple file:///b",
        find_links="/wheels /more",
        cert="/ca.pem",
        proxy="http://proxy:3128",
        trusted_host="mirror.invalid other:8080",
        default_timeout="7",
    )
    assert pip_settings() == PipSettings(
        indexes=(
            "https://mirror.invalid/simple",
            "https://a.invalid/simple",
            "file:///b",
        ),
        find_links=("/wheels", "/more"),
        cert="/ca.pem",
        proxy="http://proxy:3128",
        trusted=("mirror.invalid", "other:8080"),
        seconds=7.0,
    )


def test_without_an_index_there_are_links_alone(pip):
    pip(find_links="/wheels", extra_index_url="https://a.invalid/simple")
    assert pip_settings() == PipSettings(find_links=("/wheels",))


def test_the_index_that_is_built_in_is_told_by_pip(pip):
    pip(no_index="0")
    (index,) = pip_settings().indexes
    assert index.startswith("https://")
    assert index.endswith("/simple")


def test_a_file_is_read_and_the_environment_wins(pip, tmp_path, monkeypatch):
    path = tmp_path / "pip.conf"
    path.write_text(
        "[global]\nindex-url = https://file.invalid/simple\nproxy = http://file:1\n"
        "find-links =\n    /one\n    /two\n[install]\nproxy = http://install:1\n"
    )
    pip(config_file=path, no_index="0", index_url="https://env.invalid/simple")
    found = pip_settings()
    assert found.indexes[0] == "https://env.invalid/simple"
    assert found.proxy == "http://install:1"
    assert found.find_links == ("/one", "/two")


def test_options_hold_certificates_and_proxies_and_trust_where_it_is_given():
    settings = PipSettings(
        cert="/ca.pem", client_cert="/me.pem", proxy="http://p:1", trusted=("t", "u:8")
    )
    proxies = {"http": "http://p:1", "https": "http://p:1"}
    common = {"cert": "/me.pem", "proxies": proxies}
    for url in ("https://a/x", "https://u/x"):
        assert settings.options(url) == {"verify": "/ca.pem", **common}
    for url in ("https://t/x", "https://me:pw@t:9/x", "https://u:8/x"):
        assert settings.options(url) == {"verify": False, **common}
    assert PipSettings().options("https://a/x") == {}


def test_no_pip_is_told(no_pip):
    with pytest.raises(NoPip, match="no pip here"):
        pip_settings()


def test_a_pip_that_is_no_module_of_this_python_is_found(no_pip, monkeypatch):
    """An environment without pip of its own, and one on the path."""
    asked = []

    def run(command, **_):
        asked.append(command[0])
        alone = command[0] == "/bin/pip"
        text = "global.index-url='https://a.invalid/simple'\n"
        return subprocess.CompletedProcess(command, 1 - alone, text, "")

    monkeypatch.setattr(module, "_commands", lambda: (("no-pip",), ("/bin/pip",)))
    monkeypatch.setattr(subprocess, "run", run)
    assert pip_settings().indexes == ("https://a.invalid/simple",)
    assert asked == ["no-pip", "/bin/pip"]


def test_an_index_that_pip_does_not_name_is_asked_for(monkeypatch):
    monkeypatch.setattr(module, "_output", lambda *arguments: "")
    with pytest.raises(NoPip, match="set `index-url`"):
        pip_settings()
