import hashlib
import inspect
import io
import tarfile

import pytest
from PIL import Image
from torchvision import datasets
from torchvision.datasets import flowers102, imagenette, utils

from stages.process.stage import Refusal
from stages.sources import download, torchvision_dataset
from stages.sources.candidate import BadPicture
from stages.sources.picture import upright
from stages.sources.torchvision_downloads import _direct, verified_downloads

CLASSES = ["n01440764", "n02102040", "n03000684"]
N_EACH = 4


def picture(level):
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (24, 16), (level, 0, 0)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def tar():
    """A data set of Imagenette's structure: 3 classes of 4 pictures, one damaged."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for kind, name in enumerate(CLASSES):
            for index in range(N_EACH):
                data = picture(80 * kind + 10 * index)
                data = data[:300] if (kind, index) == (1, 2) else data
                path = f"imagenette2-160/val/{name}/{name}_{index}.JPEG"
                info = tarfile.TarInfo(path)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def imagenette_served(server, tar, monkeypatch):
    """torchvision's Imagenette, its address and MD5 those of the tiny data set."""
    address = server.serve("/imagenette2-160.tgz", tar)
    entry = {"160px": (address, hashlib.md5(tar).hexdigest())}
    known = datasets.Imagenette._ARCHIVES | entry
    monkeypatch.setattr(datasets.Imagenette, "_ARCHIVES", known)
    monkeypatch.setattr(download, "sleep", lambda seconds: None)
    return server


def offered(downloads, **changes):
    options = {
        "dataset": "Imagenette",
        "arguments": {"split": "val", "size": "160px"},
        "sha256": {},
        "mirrors": {},
        "limit": None,
    }
    return torchvision_dataset.pictures(downloads=downloads, **options | changes)


def names(downloads, **changes):
    with offered(downloads, **changes) as candidates:
        return [candidate.name for candidate in candidates]


def refusal(downloads, **changes):
    with pytest.raises(Refusal) as caught:
        names(downloads, **changes)
    return f"{caught.value}"


def numbers(*indices):
    return [f"Imagenette/{index:02d}" for index in indices]


def test_pictures_are_parsed_by_torchvision_and_decoded_by_us(
    imagenette_served, tmp_path
):
    with offered(tmp_path) as candidates:
        assert [candidate.name for candidate in candidates] == numbers(*range(12))
        # Not what torchvision's own loader makes of them: the files themselves.
        assert candidates[0].open() == picture(0)
        assert upright(candidates[0].open).size == (16, 24)
        with pytest.raises(BadPicture, match=r"(?i)truncated"):
            upright(candidates[6].open)


def test_archive_lies_verified_in_downloads(imagenette_served, tmp_path, tar):
    names(tmp_path)
    md5 = hashlib.md5(tar).hexdigest()
    path = tmp_path / f"{md5[:12]}-imagenette2-160.tgz"
    assert path.read_bytes() == tar


def test_limit_spreads_over_the_classes_and_the_rest_stands_in(
    imagenette_served, tmp_path
):
    spread = numbers(0, 4, 8, 1, 2, 3, 5, 6, 7, 9, 10, 11)
    assert names(tmp_path, limit=3) == spread
    assert names(tmp_path, limit=5)[:5] == numbers(0, 2, 4, 7, 9)
    assert names(tmp_path, limit=12) == numbers(*range(12))
    assert names(tmp_path, limit=99) == numbers(*range(12))


def test_complete_data_set_is_neither_fetched_nor_unpacked_again(
    imagenette_served, tmp_path, monkeypatch
):
    first = names(tmp_path)
    monkeypatch.setattr(utils, "extract_archive", lambda *_: pytest.fail("unpacked"))
    assert names(tmp_path, limit=None) == first
    assert imagenette_served.asked["/imagenette2-160.tgz"] == 1


def test_killed_unpacking_does_not_pass_for_a_data_set(
    imagenette_served, tmp_path, monkeypatch
):
    class Killed(BaseException):
        pass

    def killed(archive, folder, remove_finished=False):
        place = f"{folder}/imagenette2-160/val/{CLASSES[0]}"
        (torchvision_dataset.Path(place)).mkdir(parents=True)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(utils, "extract_archive", killed)
        with pytest.raises(Killed):
            names(tmp_path)
    assert names(tmp_path) == numbers(*range(12))


def test_wrong_md5_is_refused_and_nothing_is_unpacked(
    imagenette_served, tmp_path, monkeypatch
):
    monkeypatch.setattr(utils, "extract_archive", lambda *_: pytest.fail("unpacked"))
    imagenette_served.serve("/imagenette2-160.tgz", b"evil")
    assert "md5 is" in refusal(tmp_path)


