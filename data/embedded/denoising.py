"""Train an embedded denoiser: `python -m data.embedded.denoising denoiser`.

Goes on from its last checkpoint (`work/<name>.pt`, written every minute) and ends with
the same weights as if it had never stopped: every step draws its pictures and its noise
from a generator of its own. The weights that are written are a running average of
those that were trained. `work/<name>.csv` is its log: step, mean loss, PSNR of held-out
thumbnails at a noise of 25 grey levels, time.
"""

import argparse
import copy
import csv
import json
import time
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor
from tqdm import tqdm

from data.embedded import weights
from data.embedded.noisy_pictures import Crops, Noisy, at_sides, photographs, with_noise
from data.embedded.pictures import load
from data.embedded.recipe import HERE, settings
from stages.execution.device import prepare
from stages.preimage.denoiser import Denoiser

NAMES = ("denoiser",)
CHECKPOINT_EVERY = 60.0  # seconds
LOG_EVERY = 500  # steps
LOGGED_NOISE = 25.0


class Batches:
    """The batches of a recipe by step: thumbnails and photographs in turn."""

    def __init__(self, recipe: dict[str, Any], sources: list[Crops]) -> None:
        self.recipe, self.sources = recipe, sources

    def __len__(self) -> int:
        return int(self.recipe["steps"])

    def __getitem__(self, step: int) -> Noisy:
        """Return the clean and noisy pictures of a step, counted from 0."""
        seed = self.recipe["seed"] * 10**6 + step
        generator = torch.Generator().manual_seed(seed)
        source = self.sources[step % len(self.sources)]
        return with_noise(source.draw(generator), self.recipe, generator)


def chosen_for(name: str, folder: Path = HERE) -> dict[str, Any]:
    """Return a denoiser's settings, with the folder of the photographs as a path.

    Raises KeyError if there is no network of this name.
    """
    chosen = settings(name, folder)
    return {**chosen, "photographs": folder / chosen["photographs"]}


def sources(chosen: dict[str, Any]) -> list[Crops]:
    """Return both sources of a recipe; raises FileNotFoundError if one is absent."""
    small, large = (chosen["recipe"][name] for name in ("thumbnails", "photographs"))
    thumbnails, _ = load(chosen["pictures"], small["files"])
    pictures = photographs(chosen["photographs"], fitting=True)
    return [
        Crops(thumbnails, small["crop"], small["batch"]),
        Crops(at_sides(pictures, large["sides"]), large["crop"], large["batch"]),
    ]


