"""What params.yaml says of a network, and the schedules that follow from it."""

from math import ceil
from pathlib import Path
from typing import Any

import torch
from ruamel.yaml import YAML
from torch import Tensor

HERE = Path(__file__).parent


def settings(name: str, folder: Path = HERE) -> dict[str, Any]:
    """Return `architecture`, `recipe` and `goals` of a network, and its `pictures`.

    `pictures` is the folder of the training data, named from params.yaml's own folder.
    Raises KeyError if there is no network of this name.
    """
    params = YAML(typ="safe", pure=True).load((folder / "params.yaml").read_text())
    return {**params[name], "pictures": folder / params["pictures"]}


def rate_at(progress: float) -> float:
    """Return the share of the highest rate: up for 15 % of the steps, cosine down.

    `progress` in 0..1; the share starts at 0.04. Smith & Topin, "Super-convergence"
    (arXiv:1708.07120).
    """
    if progress < 0.15:
        return max(progress / 0.15, 0.04)
    swing = torch.cos(torch.tensor(torch.pi * (progress - 0.15) / 0.85))
    return float(0.5 + 0.5 * swing)


def epoch_sides(recipe: dict[str, Any]) -> list[int]:
    """Return the side of the images of every epoch, in pixels."""
    return [side for epochs, side in recipe["stages"] for _ in range(epochs)]


def steps_an_epoch(recipe: dict[str, Any], n_pictures: int) -> int:
    """Return the number of batches that hold every picture once; the last is short."""
    batch: int = recipe["batch"]
    return ceil(n_pictures / batch)


def total_steps(recipe: dict[str, Any], n_pictures: int) -> int:
    """Return the number of steps from the first to the last of the recipe."""
    return len(epoch_sides(recipe)) * steps_an_epoch(recipe, n_pictures)


def order(recipe: dict[str, Any], epoch: int, n: int) -> Tensor:
    """Return the order of the `n` pictures in an epoch, from a generator of its own."""
    generator = torch.Generator().manual_seed(1000 * recipe["seed"] + epoch)
    return torch.randperm(n, generator=generator)
