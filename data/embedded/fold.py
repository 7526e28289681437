"""Fold a trained network's batch norm away: `python -m data.embedded.fold caffenet`.

Reads `work/<name>.safetensors`, or with `--checkpoint` the last checkpoint of a
training that still runs. Writes `<name>.safetensors`: the plain network in float32,
which `evaluate` measures and the project ships. Its metadata name the network, its
architecture in JSON, and how many steps of how many it was trained for.
"""

import argparse
import json
from pathlib import Path

import pyarrow.parquet as pq
import torch
from torch import Tensor

from data.embedded import weights
from data.embedded.networks import NAMES, Trainable, fold, network
from data.embedded.recipe import HERE, settings, total_steps


def fold_file(name: str, folder: Path = HERE, *, checkpoint: bool = False) -> Path:
    """Write the plain network and return its file.

    `folder` holds params.yaml and `work`. Raises FileNotFoundError if nothing has been
    trained yet, RuntimeError if what was trained has another architecture than params.
    """
    chosen = settings(name, folder)
    read = _unfinished if checkpoint else _finished
    state, step, steps = read(name, folder)
    plain = network(name, chosen["architecture"])
    trained = Trainable(plain, chosen["recipe"]["dropout"])
    trained.load_state_dict(state)
    path = folder / f"{name}.safetensors"
    folded = {key: tensor.float() for key, tensor in fold(trained).items()}
    metadata = {
        "architecture": json.dumps(chosen["architecture"]),
        "finished": json.dumps(step >= steps),
        "network": name,
        "step": str(step),
        "steps": str(steps),
    }
    weights.write(path, folded, metadata)
    return path


def n_training_pictures(folder: Path) -> int:
    """Return the number of training pictures in a folder of Parquet files."""
    files = folder.glob("train-*.parquet")
    return sum(pq.read_metadata(file).num_rows for file in files)


def _finished(name: str, folder: Path) -> tuple[dict[str, Tensor], int, int]:
    state, done = weights.read(folder / "work" / f"{name}.safetensors")
    return state, int(done["step"]), int(done["steps"])


def _unfinished(name: str, folder: Path) -> tuple[dict[str, Tensor], int, int]:
    chosen = settings(name, folder)
    state = torch.load(folder / "work" / f"{name}.pt", weights_only=True)
    n_pictures = n_training_pictures(chosen["pictures"])
    return state["network"], state["step"], total_steps(chosen["recipe"], n_pictures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--checkpoint", action="store_true", help="fold it half-way")
    arguments = parser.parse_args()
    fold_file(arguments.name, checkpoint=arguments.checkpoint)
