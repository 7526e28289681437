import csv

import pytest
import torch
from filelock import FileLock

from data.embedded import train as training_module
from data.embedded import weights
from data.embedded.networks import NAMES
from data.embedded.pictures import load
from data.embedded.recipe import settings
from data.embedded.train import Batches, Training, accuracy, train

STEPS = 8  # two epochs of four batches


class Killed(Exception):
    """Stands for a signal that ends the process."""


@pytest.fixture
def kill_at(monkeypatch):
    """Return a function that makes training stop before a step, or never (None)."""
    descend = Training.descend

    def until(step):
        def killed(self, *arguments):
            if self.step == step:
                raise Killed
            return descend(self, *arguments)

        monkeypatch.setattr(Training, "descend", killed)

    return until


def from_scratch(name, folder):
    """Train as a new process does: with torch's generator in its first state."""
    torch.manual_seed(11)
    return weights.read(train(name, folder))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stop", [1, 3, 4, 6])
def test_resumed_training_equals_an_uninterrupted_one_bit_for_bit(
    folder, kill_at, monkeypatch, name, stop
):
    expected, done = from_scratch(name, folder)
    assert done == {"step": "8", "steps": "8"}
    for path in (folder / "work").iterdir():
        path.unlink()
    # Checkpoints after steps 2, 4, 6, 8: a training stopped in between goes back.
    monkeypatch.setattr(training_module, "CHECKPOINT_EVERY", 2)
    kill_at(stop)
    with pytest.raises(Killed):
        from_scratch(name, folder)
    assert not (folder / "work" / f"{name}.safetensors").exists()
    kill_at(None)
    # From step 2 on a checkpoint holds the state of dropout's generator; before, a
    # process starts as the first one did.
    torch.manual_seed(11 if stop < 2 else 99)
    found, done = weights.read(train(name, folder))
    assert done == {"step": "8", "steps": "8"}
    assert set(found) == set(expected)
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_checkpoint_of_the_first_form_is_taken_up(folder):
    chosen = settings("judge", folder)
    training = Training("judge", chosen, folder / "work")
    batches = Batches(chosen["recipe"], *load(chosen["pictures"], "train-*.parquet"))
    for step in range(3):
        training.descend(*batches[step], step / STEPS)
    old = {
        "step": training.step,
        "network": training.network.state_dict(),
        "optimiser": training.optimiser.state_dict(),
    }
    torch.save(old, folder / "work" / "judge.pt")
    other = Training("judge", chosen, folder / "work")
    other.resume()
    assert other.step == 3
    losses = [t.descend(*batches[3], 3 / STEPS) for t in (training, other)]
    assert losses[0] == losses[1]
    state, resumed = training.network.state_dict(), other.network.state_dict()
    assert all(torch.equal(state[key], resumed[key]) for key in state)


def test_finished_training_only_writes_its_network_again(folder, kill_at):
    path = train("judge", folder)
    before = path.read_bytes()
    path.unlink()
    kill_at(STEPS)
    assert train("judge", folder).read_bytes() == before


def test_checkpoint_of_another_recipe_is_refused(folder, edit):
    train("judge", folder)
    edit("rate: 0.05", "rate: 0.06")
    with pytest.raises(ValueError, match=r"judge\.pt was trained with another .*dele"):
        train("judge", folder)


def test_second_process_is_kept_out(folder):
    with (
        FileLock(folder / "work" / "judge.lock"),
        pytest.raises(ValueError, match=r"holds .*judge\.lock"),
    ):
        train("judge", folder)


def test_log_has_a_row_an_epoch(folder):
    train("caffenet", folder)
    with open(folder / "work" / "caffenet.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["1", "2"]
    assert all(float(row[1]) > 0 and 0 <= float(row[2]) <= 1 for row in rows)


def test_batches_of_an_epoch_hold_every_label_as_often_as_the_pictures(folder):
    chosen = settings("judge", folder)
    pictures, labels = load(chosen["pictures"], "train-*.parquet")
    batches = Batches(chosen["recipe"], pictures, labels)
    assert len(batches) == STEPS
    parts = [batches[step] for step in range(4)]
    assert [len(images) for images, _ in parts] == [8, 8, 8, 5]
    assert {images.shape[2] for images, _ in parts} == {48}
    assert batches[4][0].shape[2] == 64
    seen = torch.cat([labels for _, labels in parts])
    assert seen.bincount().tolist() == labels.bincount().tolist()


def test_pictures_are_varied_anew_at_every_step(folder):
    chosen = settings("judge", folder)
    recipe = {**chosen["recipe"], "stages": [[2, 64]]}
    pictures, labels = load(chosen["pictures"], "val.parquet")
    alike = Batches(recipe, pictures[:1].expand(16, 3, 64, 64), labels[:1].expand(16))
    steps = [alike[step][0] for step in range(4)]
    assert torch.equal(alike[2][0], steps[2])
    for first in range(4):
        for second in range(first):
            assert not torch.equal(steps[first], steps[second])


def test_pictures_and_their_labels_stay_together(folder):
    chosen = settings("judge", folder)
    recipe = {**chosen["recipe"], "stages": [[1, 64]]}
    pictures, labels = load(chosen["pictures"], "train-*.parquet")
    images, found = Batches(recipe, pictures, labels)[0]
    # Brightness is the class: 50 + 50 * label.
    brightness = images.mean(dim=(1, 2, 3))
    assert ((brightness - 50) / 50).round().tolist() == found.tolist()


def test_first_step_is_that_of_the_formula(folder):
    chosen = settings("judge", folder)
    training = Training("judge", chosen, folder / "work")
    batches = Batches(chosen["recipe"], *load(chosen["pictures"], "train-*.parquet"))
    weight = training.network.plain.classify.weight
    before = weight.detach().clone()
    training.descend(*batches[0], 0.0)
    # Nesterov's first step: (1 + momentum) * rate * 0.04 * (gradient + decay * weight).
    slope = weight.grad + 5e-4 * before
    expected = before - 1.9 * 0.05 * 0.04 * slope
    torch.testing.assert_close(weight.detach(), expected)
    assert weight.grad.abs().max() > 0


def test_scales_and_shifts_do_not_decay(folder):
    training = Training("caffenet", settings("caffenet", folder), folder / "work")
    decaying, others = training.optimiser.param_groups
    assert (decaying["weight_decay"], others["weight_decay"]) == (5e-4, 0)
    assert {p.ndim for p in decaying["params"]} == {4}
    assert {p.ndim for p in others["params"]} == {1}
    n_parameters = len(list(training.network.parameters()))
    assert len(decaying["params"]) + len(others["params"]) == n_parameters


def test_accuracy_is_the_share_of_right_labels_and_uses_running_means():
    class Table(torch.nn.Module):
        def forward(self, images):
            assert not self.training
            return images[:, 0, 0, :3]

    pictures = torch.zeros(4, 3, 3, 3, dtype=torch.uint8)
    for row, highest in enumerate([0, 1, 2, 2]):
        pictures[row, 0, 0, highest] = 9
    network = Table()
    assert accuracy(network, pictures, torch.tensor([0, 1, 2, 0])) == 0.75
    assert network.training


def test_a_recipe_may_split_the_streams(folder):
    chosen = settings("caffenet", folder)
    chosen["recipe"]["split_streams"] = True
    training = Training("caffenet", chosen, folder / "work")
    weight = training.network.stack.conv1.weight.detach()
    assert weight[: len(weight) // 2].std(dim=1).max() < 1e-6
    assert weight[len(weight) // 2 :].mean(dim=1).abs().max() < 1e-6
