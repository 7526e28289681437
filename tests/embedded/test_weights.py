import hashlib

import pytest
import torch

from data.embedded import weights

METADATA = {name: name * 2 for name in ("one", "two", "three", "four", "five", "six")}


def test_what_was_written_is_read_again(tmp_path):
    shared = torch.arange(48.0).reshape(2, 3, 2, 4)
    tensors = {
        "last": shared.contiguous(memory_format=torch.channels_last),
        "same": shared,
        "again": shared,
        "double": torch.ones(3, dtype=torch.float64) / 3,
        "count": torch.tensor(7),
    }
    weights.write(tmp_path / "a.safetensors", tensors, METADATA)
    found, metadata = weights.read(tmp_path / "a.safetensors")
    assert metadata == METADATA
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_equal_weights_have_equal_bytes(tmp_path):
    hashes = set()
    for turn in range(8):
        path = tmp_path / f"{turn}.safetensors"
        weights.write(path, {"b": torch.ones(3), "a": torch.zeros(2)}, METADATA)
        hashes.add(weights.sha256(path))
    assert hashes == {hashlib.sha256(path.read_bytes()).hexdigest()}


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.safetensors"
    weights.write(path, {"a": torch.zeros(2)}, METADATA)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        weights.write(path, {"a": torch.zeros(2)}, {"step": 3})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        weights.read(tmp_path / "none.safetensors")
