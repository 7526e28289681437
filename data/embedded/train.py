"""Train one of the embedded networks: `python -m data.embedded.train caffenet`.

Goes on from its last checkpoint (`work/<name>.pt`, written every few minutes), with the
same batches as if it had never stopped. Writes `work/<name>.safetensors`: the network
with batch norm, for `fold`.
"""

import argparse
import csv
import time
from math import ceil
from pathlib import Path
from typing import Any

import torch
from ruamel.yaml import YAML
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from data.embedded.networks import NAMES, Trainable, network
from data.embedded.pictures import load, varied
from stages.execution.device import prepare

HERE = Path(__file__).parent
WORK = HERE / "work"
CHECKPOINT_EVERY = 200  # steps: one to two minutes on two cores


def settings(name: str) -> dict[str, Any]:
    """Return `architecture` and `recipe` of a network, and where the pictures are."""
    params = YAML(typ="safe", pure=True).load((HERE / "params.yaml").read_text())
    return {**params[name], "pictures": HERE / params["pictures"]}


def rate_at(progress: float) -> float:
    """Return the share of the highest rate: up for 15 % of the steps, cosine down.

    Smith & Topin, "Super-convergence" (arXiv:1708.07120).
    """
    if progress < 0.15:
        return max(progress / 0.15, 0.04)
    swing = torch.cos(torch.tensor(torch.pi * (progress - 0.15) / 0.85))
    return float(0.5 + 0.5 * swing)


def epoch_sides(recipe: dict[str, Any]) -> list[int]:
    """Return the side of the images of every epoch."""
    return [side for epochs, side in recipe["stages"] for _ in range(epochs)]


def order(recipe: dict[str, Any], epoch: int, n: int) -> Tensor:
    """Return the order of the pictures in an epoch."""
    generator = torch.Generator().manual_seed(1000 * recipe["seed"] + epoch)
    return torch.randperm(n, generator=generator)


class Training:
    """A network, its optimiser and how far they are."""

    def __init__(self, name: str, architecture: dict[str, Any], recipe: dict[str, Any]):
        self.name, self.recipe, self.step = name, recipe, 0
        self.network = Trainable(network(name, architecture), recipe["dropout"])
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
        }
        part = WORK / f"{self.name}.pt.part"
        torch.save(state, part)
        part.replace(WORK / f"{self.name}.pt")

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        path = WORK / f"{self.name}.pt"
        if path.exists():
            state = torch.load(path, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = state["step"]

    def descend(self, images: Tensor, labels: Tensor, progress: float) -> float:
        """Take one step and return the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe["rate"] * rate_at(progress)
        loss = cross_entropy(
            self.network(images), labels, label_smoothing=self.recipe["label_smoothing"]
        )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())


def accuracy(network: torch.nn.Module, pictures: Tensor, labels: Tensor) -> float:
    """Return the share of pictures whose highest score is their label's."""
    network.eval()
    with torch.no_grad():
        found = [network(part.float()).argmax(1) for part in pictures.split(250)]
    network.train()
    return float((torch.cat(found) == labels).float().mean())


def train(name: str) -> Trainable:
    """Train to the end of the recipe, from the last checkpoint on."""
    chosen = settings(name)
    recipe = chosen["recipe"]
    training = Training(name, chosen["architecture"], recipe)
    training.resume()
    pictures, labels = load(chosen["pictures"], "train-*.parquet")
    held_out = load(chosen["pictures"], "val.parquet")
    sides, per_epoch = epoch_sides(recipe), ceil(len(labels) / recipe["batch"])
    bar = tqdm(total=len(sides) * per_epoch, initial=training.step, mininterval=30)
    while training.step < bar.total:
        epoch, at = divmod(training.step, per_epoch)
        chosen_rows = order(recipe, epoch, len(labels)).split(recipe["batch"])[at]
        generator = torch.Generator().manual_seed(
            recipe["seed"] * 10**6 + training.step
        )
        images = varied(pictures[chosen_rows], sides[epoch], recipe["shift"], generator)
        loss = training.descend(images, labels[chosen_rows], training.step / bar.total)
        bar.update()
        if training.step % CHECKPOINT_EVERY == 0 or at == per_epoch - 1:
            training.save()
        if at == per_epoch - 1:
            _record(name, epoch, loss, accuracy(training.network, *held_out))
    return training.network


def _groups(network: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return the weights, which decay, and the scales and shifts, which do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    weights = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    return [
        {"params": weights, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _record(name: str, epoch: int, loss: float, top1: float) -> None:
    with open(WORK / f"{name}.csv", "a", newline="") as file:
        csv.writer(file).writerow(
            [epoch + 1, f"{loss:.3f}", f"{top1:.4f}", time.ctime()]
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    name = parser.parse_args().name
    WORK.mkdir(exist_ok=True)
    prepare("cpu")
    save_file(train(name).state_dict(), WORK / f"{name}.safetensors")
