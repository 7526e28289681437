import hashlib
import io
import socket
import threading
from time import monotonic

import pooch
import pytest

from stages.process.stage import Refusal
from stages.sources import download
from stages.sources.download import (
    Patience,
    Unfetched,
    base_name,
    fetch_verified,
    public,
)

CONTENT = b"all of the file" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(seconds=0.3, attempts=3, pause=0.01)
# Ends however much still comes; one attempt.
SHORT = Patience(seconds=0.3, attempts=1, total=0.8)


def got(url, downloads, mirrors=(), known_hash=SHA256, patience=QUICK, **more):
    return fetch_verified(
        [url, *mirrors], known_hash, downloads, patience=patience, **more
    )


def refusal(*arguments, **more):
    with pytest.raises(Refusal) as caught:
        got(*arguments, **more)
    return f"{caught.value}"


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_is_kept_under_hash_and_name_and_not_fetched_again(server, tmp_path):
    url = server.serve("/some/pictures.zip", CONTENT)
    path = got(url, tmp_path / "new" / "downloads")
    assert path.name == f"{SHA256[:12]}-pictures.zip"
    assert path.read_bytes() == CONTENT
    assert got(url, tmp_path / "new" / "downloads") == path
    assert server.asked["/some/pictures.zip"] == 1


def test_md5_is_accepted_where_a_publisher_has_no_better(server, tmp_path):
    url = server.serve("/a", CONTENT)
    md5 = hashlib.md5(CONTENT).hexdigest()
    assert got(url, tmp_path, known_hash=f"md5:{md5}").read_bytes() == CONTENT
    message = refusal(url, tmp_path, known_hash=f"md5:{'0' * 32}")
    assert f"md5 is {md5} where {'0' * 32} is wanted" in message


@pytest.mark.parametrize(
    "known_hash",
    ["", "abc", "md5:" + "0" * 64, "crc:0", "g" * 64, SHA256[:8], "prefix:" + "a" * 7],
)
def test_hash_that_is_none_is_refused_before_any_request(server, tmp_path, known_hash):
    url = server.serve("/a", CONTENT)
    message = refusal(url, tmp_path, known_hash=known_hash)
    assert "must be 64 hexadecimal digits" in message
    assert repr(known_hash) in message
    assert not server.asked


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/a.zip", "a.zip", "http://", "http://[a"]
)
def test_only_web_addresses_are_fetched(tmp_path, url):
    assert f"must be an http or https address; got {url!r}" in refusal(url, tmp_path)
    with pytest.raises(Refusal, match="http or https"):
        got("http://127.0.0.1:9/a", tmp_path, mirrors=[url])


def test_wrong_hash_names_both_and_leaves_no_file(server, tmp_path):
    url = server.serve("/a.zip", b"something else")
    other = hashlib.sha256(b"something else").hexdigest()
    message = refusal(url, tmp_path)
    assert f"{url}: sha256 is {other} where {SHA256} is wanted" in message
    assert files(tmp_path) == []
    assert server.asked["/a.zip"] == 1


def test_missing_file_is_asked_for_once_and_named_with_its_status(server, tmp_path):
    message = refusal(f"{server.url}/gone.zip", tmp_path)
    assert f"{server.url}/gone.zip: HTTP status 404 Not Found" in message
    assert server.asked["/gone.zip"] == 1


def test_cut_connection_never_passes_for_a_file(server, tmp_path):
    url = server.serve("/a.zip", server.Answer(CONTENT, missing=1))
    message = refusal(url, tmp_path)
    assert f"{url}: the connection was cut before the end" in message
    assert files(tmp_path) == []
    assert server.asked["/a.zip"] == QUICK.attempts


def test_silent_server_is_given_up_after_the_stated_time(server, tmp_path):
    url = server.serve("/a.zip", server.Answer(CONTENT, missing=1, slow=True))
    assert f"{url}: silent for 0.3 s" in refusal(url, tmp_path)
    assert files(tmp_path) == []


def test_server_that_fails_twice_is_asked_a_third_time(server, tmp_path):
    busy = server.Answer(status=503)
    cut = server.Answer(CONTENT, missing=5)
    url = server.serve("/a.zip", busy, cut, CONTENT)
    assert got(url, tmp_path).read_bytes() == CONTENT
    assert server.asked["/a.zip"] == 3


