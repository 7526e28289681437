import pickle
import re

import pytest
import torch

from data.embedded import checkpoint


def test_what_was_written_is_read_and_nothing_lies_beside_it(tmp_path):
    path = tmp_path / "judge.pt"
    for step in (1, 2):
        checkpoint.write(path, {"step": step, "weights": torch.arange(3.0)})
    state = checkpoint.read(path, lambda found: found["step"] == 2)
    assert state["step"] == 2
    assert torch.equal(state["weights"], torch.arange(3.0))
    assert list(tmp_path.iterdir()) == [path]


def test_a_training_without_checkpoint_begins_at_the_start(tmp_path):
    assert checkpoint.read(tmp_path / "judge.pt", lambda found: False) is None


def test_a_checkpoint_that_does_not_fit_is_named_with_the_remedy(tmp_path):
    path = tmp_path / "judge.pt"
    checkpoint.write(path, {"step": 1})
    told = re.escape(f"{path} was trained with another") + ".*put those back.*delete it"
    with pytest.raises(ValueError, match=told):
        checkpoint.read(path, lambda found: False)


def test_a_write_that_fails_leaves_the_last_checkpoint(tmp_path):
    path = tmp_path / "judge.pt"
    checkpoint.write(path, {"step": 1})
    with pytest.raises((AttributeError, pickle.PicklingError), match="local object"):
        checkpoint.write(path, {"step": lambda: 2})
    assert checkpoint.read(path, lambda found: True) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]
