"""Train an embedded denoiser: `python -m data.embedded.denoising denoiser`.

Goes on from its last checkpoint (`work/<name>.pt`, written every minute) and ends with
the same weights as if it had never stopped: every step draws its pictures and its noise
from a generator of its own. It runs on a GPU if there is one, which draws and rounds
otherwise than a CPU. The weights that are written are a running average of those that
were trained. `work/<name>.csv` is its log: step, mean loss, PSNR of held-out
thumbnails at a noise of 25 grey levels, time.
"""

import argparse
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
from data.embedded.denoiser_training import Training
from data.embedded.noisy_pictures import CPU, Batches, sources
from data.embedded.pictures import load
from data.embedded.recipe import HERE, settings
from stages.execution.device import prepare

NAMES = ("denoiser",)
CHECKPOINT_EVERY = 60.0  # seconds
LOG_EVERY = 500  # steps
LOGGED_NOISE = 25.0


def chosen_for(name: str, folder: Path = HERE) -> dict[str, Any]:
    """Return a denoiser's settings, with the folder of the photographs as a path.

    Raises KeyError if there is no network of this name.
    """
    chosen = settings(name, folder)
    return {**chosen, "photographs": folder / chosen["photographs"]}


def psnr(clean: Tensor, found: Tensor) -> float:
    """Return the mean over pictures of 10 log10(255^2 / mean squared error), in dB."""
    error = (found - clean).double().square().mean(dim=(1, 2, 3))
    return float((10 * torch.log10(255**2 / error)).mean())


def train(name: str, folder: Path = HERE, device: torch.device = CPU) -> Path:
    """Train to the end of the recipe, from the last checkpoint on, and write the file.

    `folder` holds params.yaml and `work`. Raises ValueError if the checkpoint has other
    settings, or if another process trains this network.
    """
    chosen, work = chosen_for(name, folder), folder / "work"
    work.mkdir(exist_ok=True)
    held_out = load(chosen["pictures"], "val.parquet")[0][:250].float()
    batches = Batches(chosen["recipe"], sources(chosen), device)
    training = Training(name, chosen, work, device)
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
            loss = float(torch.stack(losses).mean())
            _record(training, loss, held_out, log)
            losses.clear()
        if time.monotonic() - saved > CHECKPOINT_EVERY:
            training.save()
            saved = time.monotonic()
    bar.close()


def _record(training: Training, loss: float, held_out: Tensor, log: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(held_out.shape, generator=generator) * LOGGED_NOISE
    noisy = (held_out + noise).to(training.device)
    sigma = torch.full((len(held_out),), LOGGED_NOISE, device=training.device)
    with torch.no_grad():
        reached = psnr(held_out, training.average(noisy, sigma).cpu())
    row = [training.step, f"{loss:.4f}", f"{reached:.3f}", time.ctime()]
    with open(log, "a", newline="") as file:
        csv.writer(file).writerow(row)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda")
    parser.add_argument("--threads", type=int, help="by default one a core")
    arguments = parser.parse_args()
    on = prepare(arguments.device, arguments.threads)
    train(arguments.name, device=on)
