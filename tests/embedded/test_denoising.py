import csv
import json

import pytest
import torch
from filelock import FileLock

from data.embedded import denoising, weights
from data.embedded.denoising import (
    Batches,
    Training,
    chosen_for,
    psnr,
    sources,
    train,
)


class Killed(Exception):
    """Stands for a signal that ends the process."""


@pytest.fixture
def kill_at(monkeypatch):
    """Return a function that makes training stop before a step, or never (None)."""
    descend = Training.descend

    def until(step):
        def killed(self, batch):
            if self.step == step:
                raise Killed
            return descend(self, batch)

        monkeypatch.setattr(Training, "descend", killed)

    return until


def test_training_that_was_killed_goes_on_to_the_same_bytes(
    folder, kill_at, monkeypatch
):
    expected = train("denoiser", folder).read_bytes()
    for path in [*(folder / "work").iterdir(), folder / "denoiser.safetensors"]:
        path.unlink()
    # A checkpoint after every step.
    monkeypatch.setattr(denoising, "CHECKPOINT_EVERY", -1.0)
    kill_at(5)
    with pytest.raises(Killed):
        train("denoiser", folder)
    assert not (folder / "denoiser.safetensors").exists()
    seen = []
    kill_at(None)
    descend = Training.descend

    def watched(self, batch):
        seen.append(self.step)
        return descend(self, batch)

    monkeypatch.setattr(Training, "descend", watched)
    torch.manual_seed(99)
    assert train("denoiser", folder).read_bytes() == expected
    assert seen == [5, 6, 7]


def test_file_holds_the_average_and_says_what_it_is(folder, chosen):
    tensors, metadata = weights.read(train("denoiser", folder))
    training = Training("denoiser", chosen, folder / "work")
    training.resume()
    average = training.average.state_dict()
    assert all(torch.equal(tensors[name], average[name]) for name in average)
    trained = training.network.state_dict()
    assert not all(torch.equal(tensors[name], trained[name]) for name in trained)
    assert json.loads(metadata["architecture"]) == chosen["architecture"]
    assert json.loads(metadata["recipe"]) == chosen["recipe"]
    assert metadata["step"] == "8"


def test_thumbnails_and_photographs_take_turns_by_the_step_alone(chosen):
    batches = Batches(chosen["recipe"], sources(chosen))
    assert len(batches) == 8
    shapes = [tuple(batches[step].clean.shape) for step in range(4)]
    assert shapes == [(3, 3, 32, 32), (2, 3, 36, 36)] * 2
    again = batches[2]
    assert torch.equal(batches[2].noisy, again.noisy)
    assert not torch.equal(batches[0].noisy, again.noisy)


def test_photographs_for_claims_are_never_trained_on(chosen):
    # Red is 40 times the place in the order of names: 40, 120 and 200 are for claims.
    _, large = sources(chosen)
    reds = set(large.pixels[0].tolist())
    assert reds == {0, 80, 160}


def test_checkpoint_of_another_recipe_is_refused(folder, edit):
    train("denoiser", folder)
    edit("warm_up: 2", "warm_up: 3")
    with pytest.raises(
        ValueError, match=r"denoiser\.pt was trained with another .*del"
    ):
        train("denoiser", folder)


def test_recipe_may_become_longer_until_it_cools_down(folder, edit, kill_at):
    edit("steps: 8", "steps: 9")
    expected = train("denoiser", folder).read_bytes()
    for path in [*(folder / "work").iterdir(), folder / "denoiser.safetensors"]:
        path.unlink()
    edit("steps: 9", "steps: 8")
    training = Training("denoiser", chosen_for("denoiser", folder), folder / "work")
    batches = Batches(training.recipe, sources(chosen_for("denoiser", folder)))
    while training.step < 4:
        training.descend(batches[training.step])
    training.save()
    edit("steps: 8", "steps: 9")
    assert train("denoiser", folder).read_bytes() == expected


def test_recipe_may_not_become_longer_afterwards(folder, edit):
    train("denoiser", folder)
    edit("steps: 8", "steps: 9")
    with pytest.raises(ValueError, match="another architecture or recipe"):
        train("denoiser", folder)


def test_second_process_is_kept_out(folder):
    with (
        FileLock(folder / "work" / "denoiser.lock"),
        pytest.raises(ValueError, match=r"holds .*denoiser\.lock"),
    ):
        train("denoiser", folder)


def test_log_has_a_row_now_and_then(folder, monkeypatch):
    monkeypatch.setattr(denoising, "LOG_EVERY", 4)
    train("denoiser", folder)
    with open(folder / "work" / "denoiser.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["4", "8"]
    # A noise of 25 is 20.2 dB, which no eight steps change much.
    assert all(19 < float(row[2]) < 22 for row in rows)


def test_psnr_is_the_mean_over_pictures():
    clean = torch.zeros(2, 3, 4, 4)
    found = torch.stack([clean[0] + 255, clean[0] + 25.5])
    assert psnr(clean, found) == pytest.approx(10)  # 0 dB and 20 dB
