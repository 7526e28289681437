"""Train one of the embedded networks: `python -m data.embedded.train caffenet`.

Goes on from its last checkpoint (`work/<name>.pt`, written every few minutes) and ends
with the same weights as if it had never stopped. Writes `work/<name>.safetensors`: the
network with batch norm, for `fold`. Pictures are drawn from the recipe's seed; dropout
draws from torch's generator as a new process finds it. `work/<name>.csv` is its log:
epoch, last loss, top-1 accuracy on the held-out pictures, time.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from data.embedded import checkpoint, weights
from data.embedded.networks import NAMES, Trainable, network, split_streams
from data.embedded.pictures import load, varied
from data.embedded.recipe import (
    HERE,
    epoch_sides,
    order,
    rate_at,
    settings,
    steps_an_epoch,
    total_steps,
)
from stages.execution.device import prepare
from stages.representations.caffenet import CaffeNet

CHECKPOINT_EVERY = 200  # steps: one to two minutes on two cores


class Batches:
    """The batches of a recipe by step: the same wherever the training was stopped."""

    def __init__(self, recipe: dict[str, Any], pictures: Tensor, labels: Tensor):
        self.recipe, self.pictures, self.labels = recipe, pictures, labels
        self.sides = epoch_sides(recipe)
        self.per_epoch = steps_an_epoch(recipe, len(labels))

    def __len__(self) -> int:
        return total_steps(self.recipe, len(self.labels))

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the images and labels of a step, counted from 0."""
        epoch, at = divmod(step, self.per_epoch)
        recipe = self.recipe
        shuffled = order(recipe, epoch, len(self.labels))
        rows = torch.split(shuffled, recipe["batch"])[at]
        generator = torch.Generator().manual_seed(recipe["seed"] * 10**6 + step)
        side, shift = self.sides[epoch], recipe["shift"]
        return varied(self.pictures[rows], side, shift, generator), self.labels[rows]


class Training:
    """A network, its optimiser and how far they are, kept in `<name>.pt` of a folder.

    `chosen` holds the `architecture` and the `recipe`.
    """

    def __init__(self, name: str, chosen: dict[str, Any], folder: Path) -> None:
        recipe = chosen["recipe"]
        self.recipe, self.step = recipe, 0
        self.chosen = {key: chosen[key] for key in ("architecture", "recipe")}
        self.checkpoint = folder / f"{name}.pt"
        plain = network(name, chosen["architecture"])
        if isinstance(plain, CaffeNet) and recipe.get("split_streams"):
            split_streams(plain)
        self.network = Trainable(plain, recipe["dropout"])
        self.network.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.SGD(
            _groups(self.network, recipe["weight_decay"]),
            lr=recipe["rate"],
            momentum=recipe["momentum"],
            nesterov=True,
        )

    def save(self) -> None:
        """Write a checkpoint in place of the last one."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "chosen": self.chosen,
        }
        checkpoint.write(self.checkpoint, state)

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one.

        Raises ValueError if it was made with another architecture or recipe.
        """
        state = checkpoint.read(self.checkpoint, self._fits)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]
        if "random" in state:
            torch.set_rng_state(state["random"])

    def _fits(self, state: checkpoint.State) -> bool:
        # The first checkpoints held neither `chosen` nor `random`, dropout's generator.
        return bool(state.get("chosen", self.chosen) == self.chosen)

    def descend(self, images: Tensor, labels: Tensor, progress: float) -> float:
        """Take one step and return the loss; `progress` in 0..1 sets the rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe["rate"] * rate_at(progress)
        loss = cross_entropy(
            self.network(images), labels, label_smoothing=self.recipe["label_smoothing"]
        )
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())


def accuracy(network: torch.nn.Module, pictures: Tensor, labels: Tensor) -> float:
    """Return the share of pictures whose highest score is their label's, in 0..1."""
    network.eval()
    with torch.no_grad():
        parts = torch.split(pictures, 250)
        found = [network(part.float()).argmax(1) for part in parts]
    network.train()
    return float((torch.cat(found) == labels).float().mean())


def train(name: str, folder: Path = HERE) -> Path:
    """Train to the end of the recipe, from the last checkpoint on.

    Return the file of the network with batch norm. `folder` holds params.yaml and
    `work`. Raises ValueError if the checkpoint has other settings, or if another
    process trains this network.
    """
    chosen, work = settings(name, folder), folder / "work"
    training = Training(name, chosen, work)
    batches = Batches(chosen["recipe"], *load(chosen["pictures"], "train-*.parquet"))
    held_out = load(chosen["pictures"], "val.parquet")
    with _locked(work / f"{name}.lock"):
        training.resume()
        for epoch, loss in _epochs(training, batches):
            top1 = accuracy(training.network, *held_out)
            _record(work / f"{name}.csv", epoch, loss, top1)
    path = work / f"{name}.safetensors"
    done = {"step": str(training.step), "steps": str(len(batches))}
    weights.write(path, training.network.state_dict(), done)
    return path


def _epochs(training: Training, batches: Batches) -> Iterator[tuple[int, float]]:
    """Train; give the number and the last loss of each epoch when it ends."""
    bar = tqdm(total=len(batches), initial=training.step, mininterval=30)
    while training.step < len(batches):
        progress = training.step / len(batches)
        loss = training.descend(*batches[training.step], progress)
        bar.update()
        epoch, since = divmod(training.step, batches.per_epoch)
        if since == 0 or training.step % CHECKPOINT_EVERY == 0:
            training.save()
        if since == 0:
            yield epoch, loss
    bar.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep a second process from training the same network into the same files."""
    path.parent.mkdir(exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"Another process holds {path}: it trains this network."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _groups(network: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return the weights, which decay, and the scales and shifts, which do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    decaying = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    return [
        {"params": decaying, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _record(path: Path, epoch: int, loss: float, top1: float) -> None:
    with open(path, "a", newline="") as file:
        csv.writer(file).writerow([epoch, f"{loss:.3f}", f"{top1:.4f}", time.ctime()])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    chosen_name = parser.parse_args().name
    prepare("cpu")
    train(chosen_name)
