"""Trained denoisers out of their files, each made and placed once a process."""

from functools import cache

import torch

from stages.preimage.denoiser import Denoiser
from stages.representations.definition import WeightsFile

# Letters of a reader's own message that are told.
REASON = 200


@cache
def trained(
    file: WeightsFile, device: torch.device, precision: torch.dtype = torch.float32
) -> Denoiser:
    """Return the denoiser in the file, whose metadata say how it is built.

    Raises ValueError if the file holds no denoiser, or numbers that are not finite.
    """
    network = _read(file)
    network.requires_grad_(False).eval()
    placed: Denoiser = network.to(device=device, dtype=precision)
    return placed.to(memory_format=torch.channels_last)


def _read(file: WeightsFile) -> Denoiser:
    try:
        network = Denoiser(**file.architecture())
        network.load_state_dict(file.tensors())
    # Whatever a file that is damaged, or of something else, makes readers raise.
    except Exception as error:
        reason = " ".join(f"{error}".split())[:REASON]
        raise ValueError(
            f"{file.path} holds no denoiser as data.embedded.denoising writes them "
            f"({type(error).__name__}: {reason})"
        ) from error
    if not all(bool(torch.isfinite(w).all()) for w in network.parameters()):
        raise ValueError(f"{file.path} has weights that are not finite")
    return network
