"""Target codes: written in batches, read in slices, in the safetensors format."""

import pytest
import torch
from safetensors.torch import load_file

from stages.process.stage import Refusal
from stages.store import codes, paths
from stages.store.damage import damaged
from stages.store.files import replacing
from stages.store.seals import BrokenSeal

IDS = ["aa", "bb", "cc"]
CODES = torch.arange(3 * 2 * 4 * 5, dtype=torch.float32).reshape(3, 2, 4, 5)


def write(place, *layer):
    with replacing(place) as temporary, temporary.open("wb") as file:
        codes.write(file, *layer)


def test_codes_written_in_batches_come_back_by_picture(tmp_path):
    place = tmp_path / "deep" / "layer.safetensors"
    write(place, IDS, (2, 4, 5), iter([CODES[:2], CODES[2:]]))
    file = codes.StoredCodes(place)
    assert (file.image_ids, file.shape) == (IDS, (2, 4, 5))
    assert torch.equal(file.of(["cc", "aa"]), CODES[[2, 0]])


def test_the_file_is_plain_safetensors(tmp_path):
    place = tmp_path / "layer.safetensors"
    write(place, IDS, (2, 4, 5), [CODES.double()])
    assert torch.equal(load_file(place)["codes"], CODES)


def test_the_head_is_as_long_with_the_checksums_as_without(tmp_path):
    # Of so many pictures that the padding to eight bytes hides no digit too few.
    ids, place = [f"{i}" for i in range(8)], tmp_path / "layer.safetensors"
    layer = torch.arange(8.0).reshape(8, 1, 1, 1)
    write(place, ids, (1, 1, 1), [layer])
    assert torch.equal(codes.StoredCodes(place).all(), layer)


def test_too_few_codes_are_refused_and_leave_nothing(tmp_path):
    place = tmp_path / "layer.safetensors"
    told = r"3 codes of shape \(2, 4, 5\): 480 bytes, got 320"
    with pytest.raises(ValueError, match=told):
        write(place, IDS, (2, 4, 5), [CODES[:2]])
    assert not place.exists()


# damage -----------------------------------------------------------------------------


def test_every_changed_byte_is_noticed_before_a_code_is_used(tmp_path):
    place = tmp_path / "layer.safetensors"
    write(place, IDS, (2, 4, 5), [CODES])
    whole = place.read_bytes()
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1 << at % 7
        place.write_bytes(changed)
        with pytest.raises(BrokenSeal, match=r"layer.safetensors is damaged"):
            _used(place)
    place.write_bytes(whole)
    _used(place)


def _used(place):
    file = codes.StoredCodes(place)
    assert torch.equal(file.of(IDS), CODES)
    assert torch.equal(codes.StoredCodes(place).all(), CODES)


def test_a_code_is_checked_when_it_is_used_and_once(tmp_path, monkeypatch):
    place = tmp_path / "layer.safetensors"
    write(place, IDS, (2, 4, 5), [CODES])
    checked, digest = [], codes._digest
    monkeypatch.setattr(
        codes, "_digest", lambda i, c: (checked.append(i), digest(i, c))[1]
    )
    file = codes.StoredCodes(place)
    file.of(["bb"])
    file.of(["bb", "bb"])
    assert checked == ["bb"]
    file.all()
    assert checked == ["bb", "aa", "cc"]


def test_the_refusal_says_which_picture_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = paths.codes("hog", "hog")
    write(place, IDS, (2, 4, 5), [CODES])
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(data)
    file = codes.StoredCodes(place, damaged)
    assert torch.equal(file.of(["aa"]), CODES[:1])
    with pytest.raises(Refusal, match=r"^data/targets/hog.* picture cc .*-f extract`$"):
        file.of(["cc"])
    with pytest.raises(Refusal, match="it has no code of picture dd"):
        file.of(["dd"])
    place.unlink()
    with pytest.raises(FileNotFoundError):
        codes.StoredCodes(place)


def test_codes_that_add_up_to_another_shape_are_refused(tmp_path):
    with pytest.raises(ValueError, match="3 codes of shape"):
        write(tmp_path / "x", IDS, (2, 4, 5), [CODES.reshape(2, 3, 4, 5)])
