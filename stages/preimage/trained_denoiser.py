"""Trained denoisers out of their files, each made and placed once a process."""

from functools import cache

import torch

from stages.preimage.denoiser import Denoiser
from stages.representations.definition import WeightsFile


@cache
def trained(
    file: WeightsFile, device: torch.device, precision: torch.dtype = torch.float32
) -> Denoiser:
    """Return the denoiser in the file, whose metadata say how it is built."""
    network = Denoiser(**file.architecture())
    network.load_state_dict(file.tensors())
    network.requires_grad_(False).eval()
    placed: Denoiser = network.to(device=device, dtype=precision)
    return placed.to(memory_format=torch.channels_last)
