"""Target codes: written in batches, read in slices, in the safetensors format."""

import pytest
import torch
from safetensors.torch import load_file

from stages.store import codes

IDS = ["aa", "bb", "cc"]
CODES = torch.arange(3 * 2 * 4 * 5, dtype=torch.float32).reshape(3, 2, 4, 5)


def test_codes_written_in_batches_come_back_by_picture(tmp_path):
    place = tmp_path / "deep" / "layer.safetensors"
    codes.write(place, IDS, (2, 4, 5), iter([CODES[:2], CODES[2:]]))
    file = codes.Codes(place)
    assert (file.image_ids, file.shape) == (IDS, (2, 4, 5))
    assert torch.equal(file.of(["cc", "aa"]), CODES[[2, 0]])


def test_the_file_is_plain_safetensors(tmp_path):
    place = tmp_path / "layer.safetensors"
    codes.write(place, IDS, (2, 4, 5), [CODES.double()])
    assert torch.equal(load_file(place)["codes"], CODES)


def test_too_few_codes_are_refused_and_leave_nothing(tmp_path):
    place = tmp_path / "layer.safetensors"
    with pytest.raises(ValueError, match=r"3 codes of shape \(2, 4, 5\)"):
        codes.write(place, IDS, (2, 4, 5), [CODES[:2]])
    assert not place.exists()