def test_sha256_of_the_user_goes_before_the_md5(imagenette_served, tmp_path, tar):
    sha256 = hashlib.sha256(tar).hexdigest()
    names(tmp_path, sha256={"imagenette2-160.tgz": sha256})
    assert (tmp_path / f"{sha256[:12]}-imagenette2-160.tgz").is_file()
    wrong = {"imagenette2-160.tgz": "0" * 64}
    assert f"where {'0' * 64} is wanted" in refusal(tmp_path, sha256=wrong)


def test_mirror_and_hand_placed_copy_serve(
    imagenette_served, tmp_path, tar, monkeypatch
):
    server = imagenette_served
    server.serve("/imagenette2-160.tgz", server.Answer(status=404))
    mirrors = {"imagenette2-160.tgz": server.serve("/mirror", tar)}
    assert len(names(tmp_path / "mirrored", mirrors=mirrors)) == 12
    message = refusal(tmp_path / "placed")
    assert "HTTP status 404" in message
    assert f"in the folder {tmp_path / 'placed'}" in message
    (tmp_path / "placed" / "imagenette2-160.tgz").write_bytes(tar)
    assert len(names(tmp_path / "placed")) == 12


def test_file_without_any_hash_is_refused(imagenette_served, tmp_path, monkeypatch):
    entry = {"160px": (f"{imagenette_served.url}/imagenette2-160.tgz", None)}
    monkeypatch.setattr(datasets.Imagenette, "_ARCHIVES", entry)
    message = refusal(tmp_path)
    assert "states no hash of imagenette2-160.tgz" in message
    assert "`fetch.images.sha256` as `imagenette2-160.tgz: ...`" in message
    assert not imagenette_served.asked


def test_unknown_data_set_is_refused_with_the_choices(tmp_path):
    message = refusal(tmp_path, dataset="ImageFolder")
    assert "Imagenette, INaturalist" in message
    assert "got 'ImageFolder'" in message


def test_unknown_arguments_and_values_are_refused(imagenette_served, tmp_path):
    message = refusal(tmp_path, arguments={"sizes": 1, "root": "/", "loader": "x"})
    assert "must be of size, split; got loader, root, sizes" in message
    message = refusal(tmp_path, arguments={"split": "test"})
    assert "{'split': 'test'}" in message
    assert "train" in message


def test_replaced_functions_are_put_back(tmp_path):
    before = utils.download_url, flowers102.download_url
    fetched = []

    def build():
        with verified_downloads(lambda *call: fetched.append(call)):
            assert flowers102.download_url is utils.download_url is not before[0]
            utils.download_url("https://host/a.zip?b", tmp_path, "a.zip", "0")
            raise KeyError

    with pytest.raises(KeyError):
        build()
    assert (utils.download_url, flowers102.download_url) == before
    assert fetched == [("https://host/a.zip?b", tmp_path, "a.zip", "0")]


def test_google_drive_is_asked_for_the_file_and_not_for_a_page():
    page = "https://drive.google.com/file/d/1aB-c_/view?usp=sharing"
    assert _direct(page).endswith("&id=1aB-c_")
    assert _direct("https://host/file/d/x") == "https://host/file/d/x"


@pytest.mark.parametrize("dataset", torchvision_dataset.DATASETS)
def test_every_data_set_downloads_only_through_what_is_replaced(dataset):
    kind = getattr(datasets, dataset)
    assert {"root", "download"} <= inspect.signature(kind).parameters.keys()
    source = inspect.getsource(inspect.getmodule(kind))
    for way in ("urlopen", "urlretrieve", "requests.", "gdown.download", "http.client"):
        assert way not in source


def test_pictures_that_torchvision_decoded_are_accepted(tmp_path, monkeypatch):
    class Decoded:
        def __init__(self, root, split="train", download=False):
            self.items = [(Image.new("CMYK", (32, 32)), 0)]

        def __len__(self):
            return len(self.items)

        def __getitem__(self, index):
            return self.items[index]

    monkeypatch.setattr(datasets, "SVHN", Decoded)
    with offered(tmp_path, dataset="SVHN", arguments={}) as (candidate,):
        assert upright(candidate.open).mode == "RGB"
        assert candidate.name == "SVHN/0"


def test_imagenette_still_takes_a_loader():
    assert "loader" in inspect.signature(imagenette.Imagenette).parameters
