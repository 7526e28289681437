import json

import pytest
import torch

from data.embedded import weights
from data.embedded.fold import fold_file, n_training_pictures
from data.embedded.networks import NAMES, Trainable, network
from data.embedded.recipe import settings
from data.embedded.train import Training, train


@pytest.mark.parametrize("name", NAMES)
def test_plain_file_computes_what_the_trained_network_does(folder, name):
    trained_path, path = train(name, folder), fold_file(name, folder)
    assert path == folder / f"{name}.safetensors"
    chosen = settings(name, folder)
    trained = Trainable(network(name, chosen["architecture"]), 0.5).eval()
    trained.load_state_dict(weights.read(trained_path)[0])
    plain = network(name, chosen["architecture"])
    tensors, metadata = weights.read(path)
    plain.load_state_dict(tensors)
    images = torch.rand(3, 3, 64, 64) * 255
    with torch.no_grad():
        torch.testing.assert_close(
            plain(images).flatten(1), trained(images), rtol=1e-4, atol=1e-4
        )
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}
    assert not any("norm" in key for key in tensors)
    assert json.loads(metadata.pop("architecture")) == chosen["architecture"]
    assert metadata == {"network": name, "finished": "true", "step": "8", "steps": "8"}


def test_folding_twice_gives_the_same_bytes(folder):
    train("judge", folder)
    first = fold_file("judge", folder).read_bytes()
    assert fold_file("judge", folder).read_bytes() == first


def test_checkpoint_can_be_folded_half_way_and_says_so(folder):
    training = Training("judge", settings("judge", folder), folder / "work")
    training.step = 5
    training.save()
    _, metadata = weights.read(fold_file("judge", folder, checkpoint=True))
    # 29 pictures in batches of 8, two epochs.
    assert metadata["finished"] == "false"
    assert (metadata["step"], metadata["steps"]) == ("5", "8")


def test_checkpoint_at_the_end_is_finished(folder):
    path = train("judge", folder)
    whole = fold_file("judge", folder).read_bytes()
    path.unlink()
    assert fold_file("judge", folder, checkpoint=True).read_bytes() == whole


def test_untrained_network_cannot_be_folded(folder):
    for checkpoint in (False, True):
        with pytest.raises(FileNotFoundError):
            fold_file("judge", folder, checkpoint=checkpoint)


def test_network_of_another_architecture_is_refused(folder, edit):
    train("judge", folder)
    edit("widths: [4, 6, 6, 8]", "widths: [4, 6, 6, 9]")
    with pytest.raises(RuntimeError, match="size mismatch"):
        fold_file("judge", folder)


def test_training_pictures_are_counted_over_all_files(folder):
    assert n_training_pictures(folder / "pictures") == 29