def test_pauses_between_attempts_double(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(download, "sleep", pauses.append)
    url = server.serve("/a.zip", server.Answer(status=500))
    refusal(url, tmp_path)
    assert pauses == [0.01, 0.02]


def test_mirrors_are_tried_in_turn_and_the_first_good_one_serves(server, tmp_path):
    url = server.serve("/a.zip", server.Answer(status=403))
    wrong = server.serve("/wrong/a.zip", b"wrong")
    right = server.serve("/right.zip", CONTENT)
    path = got(url, tmp_path, mirrors=[wrong, right])
    assert path.name == f"{SHA256[:12]}-a.zip"
    assert path.read_bytes() == CONTENT


def test_offline_message_says_what_to_put_where(closed_port, tmp_path):
    url, mirror = f"{closed_port}/nice%20pictures.zip", f"{closed_port}/b.zip"
    message = refusal(url, tmp_path / "downloads", mirrors=[mirror])
    assert f"{url}: no connection, connection refused" in message
    assert f"{mirror}: no connection, connection refused" in message
    assert f"sha256 {SHA256} is accepted as nice_pictures.zip" in message
    assert f"in the folder {tmp_path / 'downloads'}" in message


def test_unknown_host_is_told_as_such(server, tmp_path):
    # RFC 2606 reserves the top level domain: it never exists.
    message = refusal("http://pictures.invalid/a.zip", tmp_path)
    assert "its host is not known here; is the network on?" in message


@pytest.mark.parametrize("name", ["a.zip", f"{SHA256[:12]}-a.zip"])
def test_copy_placed_by_hand_is_taken_without_network(closed_port, tmp_path, name):
    (tmp_path / name).write_bytes(CONTENT)
    assert got(f"{closed_port}/a.zip", tmp_path) == tmp_path / name


def test_wrong_copy_placed_by_hand_is_named_and_left_alone(closed_port, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"old")
    old = hashlib.sha256(b"old").hexdigest()
    message = refusal(f"{closed_port}/a.zip", tmp_path)
    assert f"{tmp_path / 'a.zip'}: sha256 is {old}" in message
    assert (tmp_path / "a.zip").read_bytes() == b"old"


PREFIX = f"prefix:{SHA256[:8]}"


def test_first_digits_of_the_hash_are_enough_where_no_more_are_known(server, tmp_path):
    url = server.serve("/a.zip", CONTENT)
    path = got(url, tmp_path, known_hash=PREFIX)
    assert path.name == f"{SHA256[:8]}-a.zip"
    assert path.read_bytes() == CONTENT
    assert got(url, tmp_path, known_hash=PREFIX) == path
    # Once the whole hash is known, the same file serves.
    assert got(url, tmp_path, known_hash=SHA256, n_digits=8) == path
    assert server.asked["/a.zip"] == 1


def test_file_whose_hash_begins_otherwise_is_refused(server, tmp_path):
    url = server.serve("/a.zip", b"something else")
    other = hashlib.sha256(b"something else").hexdigest()
    message = refusal(url, tmp_path, known_hash=PREFIX)
    assert f"sha256 is {other} where {SHA256[:8]}... is wanted" in message
    assert f"a file of sha256 {SHA256[:8]}... is accepted as a.zip" in message
    assert files(tmp_path) == []


def test_damaged_file_known_by_first_digits_is_fetched_again(server, tmp_path):
    url = server.serve("/a.zip", CONTENT)
    got(url, tmp_path, known_hash=PREFIX).write_bytes(CONTENT[:-1])
    assert got(url, tmp_path, known_hash=PREFIX).read_bytes() == CONTENT


def test_failures_are_told_one_by_one(server, closed_port, tmp_path):
    url = server.serve("/a.zip", b"wrong")
    with pytest.raises(Unfetched) as caught:
        got(url, tmp_path, mirrors=[f"{closed_port}/a.zip"])
    wrong, absent = caught.value.failures
    assert wrong.startswith(f"{url}: sha256 is ")
    assert absent == f"{closed_port}/a.zip: no connection, connection refused"


def test_server_that_dribbles_for_ever_is_given_up(server, tmp_path):
    # A byte every 50 ms: never silent for 0.3 s on the wire, and never done.
    url = server.serve("/a.zip", server.Answer(CONTENT, dribble=1))
    begun = monotonic()
    message = refusal(url, tmp_path, patience=SHORT)
    assert monotonic() - begun < 10
    assert f"{url}: next to nothing came for 0.3 s" in message
    assert files(tmp_path) == []


def test_download_that_goes_on_too_long_is_given_up(server, tmp_path):
    # 16 KiB every 50 ms of a megabyte: 3 s and more.
    body = bytes(1 << 20)
    url = server.serve("/a.zip", server.Answer(body, dribble=1 << 14))
    begun = monotonic()
    assert f"{url}: not done after 0.8 s" in refusal(url, tmp_path, patience=SHORT)
    assert 0.8 < monotonic() - begun < 3
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("known_hash", "patience"), [(SHA256, QUICK), (PREFIX, SHORT)], ids=["3", "1"]
)
def test_silent_server_is_told_as_such_with_and_without_an_end(
    server, tmp_path, known_hash, patience
):
    url = server.serve("/a.zip", server.Answer(CONTENT, missing=1, slow=True))
    message = refusal(url, tmp_path, known_hash=known_hash, patience=patience)
    assert f"{url}: silent for 0.3 s" in message


