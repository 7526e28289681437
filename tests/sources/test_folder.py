import os

import pytest
from PIL import Image

from stages.process.stage import Refusal, printable
from stages.sources import candidate as candidates_module
from stages.sources import folder
from stages.sources.candidate import READ, BadPicture
from stages.sources.picture import upright


def put(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), colour).save(path, "PNG")


def names(root):
    with folder.pictures(path=f"{root}") as candidates:
        return [candidate.name for candidate in candidates]


def reasons(root):
    found = {}
    with folder.pictures(path=f"{root}") as candidates:
        for candidate in candidates:
            try:
                upright(candidate.open)
            except BadPicture as reason:
                found[candidate.name] = f"{reason}"
    return found


def test_pictures_are_found_in_all_folders_and_sorted_by_path(tmp_path):
    for path in ["b.png", "a/z.JPG", "a/b/c.WebP", "Z.jpeg", "a-b.png"]:
        put(tmp_path / path)
    (tmp_path / "notes.txt").write_text("no picture")
    expected = ["Z.jpeg", "a-b.png", "a/b/c.WebP", "a/z.JPG", "b.png"]
    assert names(tmp_path) == expected


def test_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    for path in ["a/1.png", "a/2.png", "b/1.png"]:
        put(tmp_path / path)
    listed = os.listdir
    expected = names(tmp_path)
    monkeypatch.setattr(os, "listdir", lambda path: listed(path)[::-1])
    assert names(tmp_path) == expected


def test_hidden_files_and_folders_are_left_alone(tmp_path):
    for path in ["a.png", ".b.png", ".thumbnails/c.png", "__MACOSX/d.png"]:
        put(tmp_path / path)
    assert names(tmp_path) == ["a.png"]


def test_links_in_a_circle_come_to_an_end(tmp_path):
    put(tmp_path / "a" / "picture.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    (tmp_path / "lost.png").symlink_to(tmp_path / "nothing")
    assert names(tmp_path) == ["a/picture.png", "lost.png", "self.png"]
    assert reasons(tmp_path) == {
        "lost.png": "No such file or directory",
        "self.png": "Too many levels of symbolic links",
    }


def test_linked_folder_elsewhere_is_searched(tmp_path):
    put(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "link").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "pictures") == ["link/a.png"]


def test_hostile_names_are_kept_visible_and_harmless(tmp_path):
    hostile = '"><img src=x onerror=alert(1)>.png'
    for name in [hostile, "two\nlines.png", "\x1b[2Jcleared.png", "right\u202egnp.png"]:
        put(tmp_path / name.replace("/", "_"))
    put(tmp_path / os.fsdecode(b"\xff\xfe.png"))
    found = names(tmp_path)
    assert hostile in found
    assert {"two\\nlines.png", "\\x1b[2Jcleared.png", "right\\u202egnp.png"} <= {*found}
    assert "\\udcff\\udcfe.png" in found
    assert all(name.isprintable() and name.encode() for name in found)
    assert reasons(tmp_path) == {}


def test_names_in_any_script_are_left_as_they_are():
    assert printable("Ångström 猫.png") == "Ångström 猫.png"


def test_formats_that_are_not_read_are_named_with_a_reason(tmp_path):
    put(tmp_path / "a.png")
    (tmp_path / "phone.HEIC").write_bytes(b"ftyp")
    (tmp_path / "old.gif").write_bytes(b"GIF89a")
    assert reasons(tmp_path) == {
        "phone.HEIC": f"heic is not read; use {READ}",
        "old.gif": f"gif is not read; use {READ}",
    }


def test_files_that_are_no_pictures_are_named_with_a_reason(tmp_path):
    put(tmp_path / "good.png")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "page.jpg").write_text("<html>404</html>")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    assert reasons(tmp_path) == {
        "empty.png": "the file is empty",
        "page.jpg": f"not a {READ} picture",
        "pipe.png": "not a regular file",
    }


def test_no_more_than_the_limit_of_a_file_is_read(tmp_path, monkeypatch):
    put(tmp_path / "long.png")
    monkeypatch.setattr(candidates_module, "MAX_BYTES", 20)
    assert reasons(tmp_path) == {"long.png": "longer than 0 MB"}


def test_no_file_is_read_to_its_end_to_see_that_it_is_long():
    class Endless:
        def read(self, size):
            assert 0 < size <= candidates_module.MAX_BYTES + 1
            return bytes(size)

    with pytest.raises(BadPicture, match="longer than 100 MB"):
        candidates_module.whole(Endless())


def test_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    put(tmp_path / "a.png")
    put(tmp_path / "closed" / "b.png")
    listed = os.listdir

    def denied(path):
        if path == tmp_path / "closed":
            raise PermissionError(13, "Permission denied", f"{path}")
        return listed(path)

    monkeypatch.setattr(os, "listdir", denied)
    assert reasons(tmp_path) == {"closed": "Permission denied"}


def test_absent_and_empty_folders_are_refused_with_the_remedy(tmp_path):
    with pytest.raises(Refusal, match=r"nowhere.*does not exist\. Put JPEG"):
        names(tmp_path / "nowhere")
    with pytest.raises(Refusal, match=rf"There is no picture in .*Put {READ}"):
        names(tmp_path)
    put(tmp_path / "a.png")
    with pytest.raises(Refusal, match="is a file, not a folder"):
        names(tmp_path / "a.png")