class Training:
    """A denoiser, its average, its optimiser and how far they are, in `<name>.pt`."""

    def __init__(self, name: str, chosen: dict[str, Any], folder: Path) -> None:
        self.recipe, self.step = chosen["recipe"], 0
        self.chosen = {key: chosen[key] for key in ("architecture", "recipe")}
        self.checkpoint = folder / f"{name}.pt"
        torch.manual_seed(self.recipe["seed"])
        self.network = Denoiser(**chosen["architecture"]).requires_grad_(True)
        self.network.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimiser = torch.optim.Adam(self.network.parameters(), betas=(0.9, 0.99))

    def save(self) -> None:
        """Write a checkpoint in place of the last one."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "chosen": self.chosen,
        }
        part = self.checkpoint.with_name(f"{self.checkpoint.name}.part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one.

        It may be of a recipe of more or fewer steps, as long as neither cools down yet:
        up to there they are the same. Raises ValueError if it was made with another
        architecture or recipe.
        """
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        if not _same_so_far(state["chosen"], self.chosen, state["step"]):
            raise ValueError(
                f"{self.checkpoint} was trained with another architecture or recipe "
                "than params.yaml has: put those back to go on, or delete it to start "
                "again."
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]

    def descend(self, batch: Noisy) -> float:
        """Take one step and return the loss, the squared error over the noise level.

        A good denoiser's squared error grows about as its noise does: so weighted,
        every level has about as much to say.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe["rate"] * self._share_of_rate()
        error = (self.network(batch.noisy, batch.sigma) - batch.clean).square()
        loss = (error.mean(dim=(1, 2, 3)) / batch.sigma).mean()
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.step += 1
        self._take_average()
        return float(loss.detach())

    def _share_of_rate(self) -> float:
        """Return the share of the highest rate: up in a line, level, down in a line."""
        up = (self.step + 1) / self.recipe["warm_up"]
        down = (self.recipe["steps"] - self.step) / self.recipe["cool_down"]
        return float(min(up, down, 1.0))

    @torch.no_grad()
    def _take_average(self) -> None:
        # The first steps would linger in a long average: it grows with the training.
        keep = min(self.recipe["average"], self.step / (self.step + 10))
        pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
        for mean, value in pairs:
            mean.lerp_(value, 1 - keep)


def _same_so_far(one: dict[str, Any], other: dict[str, Any], step: int) -> bool:
    """Return whether two recipes have done the same up to this step."""
    level = [c["recipe"]["steps"] - c["recipe"]["cool_down"] for c in (one, other)]
    if step > min(level):
        return one == other
    recipes = [{**c["recipe"], "steps": None} for c in (one, other)]
    return one["architecture"] == other["architecture"] and recipes[0] == recipes[1]


def psnr(clean: Tensor, found: Tensor) -> float:
    """Return the mean over pictures of 10 log10(255^2 / mean squared error), in dB."""
    error = (found - clean).double().square().mean(dim=(1, 2, 3))
    return float((10 * torch.log10(255**2 / error)).mean())


def train(name: str, folder: Path = HERE) -> Path:
    """Train to the end of the recipe, from the last checkpoint on, and write the file.

    `folder` holds params.yaml and `work`. Raises ValueError if the checkpoint has other
    settings, or if another process trains this network.
    """
    chosen, work = chosen_for(name, folder), folder / "work"
    work.mkdir(exist_ok=True)
    held_out = load(chosen["pictures"], "val.parquet")[0][:250].float()
    batches = Batches(chosen["recipe"], sources(chosen))
    training = Training(name, chosen, work)
    try:
        with FileLock(work / f"{name}.lock", timeout=0):
            training.resume()
            _run(training, batches, held_out, work / f"{name}.csv")
            training.save()
    except Timeout as held:
        raise ValueError(
            f"Another process holds {held.lock_file}: it trains this network."
        ) from None
    path = folder / f"{name}.safetensors"
    export(training, path)
    return path


def export(training: Training, path: Path) -> None:
    """Write the averaged weights, with the architecture and how far they were trained.

    Nothing in the file depends on when or how fast it was made.
    """
    metadata = {
        "architecture": json.dumps(training.chosen["architecture"]),
        "recipe": json.dumps(training.recipe),
        "step": str(training.step),
    }
    weights.write(path, training.average.state_dict(), metadata)


def _run(training: Training, batches: Batches, held_out: Tensor, log: Path) -> None:
    saved, losses = time.monotonic(), []
    bar = tqdm(total=len(batches), initial=training.step, mininterval=30)
    while training.step < len(batches):
        losses.append(training.descend(batches[training.step]))
        bar.update()
        if training.step % LOG_EVERY == 0:
            _record(training, sum(losses) / len(losses), held_out, log)
            losses.clear()
        if time.monotonic() - saved > CHECKPOINT_EVERY:
            training.save()
            saved = time.monotonic()
    bar.close()


def _record(training: Training, loss: float, held_out: Tensor, log: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(held_out.shape, generator=generator) * LOGGED_NOISE
    sigma = torch.full((len(held_out),), LOGGED_NOISE)
    with torch.no_grad():
        reached = psnr(held_out, training.average(held_out + noise, sigma))
    row = [training.step, f"{loss:.4f}", f"{reached:.3f}", time.ctime()]
    with open(log, "a", newline="") as file:
        csv.writer(file).writerow(row)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--threads", type=int, help="by default one a core")
    arguments = parser.parse_args()
    prepare("cpu", arguments.threads)
    train(arguments.name)
