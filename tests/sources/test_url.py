import hashlib
import io
import zipfile
from types import SimpleNamespace

import pytest
from PIL import Image

from stages.process.stage import Refusal
from stages.sources import download, url
from stages.sources.picture import upright


def picture(colour="red"):
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
    return buffer.getvalue()


def zip_of(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return buffer.getvalue()


def remote(address, data, mirrors=()):
    sha256 = hashlib.sha256(data).hexdigest()
    return SimpleNamespace(url=address, sha256=sha256, mirrors=list(mirrors))


def test_files_keep_the_order_listed_and_members_are_sorted(server, tmp_path):
    single, packed = picture("red"), zip_of({"b.png": picture(), "a.png": picture()})
    files = [
        remote(server.serve("/z.png", single), single),
        remote(server.serve("/get?id=7", packed), packed),
        remote(server.serve("/y.jpg", single), single),
    ]
    with url.pictures(files=files, downloads=tmp_path) as candidates:
        names = [candidate.name for candidate in candidates]
        sources = [candidate.source for candidate in candidates]
        assert all(upright(candidate.open).size == (16, 16) for candidate in candidates)
    assert names == ["z.png", "a.png", "b.png", "y.jpg"]
    # What is asked of an address may be a secret.
    masked = f"{server.url}/get?id=***"
    assert sources == [files[0].url, masked, masked, files[2].url]


def test_source_column_holds_no_password(server, tmp_path):
    data = picture()
    address = server.serve("/a.png", data).replace("http://", "http://user:secret@")
    files = [remote(address, data)]
    with url.pictures(files=files, downloads=tmp_path) as (candidate,):
        assert candidate.source == f"{server.url}/a.png"


def test_mirror_serves_when_the_first_address_fails(server, tmp_path):
    data = picture()
    files = [remote(f"{server.url}/gone", data, [server.serve("/a.png", data)])]
    with url.pictures(files=files, downloads=tmp_path) as candidates:
        assert [candidate.name for candidate in candidates] == ["gone"]


def test_every_file_is_fetched_before_any_is_offered(server, tmp_path):
    data = picture()
    files = [
        remote(server.serve("/a.png", data), data),
        remote(f"{server.url}/b", data),
    ]
    with pytest.raises(Refusal, match="/b: HTTP status 404"):
        with url.pictures(files=files, downloads=tmp_path):
            pytest.fail("offered")


def test_offline_message_names_url_hash_and_folder(closed_port, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "sleep", lambda seconds: None)
    file = remote(f"{closed_port}/photos.tgz", b"x")
    with pytest.raises(Refusal) as caught:
        with url.pictures(files=[file], downloads=tmp_path):
            pytest.fail("offered")
    for part in (file.url, file.sha256, "photos.tgz", f"{tmp_path}"):
        assert part in f"{caught.value}"


def test_copies_placed_by_hand_need_no_network(closed_port, tmp_path):
    data = zip_of({"a.png": picture()})
    (tmp_path / "photos.zip").write_bytes(data)
    files = [remote(f"{closed_port}/photos.zip", data)]
    with url.pictures(files=files, downloads=tmp_path) as candidates:
        assert [candidate.name for candidate in candidates] == ["a.png"]


def test_archive_without_pictures_is_refused(server, tmp_path):
    data = zip_of({"notes.txt": b"no picture"})
    files = [remote(server.serve("/a.zip", data), data)]
    with pytest.raises(Refusal, match=r"/a\.zip holds no picture"):
        with url.pictures(files=files, downloads=tmp_path):
            pytest.fail("offered")
