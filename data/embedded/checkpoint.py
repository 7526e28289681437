"""The checkpoint of a training: one file, written at once, for its settings alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from stages.store.files import replacing

State = dict[str, Any]


def write(path: Path, state: State) -> None:
    """Write a checkpoint in place of the last one; a reader never sees half of it."""
    with replacing(path) as temporary:
        torch.save(state, temporary)


def read(
    path: Path, fits: Callable[[State], bool], device: torch.device | None = None
) -> State | None:
    """Return the last checkpoint, its tensors on the device, or None if there is none.

    Raises ValueError if it does not fit: made with another architecture or recipe.
    """
    if not path.exists():
        return None
    state: State = torch.load(path, device, weights_only=True)
    if not fits(state):
        raise ValueError(
            f"{path} was trained with another architecture or recipe than params.yaml "
            "has: put those back to go on, or delete it to start again."
        )
    return state
