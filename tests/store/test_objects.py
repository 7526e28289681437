"""Objects in a folder and on a server of S3: whole, patient, and told apart."""

import errno
import os
import pickle
import shutil
import threading
import time

import pytest

from stages.process.stage import Refusal
from stages.store import objects as module
from stages.store.objects import Objects


@pytest.fixture(params=["folder", "s3"])
def objects(request, tmp_path):
    """Return a place in a folder, then one on a server."""
    if request.param == "s3":
        place = Objects(request.getfixturevalue("s3"))
    else:
        place = Objects(f"{tmp_path / 'place'}")
    place.create()
    return place


@pytest.fixture
def folder(tmp_path):
    place = Objects(f"{tmp_path / 'place'}")
    place.create()
    return place


def test_an_object_is_read_whole_and_in_parts(objects):
    objects.put("a/one", b"0123456789")
    assert objects.get("a/one") == b"0123456789"
    assert objects.get("a/one", 2, 4) == b"23"
    assert objects.ranges("a/one", [(0, 1), (8, None)]) == [b"0", b"89"]


def test_names_come_with_their_bytes_as_soon_as_they_are_there(objects):
    assert objects.names("a") == {}
    objects.put("a/b/one", b"12")
    objects.put("a/two", b"345")
    assert objects.names("a") == {"a/b/one": 2, "a/two": 3}
    objects.drop(["a/two", "a/gone"])
    assert objects.names("a") == {"a/b/one": 2}


def test_an_object_that_is_not_there_is_told_at_once(objects):
    begun = time.monotonic()
    with pytest.raises(FileNotFoundError):
        objects.get("a/none")
    assert time.monotonic() - begun < 5


def test_a_file_is_put_once(objects, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"content")
    objects.put_file("inputs/x", file)
    file.unlink()
    file.write_bytes(b"another")
    Objects(objects.url).put_file("inputs/x", file)
    assert objects.get("inputs/x") == b"content"


def test_in_a_folder_a_file_is_put_as_a_link(folder, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"content")
    folder.put_file("inputs/x", file)
    assert os.path.samefile(folder.folder / "inputs/x", file)


def test_on_another_file_system_a_file_is_copied(folder, tmp_path, monkeypatch):
    def across(source, place):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(module.os, "link", across)
    file = tmp_path / "file"
    file.write_bytes(b"content")
    folder.put_file("inputs/x", file)
    assert folder.get("inputs/x") == b"content"


def test_pickled_it_is_its_address_alone(objects):
    objects.put("one", b"1")
    data = pickle.dumps(objects)
    assert len(data) < 200
    assert pickle.loads(data).get("one") == b"1"


def test_a_place_that_is_gone_for_a_while_is_waited_for(folder, capsys):
    folder.put("one", b"1")
    place, away = folder.folder, folder.folder.with_name("away")
    place.rename(away)
    # As where nothing is mounted: the folder is there, and empty.
    place.mkdir()

    def mounted_again():
        place.rmdir()
        away.rename(place)

    timer = threading.Timer(1.0, mounted_again)
    timer.start()
    folder.put("two", b"2")
    timer.join()
    assert folder.names("") == {"one": 1, "two": 1, "preimages-store": 1}
    assert capsys.readouterr().err.count("waiting for") == 1


def test_a_full_place_is_waited_for(folder, monkeypatch):
    write, refused = module.files.write_bytes, []

    def full(path, data):
        if len(refused) < 3:
            refused.append(path)
            raise Refusal(f"{path} could not be written: No space left on device")
        write(path, data)

    monkeypatch.setattr(module.files, "write_bytes", full)
    folder.put("one", b"1")
    assert folder.get("one") == b"1"
    assert len(refused) == 3


def test_patience_ends_in_a_sentence(folder, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_OF_PATIENCE", 0.5)
    shutil.rmtree(folder.folder)
    with pytest.raises(Refusal, match=r"could not be read or written .* is kept"):
        folder.put("one", b"1")
