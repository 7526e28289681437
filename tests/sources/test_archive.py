import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from PIL import Image

from stages.process.stage import Refusal
from stages.sources import archive
from stages.sources import candidate as candidates_module
from stages.sources.candidate import BadPicture
from stages.sources.picture import upright

PACKED = {
    "tar": lambda data: data,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}


def picture(colour="red"):
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
    return buffer.getvalue()


def tar_of(members, links=()):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for name, kind, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
    return buffer.getvalue()


def zip_of(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return buffer.getvalue()


def read(folder, data):
    """Return the names of the good pictures and the reasons of the bad ones."""
    path = folder / "some.file"
    path.write_bytes(data)
    assert archive.is_archive(path)
    good, bad = [], {}
    with archive.pictures(path, source="https://host/some.file") as candidates:
        for candidate in candidates:
            try:
                upright(candidate.open)
                good.append(candidate.name)
            except BadPicture as reason:
                bad[candidate.name] = f"{reason}"
    assert sorted(folder.iterdir()) == [path]
    return good, bad


MEMBERS = {
    "b/2.png": picture(),
    "a.JPG": picture(),
    "./c.webp": picture(),
    "notes.txt": b"no picture",
    "__MACOSX/._a.jpg": b"no picture",
    ".hidden/d.png": picture(),
}


def test_folders_are_not_taken_for_pictures(tmp_path):
    folder = [("album.png", tarfile.DIRTYPE, "")]
    members = {"album.png/a.png": picture()}
    assert read(tmp_path, tar_of(members, folder)) == (["album.png/a.png"], {})
    members["album.png/"] = b""
    assert read(tmp_path, zip_of(members)) == (["album.png/a.png"], {})


@pytest.mark.parametrize("kind", PACKED)
def test_tar_archives_are_read_by_content_and_sorted_by_name(tmp_path, kind):
    good, bad = read(tmp_path, PACKED[kind](tar_of(MEMBERS)))
    assert good == ["./c.webp", "a.JPG", "b/2.png"]
    assert bad == {}


def test_zip_archive_is_read_and_sorted_by_name(tmp_path):
    good, bad = read(tmp_path, zip_of(MEMBERS))
    assert good == ["./c.webp", "a.JPG", "b/2.png"]
    assert bad == {}


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_names_that_point_outside_are_only_names(tmp_path, pack):
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)
    name, absolute = "../../evil.png", f"{tmp_path}/absolute.png"
    good, _ = read(inside, pack({name: picture(), absolute: picture()}))
    assert {name, absolute.lstrip("/")} == {item.lstrip("/") for item in good}
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_links_and_devices_in_a_tar_are_bad_pictures(tmp_path):
    (tmp_path / "data").mkdir()
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture())
    links = [
        ("soft.png", tarfile.SYMTYPE, f"{secret}"),
        ("hard.png", tarfile.LNKTYPE, "good.png"),
        ("pipe.png", tarfile.FIFOTYPE, ""),
        ("device.png", tarfile.CHRTYPE, ""),
    ]
    good, bad = read(tmp_path / "data", tar_of({"good.png": picture()}, links))
    assert good == ["good.png"]
    expected = "not a regular file but a link or a device"
    assert bad == {name: expected for name, _, _ in links}


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_member_that_swells_is_given_up_at_the_limit(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(candidates_module, "MAX_BYTES", 2_000_000)
    members = {"a.png": picture(), "bomb.png": bytes(50_000_000)}
    assert read(tmp_path, pack(members)) == (
        ["a.png"],
        {"bomb.png": "longer than 2 MB"},
    )


def test_zip_that_lies_about_a_length_costs_no_more_than_the_limit(tmp_path):
    data = zip_of({"a.png": picture(), "bomb.png": bytes(5_000_000)})
    lying = data.replace((5_000_000).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    assert lying != data
    good, bad = read(tmp_path, lying)
    assert good == ["a.png"]
    assert bad.keys() == {"bomb.png"}


def test_tar_that_swells_is_refused_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 3_000_000)
    data = gzip.compress(tar_of({"a.png": bytes(9_000_000)}))
    with pytest.raises(Refusal, match="unpacks to more than 3,000,000 bytes"):
        read(tmp_path, data)
    assert [path.name for path in tmp_path.iterdir()] == ["some.file"]


DAMAGED = {
    "tar": tar_of(MEMBERS)[:700],
    "tar.gz": gzip.compress(tar_of(MEMBERS))[:-20],
    "no tar": gzip.compress(b"no tar"),
    "tar.bz2": bz2.compress(tar_of(MEMBERS))[:60],
    "tar.xz": lzma.compress(tar_of(MEMBERS))[:60],
    "zip": zip_of(MEMBERS)[:-30],
    "no gzip": b"\x1f\x8bnothing",
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_archive_is_refused_by_name(tmp_path, data):
    message = r"some\.file cannot be read as an archive: .*https://host/some\.file"
    with pytest.raises(Refusal, match=message):
        read(tmp_path, data)


def test_damaged_member_of_a_zip_is_one_bad_picture(tmp_path):
    good = picture()
    data = bytearray(zip_of({"a.png": good, "b.png": picture("blue")}))
    data[data.index(b"a.png") + 12] ^= 255
    names, bad = read(tmp_path, bytes(data))
    assert names == ["b.png"]
    assert bad.keys() == {"a.png"}


def test_encrypted_member_is_one_bad_picture(tmp_path):
    data = bytearray(zip_of({"a.png": picture(), "b.png": picture()}))
    # Bit 0 of the flags, in the member's own header and in the directory.
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    names, bad = read(tmp_path, bytes(data))
    assert names == ["b.png"]
    assert "encrypted" in bad["a.png"]


def test_names_of_members_are_made_printable(tmp_path):
    members = {"two\nlines.png": picture(), '"><img src=x>.png': picture()}
    assert read(tmp_path, zip_of(members))[0] == [
        '"><img src=x>.png',
        "two\\nlines.png",
    ]
    data = tar_of({"\udcff.png": picture()})
    assert read(tmp_path, data)[0] == ["\\udcff.png"]


@pytest.mark.parametrize("data", [picture(), b"", b"<html>", b"P", b"PK"])
def test_what_is_no_archive_is_not_taken_for_one(tmp_path, data):
    (tmp_path / "archive.zip").write_bytes(data)
    assert not archive.is_archive(tmp_path / "archive.zip")
