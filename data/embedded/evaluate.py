"""Measure a network and write its card: `python -m data.embedded.evaluate judge`.

Reads `<name>.safetensors` into the plain network, as users do, and the held-out
pictures. Writes `<name>.json`, the figures, and `<name>.md`, the model card, which has
no figure of its own.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.embedded import weights
from data.embedded.card import card
from data.embedded.fold import n_training_pictures
from data.embedded.networks import NAMES, network
from data.embedded.pictures import load
from data.embedded.recipe import HERE, settings
from stages.execution.device import prepare
from stages.metrics.judge import Judge
from stages.representations.caffenet import CaffeNet
from stages.store.files import replacing

Figures = dict[str, Any]


def shipped(name: str, folder: Path = HERE) -> tuple[CaffeNet | Judge, dict[str, str]]:
    """Return the network with its shipped weights, and what their file says of them.

    Raises FileNotFoundError if there is none, RuntimeError if the weights do not fit.
    """
    tensors, metadata = weights.read(folder / f"{name}.safetensors")
    plain = network(name, json.loads(metadata["architecture"]))
    plain.load_state_dict(tensors)
    return plain, metadata


class RootMeanSquares:
    """The root mean square of every picture's code, layer by layer, as they pass."""

    def __init__(self, stack: nn.Sequential) -> None:
        self._of_layer: dict[str, list[Tensor]] = {}
        for name, module in stack.named_children():
            module.register_forward_hook(partial(self._note, name))

    def _note(self, name: str, module: nn.Module, inputs: Any, codes: Tensor) -> None:
        values = codes.square().mean(dim=(1, 2, 3)).sqrt()
        self._of_layer.setdefault(name, []).append(values)

    def mean(self) -> dict[str, float]:
        """Return the mean over all pictures so far, 4 significant digits."""
        found = {name: torch.cat(parts) for name, parts in self._of_layer.items()}
        return {name: _rounded(values.mean()) for name, values in found.items()}


def accuracies(plain: nn.Module, pictures: Tensor, labels: Tensor) -> Figures:
    """Return the share of pictures whose label is the first, or in the first five."""
    hits = []
    batches = zip(torch.split(pictures, 250), torch.split(labels, 250), strict=True)
    with torch.no_grad():
        for part, wanted in batches:
            scores = plain(part.float()).flatten(1)
            ranked = scores.topk(min(5, scores.shape[1])).indices
            hits.append(ranked == wanted[:, None])
    hit = torch.cat(hits).double()
    top1, top5 = hit[:, 0].mean(), hit.sum(dim=1).mean()
    return {"top1": round(float(top1), 4), "top5": round(float(top5), 4)}


def achromatic_halves(filters: Tensor) -> tuple[float, float]:
    """Return the share of grey in the filters `k 3 h w`, mean of each half.

    The share of a filter's energy along the grey axis (1, 1, 1): 1 if it ignores
    colour, 0 if it sees nothing else, 1/3 for random filters.
    """
    grey = filters.double().sum(dim=1).square().sum(dim=(1, 2)) / 3
    share = grey / filters.double().square().sum(dim=(1, 2, 3))
    first, second = share.chunk(2)
    return _rounded(first.mean()), _rounded(second.mean())


def figures(name: str, folder: Path = HERE) -> Figures:
    """Return all that is measured of the shipped network."""
    plain, metadata = shipped(name, folder)
    path, source = folder / f"{name}.safetensors", settings(name, folder)["pictures"]
    pictures, labels = load(source, "val.parquet")
    rms = RootMeanSquares(plain.stack)
    found: Figures = {
        **accuracies(plain, pictures, labels),
        "n_val": len(labels),
        "n_train": n_training_pictures(source),
        "n_parameters": sum(tensor.numel() for tensor in plain.parameters()),
        "bytes": path.stat().st_size,
        "sha256": weights.sha256(path),
        **{key: json.loads(metadata[key]) for key in ("finished", "step", "steps")},
    }
    if isinstance(plain, CaffeNet):
        filters = plain.stack.get_parameter("conv1.weight")
        halves = achromatic_halves(filters)
        found |= zip(("grey_first_half", "grey_second_half"), halves, strict=True)
    return {**found, "rms": rms.mean()}


def evaluate(name: str, folder: Path = HERE) -> Figures:
    """Write the figures and the card, and return the figures.

    Raises ValueError if params.yaml has another architecture than the weights.
    """
    plain, metadata = shipped(name, folder)
    chosen = settings(name, folder)
    if json.loads(metadata["architecture"]) != chosen["architecture"]:
        raise ValueError(
            f"{name}.safetensors has another architecture than params.yaml: fold it "
            f"again with `python -m data.embedded.fold {name}`."
        )
    found = figures(name, folder)
    _write(folder / f"{name}.json", json.dumps(found, indent=2) + "\n")
    _write(folder / f"{name}.md", card(name, plain, chosen, found))
    return found


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _rounded(value: Tensor) -> float:
    return float(f"{float(value):.4g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    chosen_name = parser.parse_args().name
    prepare("cpu")
    evaluate(chosen_name)