def test_slow_look_up_of_a_name_ends_in_time(server, tmp_path, monkeypatch):
    asked = threading.Event()

    def slow(*arguments, **more):
        asked.set()
        server.ended.wait(20)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    begun = monotonic()
    message = refusal("http://pictures.invalid/a.zip", tmp_path, patience=SHORT)
    assert asked.is_set()
    assert monotonic() - begun < 10
    assert "a.zip: next to nothing came for 0.3 s" in message


def test_download_with_an_end_is_kept_and_passes_errors_on(server, tmp_path):
    url = server.serve("/a.zip", CONTENT)
    assert got(url, tmp_path, patience=SHORT).read_bytes() == CONTENT
    missing = refusal(f"{server.url}/gone", tmp_path, patience=SHORT)
    assert "HTTP status 404 Not Found" in missing
    (tmp_path / "downloads").touch()
    with pytest.raises(Refusal, match="Cannot write"):
        got(url, tmp_path / "downloads", patience=SHORT)


def test_damaged_file_is_fetched_again_with_a_word(server, tmp_path, capsys):
    url = server.serve("/a.zip", CONTENT)
    path = got(url, tmp_path)
    path.write_bytes(CONTENT[:-1])
    assert got(url, tmp_path).read_bytes() == CONTENT
    assert f"{path} is damaged" in capsys.readouterr().err


def test_place_that_cannot_be_written_is_told_as_such(server, tmp_path):
    url = server.serve("/a.zip", CONTENT)
    (tmp_path / f"{SHA256[:12]}-a.zip").mkdir()
    assert f"Cannot write {tmp_path}" in refusal(url, tmp_path)


def test_only_our_own_words_are_printed(server, tmp_path, capfd, monkeypatch):
    logger, logged = pooch.get_logger(), io.StringIO()
    logger.setLevel("NOTSET")
    monkeypatch.setattr(logger.handlers[0], "stream", logged)
    url = server.serve("/a.zip", CONTENT)
    got(url.replace("http://", "http://user:secret@"), tmp_path)
    printed = capfd.readouterr()
    assert logged.getvalue() == ""
    assert printed.out == ""
    assert printed.err == f"downloading {url}\n"


def test_passwords_in_addresses_are_never_shown(server, tmp_path):
    url = server.serve("/a.zip", b"wrong").replace("http://", "http://user:secret@")
    assert "secret" not in refusal(url, tmp_path)
    assert public("https://user:secret@host:80/a?b=c") == "https://host:80/a?b=***"


def test_a_terminal_sees_a_bar_that_reaches_the_end(
    server, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    got(server.serve("/a.zip", CONTENT), tmp_path)
    assert "100%" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/a/pictures.tar.gz?x=1#y", "pictures.tar.gz"),
        ("https://host/", "download"),
        ("https://host/..", "download"),
        ("https://host/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"),
        ("https://host/.hidden.png", "hidden.png"),
        ("https://host/%22%3E%3Cimg%20src=x%3E.png", "_img_src_x_.png"),
        ("https://host/" + "a" * 300 + ".png", "a" * 96 + ".png"),
    ],
)
def test_file_names_made_from_addresses_are_harmless(url, name):
    assert base_name(url) == name
